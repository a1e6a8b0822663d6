import type { Clock } from '../../../shared/clock.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import type { ProcessTable } from './process-table.ts';

/** Longest wait for a killed process; only one stuck in the kernel (a dead network disk) takes longer. */
const killTimeoutMs = 10_000;

/** Signals every process of the group. False: nobody is left in it whom we could signal. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch {
    // ESRCH: the group is empty. EPERM: macOS says so when only zombies are left in it.
    return false;
  }
}

/**
 * Kills what is left of the group and returns when nothing of it runs any more. The caller knows that the group is
 * its own: as long as a member lives the kernel gives the number to nobody else.
 *
 * Throws `runtime-failed` when the kernel does not end a killed process.
 */
export async function endGroup(groupId: number, table: ProcessTable, clock: Clock): Promise<void> {
  let waitedMs = 0;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if (!signalGroup(groupId, 'SIGKILL')) return;
    // Zombies whose parent does not look still answer to signals.
    const living = table.all().filter((facts) => facts.groupId === groupId && !facts.isEnded);
    if (living.length === 0) return;
    if (waitedMs >= killTimeoutMs)
      throw new TenfoldError(
        'runtime-failed',
        `process ${living[0]?.pid} does not end although it was killed`,
        {
          hint: 'it waits inside the kernel, for a disk or a network share that does not answer, most likely',
        },
      );
    await clock.sleep(pauseMs);
    waitedMs += pauseMs;
  }
}
