import { createHash } from 'node:crypto';
import type { NetworkConfig, ServiceConfig, VolumeConfig } from './project.ts';
import { propertyNames } from './schema/kind.ts';
import { service } from './schema/service.ts';

/**
 * docker compose's config hash of a service, 64 hex digits. It leaves out what does not change a container: build, pull
 * policy, number of replicas, dependencies, profiles.
 */
export function serviceHash(config: ServiceConfig): string {
  const {
    build: _build,
    pull_policy: _pullPolicy,
    scale: _scale,
    depends_on: _dependsOn,
    profiles: _profiles,
    deploy,
    ...hashed
  } = config;
  if (deploy === undefined) return hashOf(inFieldOrder(hashed));
  const { replicas: _replicas, ...hashedDeploy } = deploy;
  return hashOf(inFieldOrder({ ...hashed, deploy: hashedDeploy }));
}

/** docker compose's config hash of a network. */
export function networkHash(network: NetworkConfig): string {
  return hashOf(network);
}

/** docker compose's config hash of a volume. */
export function volumeHash(volume: VolumeConfig): string {
  const { name, ...rest } = volume;
  return hashOf({ ...(name !== undefined && { name }), driver: 'local', ...rest });
}

const fieldOrder = propertyNames(service);

/** The service with its fields in the order of docker compose's model, whatever made it. */
function inFieldOrder(fields: ServiceConfig): ServiceConfig {
  const given = fields as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    fieldOrder.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]),
  );
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(goJson(value)).digest('hex');
}

/**
 * JSON to the letter as Go writes it: keys of maps sorted, fields of structures in their own order, and `<`, `>`, `&`
 * and the line separators escaped. Maps are the objects without a prototype.
 */
function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value).replaceAll(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  }
  const fields = Object.entries(value);
  if (Object.getPrototypeOf(value) === null) fields.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([key, field]) => `${goJson(key)}:${goJson(field)}`).join(',')}}`;
}
