import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endInstance, pidAt } from '../process/instance.ts';

/** An HAProxy that was started for a service and is in no record: the daemon was killed in between. */
export interface Orphan {
  readonly pid: number;
  readonly socketPath: string;
  readonly digest: string;
  readonly generation: number;
}

/** Every HAProxy that answers in the folder of sockets. */
export async function findOrphans(
  socketFolder: string,
  knownPids: ReadonlySet<number>,
): Promise<readonly Orphan[]> {
  const names = await readdir(socketFolder).catch(() => []);
  const orphans: Orphan[] = [];
  for (const name of names) {
    const [, digest, generation] = /^([0-9a-f]{12})\.(\d+)\.sock$/.exec(name) ?? [];
    if (digest === undefined || generation === undefined) continue;
    const socketPath = join(socketFolder, name);
    const pid = await pidAt(socketPath);
    if (pid === undefined || knownPids.has(pid)) continue;
    orphans.push({ pid, socketPath, digest, generation: Number(generation) });
  }
  return orphans;
}

export async function endOrphans(orphans: readonly Orphan[]): Promise<void> {
  await Promise.all(orphans.map(({ pid }) => endInstance(pid)));
}
