import { readFileSync } from 'node:fs';
import type { ServiceSample } from '../../metrics/metrics-source.ts';
import type { Service } from '../../model/service.ts';

/** Bytes that new replicas could have, by the kernel's own estimate; undefined where there is none. Source: proc(5), MemAvailable. */
export function availableMemory(): number | undefined {
  try {
    const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}

/** What one replica may take: its limit, else its reservation, else the most that one is seen to take. */
export function memoryOfReplica({ config }: Service, sample: ServiceSample | undefined): number | undefined {
  const resources = field(field(config, 'deploy'), 'resources');
  const said =
    bytes(field(field(resources, 'limits'), 'memory')) ??
    bytes(field(config, 'mem_limit')) ??
    bytes(field(field(resources, 'reservations'), 'memory')) ??
    bytes(field(config, 'mem_reservation'));
  if (said !== undefined) return said;
  const measured = (sample?.replicas ?? []).flatMap(({ memoryBytes }) => memoryBytes ?? []);
  return measured.length === 0 ? undefined : Math.max(...measured);
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

/** Compose's canonical form of a size: bytes as digits. */
function bytes(value: unknown): number | undefined {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : NaN;
  return Number.isFinite(number) && number > 0 ? number : undefined;
}
