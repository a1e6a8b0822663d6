import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../shared/clock.ts';
import type { MarkedProcess, ProcessTable } from './process-table.ts';

/** Variable that every process of a replica inherits: the id of its record. */
export const recordVariable = 'TENFOLD_RECORD';

/** Marker of a command that runs beside a replica, so that it is never taken for the replica itself. */
export function commandMarker(id: string): string {
  return `${id}/command`;
}

const rounds = 20;

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

  async end(id: string): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const marked = await this.#nextScan();
      const mine = marked.filter(({ marker }) => marker === id || marker === commandMarker(id));
      if (mine.length === 0) return;
      for (const { pid } of mine) if (pid !== process.pid) kill(pid);
      await this.#clock.sleep(5);
    }
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
