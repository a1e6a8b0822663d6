import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../../model/json.ts';
import type { Stack } from '../../../model/stack.ts';
import { networkName, volumeName } from '../names.ts';

const order = {
  network: [
    'name',
    'driver',
    'driver_opts',
    'ipam',
    'external',
    'internal',
    'attachable',
    'labels',
    'enable_ipv4',
    'enable_ipv6',
  ],
  volume: ['name', 'driver', 'driver_opts', 'external', 'labels'],
} as const;

/**
 * docker compose's config hash of a network or volume: SHA-256 of its compact JSON, fields in the order of its own
 * structures. It tells a changed element from one that stayed.
 */
export function elementHash(kind: 'network' | 'volume', stack: Stack, key: string): string {
  const element: JsonObject =
    kind === 'network'
      ? { ipam: {}, ...stack.networks[key], name: networkName(stack, key) }
      : { driver: 'local', ...stack.volumes[key], name: volumeName(stack, key) };
  const fields = order[kind].filter((field) => Object.hasOwn(element, field));
  const ordered = Object.fromEntries(fields.map((field) => [field, sorted(field, element[field])]));
  return createHash('sha256').update(goJson(ordered)).digest('hex');
}

/** Go writes the keys of a map in order, those of a structure as they are declared. */
function sorted(field: string, value: Json | undefined): Json | undefined {
  const isMap = field === 'driver_opts' || field === 'labels';
  if (!isMap || value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Go escapes what could end a script element. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
