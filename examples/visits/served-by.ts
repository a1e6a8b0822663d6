import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ServedBy {
  readonly hostname: string;
  /** First 12 digits of the container's id; null when this is a local process. */
  readonly container_id: string | null;
  readonly instance: string;
}

export function servedBy(environment: Readonly<Record<string, string | undefined>>): ServedBy {
  const containerId = readContainerId();
  return {
    hostname: hostname(),
    container_id: containerId,
    instance: environment['TENFOLD_INSTANCE'] ?? `visits-${containerId ?? process.pid}`,
  };
}

/** A container is not told its id; but Docker mounts /etc/hostname from a folder that bears it. */
function readContainerId(): string | null {
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    return /\/containers\/([0-9a-f]{12})[0-9a-f]{52}\/hostname /.exec(mounts)?.[1] ?? null;
  } catch {
    return null;
  }
}
