import { readFile } from 'node:fs/promises';
import type { Replica } from '../../../model/replica.ts';
import type { Engine } from '../engine/engine.ts';

const timeoutMs = 5_000;

/**
 * Kills what an exec started. The engine has no request for it, so its process group is killed from here when this
 * host runs it and lets us, else from inside the container by the mark in the processes' environment.
 */
export async function endExec(engine: Engine, replica: Replica, execId: string, mark: string): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { Running, Pid } = await engine.json<{ Running: boolean; Pid: number }>('see a command', {
      method: 'GET',
      path: `/exec/${execId}/json`,
      signal,
    });
    if (!Running || (await killGroup(Pid, replica.id))) return;
    await killMarked(engine, replica.id, mark, signal);
  } catch {
    // The container or the engine is gone, and the command with it; or the image has no shell to do it with.
  }
}

/** Every exec leads a session, so a process group, of its own. */
async function killGroup(pid: number, containerId: string): Promise<boolean> {
  try {
    // The number means this process only if the kernel here knows it as one of that container.
    if (!(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(containerId)) return false;
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** Needs `sh` and `grep` in the image; children have the mark too. */
export async function killMarked(
  engine: Engine,
  containerId: string,
  mark: string,
  signal: AbortSignal,
): Promise<void> {
  const script =
    'for p in /proc/[0-9]*; do grep -q "$0" "$p/environ" 2>/dev/null && kill -9 "${p#/proc/}"; done';
  const { Id: id } = await engine.json<{ Id: string }>('end a command', {
    method: 'POST',
    path: `/containers/${containerId}/exec`,
    body: { Cmd: ['sh', '-c', script, mark], User: '0' },
    signal,
  });
  await engine.send('end a command', {
    method: 'POST',
    path: `/exec/${id}/start`,
    body: { Detach: true },
    signal,
  });
}
