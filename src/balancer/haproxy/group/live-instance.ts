import { setTimeout as sleep } from 'node:timers/promises';
import { type EventStream, followEvents } from '../process/event-stream.ts';
import type { InstanceRecord } from '../process/instance.ts';
import { readStatistics, type StatRow } from '../process/statistics.ts';
import { type FailedCheck, parseCheckLine } from '../traffic/check-line.ts';
import { parseTrafficLine, type TrafficEvent } from '../traffic/log-line.ts';

const logLagMs = 250;
const patienceMs = 3;

export interface LiveEvents {
  /** A request or connection has ended. */
  traffic(event: TrafficEvent): void;
  /** HAProxy says something else: the state of a server changed. */
  notice(): void;
  lost(instance: LiveInstance): void;
}

/** A running HAProxy: its log is followed, and its counters are read with all that the log has to say to them. */
export class LiveInstance {
  readonly record: InstanceRecord;
  readonly #events: LiveEvents;
  readonly #stream: EventStream;
  /** Lines of log for each backend, those that were lost included. */
  readonly #linesOf = new Map<string, number>();
  /** By `proxy/server`. */
  readonly #failedChecks = new Map<string, FailedCheck>();
  /** Up to which request an earlier daemon had counted. */
  readonly #countedUntil: number;
  #lastSerial: number;
  #rows: readonly StatRow[] = [];
  #isLost = false;

  constructor(record: InstanceRecord, events: LiveEvents, countedUntil = -1) {
    this.record = record;
    this.#events = events;
    this.#countedUntil = countedUntil;
    this.#lastSerial = countedUntil;
    this.#stream = followEvents(
      record.socketPath,
      (line) => this.#read(line),
      () => {
        this.#isLost = true;
        events.lost(this);
      },
    );
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get lastSerial(): number {
    return this.#lastSerial;
  }

  /** As they were read last. */
  get rows(): readonly StatRow[] {
    return this.#rows;
  }

  /**
   * Fresh counters, once the log has told of each request that they hold as ended. A request whose answer the client has just
   * got may still be on HAProxy's books; `isPatient` gives it the moment that takes.
   */
  async read({ isPatient }: { readonly isPatient: boolean }): Promise<readonly StatRow[]> {
    let rows = await readStatistics(this.record.socketPath);
    if (isPatient && rows.some(({ server, current }) => server === 'BACKEND' && current > 0)) {
      await sleep(patienceMs);
      rows = await readStatistics(this.record.socketPath);
    }
    await this.#awaitLog(rows);
    this.#rows = rows.map((row) => this.#withCheck(row));
    // Servers that are gone for good are among them.
    if (this.#failedChecks.size > rows.length) this.#failedChecks.clear();
    return this.#rows;
  }

  /** No longer followed; the process goes on. */
  close(): void {
    this.#isLost = true;
    this.#stream.close();
  }

  #read(line: string): void {
    const event = parseTrafficLine(line);
    if (event === undefined) {
      const check = parseCheckLine(line);
      if (check !== undefined) this.#failedChecks.set(`${check.proxy}/${check.server}`, check);
      return this.#events.notice();
    }
    this.#linesOf.set(event.backend, (this.#linesOf.get(event.backend) ?? 0) + 1);
    if (event.serial <= this.#countedUntil) return;
    this.#lastSerial = Math.max(this.#lastSerial, event.serial);
    this.#events.traffic(event);
  }

  #withCheck(row: StatRow): StatRow {
    const failed = row.isChecking ? this.#failedChecks.get(`${row.proxy}/${row.server}`) : undefined;
    return failed === undefined ? row : { ...row, checkCode: failed.code, checkText: failed.text };
  }

  async #awaitLog(rows: readonly StatRow[]): Promise<void> {
    const deadline = Date.now() + logLagMs;
    for (const { proxy, server, total, current } of rows) {
      if (server !== 'BACKEND') continue;
      const ended = total - current;
      while ((this.#linesOf.get(proxy) ?? 0) < ended && !this.#isLost) {
        if (Date.now() > deadline) {
          // The log was overrun; those lines will not come any more.
          this.#linesOf.set(proxy, ended);
          break;
        }
        await sleep(1);
      }
    }
  }
}
