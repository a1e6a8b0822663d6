import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../shared/clock.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import type { MarkedProcess, ProcessTable } from './process-table.ts';

/** Variable that every process of a replica inherits: the id of its record. */
export const recordVariable = 'TENFOLD_RECORD';

/** Marker of a command that runs beside a replica, so that it is never taken for the replica itself. */
export function commandMarker(id: string): string {
  return `${id}/command`;
}

/** Whether the marker is that of the replica's own processes, or of commands that run beside it. */
export function isMarkerOf(id: string, marker: string | undefined): boolean {
  return marker === id || marker === commandMarker(id);
}

/** Longest wait for killed processes. */
const killTimeoutMs = 10_000;

/**
 * Finds and ends processes that left their replica's group and still carry its marker: a browser or a daemon that the
 * program started in a session of its own. One that threw its environment away cannot be found.
 */
export class Leftovers {
  readonly #table: ProcessTable;
  readonly #clock: Clock;
  #scan: Promise<readonly MarkedProcess[]> | undefined;

  constructor(table: ProcessTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Returns when none of the replica's processes is left. Throws `runtime-failed` when the kernel does not end one. */
  async end(id: string): Promise<void> {
    const killed = new Map<number, MarkedProcess>();
    for (let [pauseMs, waitedMs] = [2, 0]; ; waitedMs += pauseMs, pauseMs = Math.min(pauseMs * 2, 100)) {
      const found = (await this.#nextScan()).filter(
        ({ marker, pid }) => isMarkerOf(id, marker) && pid !== process.pid,
      );
      for (const mine of found) {
        kill(mine.pid);
        killed.set(mine.pid, mine);
      }
      // A dying process loses its environment, and with it the marker, before it has ended.
      const living = [...killed.values()].filter((mine) => this.#isAlive(mine));
      if (found.length === 0 && living.length === 0) return;
      if (waitedMs >= killTimeoutMs)
        throw new TenfoldError(
          'runtime-failed',
          `process ${living[0]?.pid} does not end although it was killed`,
          {
            hint: 'it waits inside the kernel, for a disk or a network share that does not answer, most likely',
          },
        );
      await this.#clock.sleep(pauseMs);
    }
  }

  #isAlive({ pid, startToken }: MarkedProcess): boolean {
    const facts = this.#table.factsOf(pid);
    return facts !== undefined && !facts.isEnded && facts.startToken === startToken;
  }

  /** One look at all processes serves everybody who asked before it began. */
  #nextScan(): Promise<readonly MarkedProcess[]> {
    this.#scan ??= setImmediate().then(() => {
      this.#scan = undefined;
      return this.#table.marked(recordVariable);
    });
    return this.#scan;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
