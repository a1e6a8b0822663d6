import type { Clock } from '../../shared/clock.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { StopOptions } from '../runtime-driver.ts';
import { Leftovers } from './system/leftovers.ts';
import type { LogStore } from './logs/log-store.ts';
import type { PortReservations } from './launch/ports.ts';
import { endGroup, signalGroup } from './system/process-group.ts';
import { instanceOf } from './records/process-record.ts';
import type { ProcessTable } from './system/process-table.ts';
import type { ReplicaEntry, ReplicaRegistry } from './replica-registry.ts';
import { exitCodeOf, signalOf } from './system/signals.ts';

/** How often a replica that is not our child is looked at while it is being stopped. */
const stopLookMs = 20;
/** Longest wait for a killed replica. */
const killTimeoutMs = 10_000;

export interface LifeParts {
  readonly registry: ReplicaRegistry;
  readonly table: ProcessTable;
  readonly logs: LogStore;
  readonly ports: PortReservations;
  readonly clock: Clock;
}

/** What happens to a replica between its start and the end of the last of its processes. */
export class ReplicaLife {
  readonly #parts: LifeParts;
  readonly #leftovers: Leftovers;
  readonly #endings = new WeakMap<ReplicaEntry, { resolve: () => void; reject: (reason: unknown) => void }>();
  readonly #underway = new Set<Promise<void>>();
  #isClosed = false;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#leftovers = new Leftovers(parts.table, parts.clock);
  }

  /** From now on ends are no business of ours: another driver looks after the records. Those under way are finished. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#underway);
  }

  /** The entry's run is a living process: keep its ports, read its log, wait for its end. */
  begin(entry: ReplicaEntry): void {
    const { ports, logs } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever needs it gone awaits it and gets the error.
    promise.catch(() => undefined);
    entry.gone = promise;
    entry.endReason = undefined;
    for (const { port } of entry.record.ports) ports.hold(port);
    logs.addWriter(ownerOf(entry));
    this.#endings.set(entry, { resolve, reject });
    entry.child?.once('exit', (code, signal) => this.#end(entry, code ?? exitCodeOf(signal)));
  }

  /** Notices the end of replicas that are not our children, of which the kernel tells us nothing. */
  lookAtAdopted(entries: readonly ReplicaEntry[]): void {
    for (const entry of entries) {
      const { run } = entry.record;
      if (entry.child !== undefined || run.kind !== 'running') continue;
      if (!this.#parts.table.isAlive(run)) this.#end(entry, undefined);
    }
  }

  /** Signals the replica's whole group. Nothing happens when it has ended. */
  signal(entry: ReplicaEntry, name: string): void {
    const { run } = entry.record;
    const signal = signalOf(name);
    if (run.kind === 'running' && this.#isLeaderAlive(entry)) signalGroup(run.pid, signal);
  }

  /** Signal, grace, kill; returns when nothing of the replica runs any more. */
  async stop(entry: ReplicaEntry, options: StopOptions, signal: AbortSignal): Promise<void> {
    await entry.launching?.catch(() => undefined);
    signal.throwIfAborted();
    if (entry.record.run.kind === 'running') {
      this.signal(entry, options.signal);
      const looking = setInterval(() => this.lookAtAdopted([entry]), stopLookMs);
      try {
        if (!(await this.#isGoneWithin(entry, options.graceMs, signal))) {
          entry.endReason = `killed, because it still ran ${options.graceMs} ms after ${options.signal}`;
          this.signal(entry, 'SIGKILL');
          if (!(await this.#isGoneWithin(entry, killTimeoutMs, signal))) throw undying(entry);
        }
      } finally {
        clearInterval(looking);
      }
    }
    await unlessAborted(this.whenGone(entry), signal);
  }

  /** Resolves when nothing of its last run is left; what could not be ended the last time is tried once more. */
  async whenGone(entry: ReplicaEntry): Promise<void> {
    await entry.gone.catch(() => (entry.gone = this.endLeftovers(entry)));
  }

  /** Processes of a replica whose leader ended while nobody watched, known by their marker. */
  async endLeftovers(entry: ReplicaEntry): Promise<void> {
    await this.#leftovers.end(entry.record.id);
  }

  async #isGoneWithin(entry: ReplicaEntry, graceMs: number, signal: AbortSignal): Promise<boolean> {
    const gone = new AbortController();
    const settle = () => gone.abort();
    entry.gone.then(settle, settle);
    try {
      await this.#parts.clock.sleep(graceMs, AbortSignal.any([gone.signal, signal]));
      return false;
    } catch {
      signal.throwIfAborted();
      return true;
    }
  }

  /** The leader has ended: so does everything it left behind, because a replica runs as a whole or not at all. */
  #end(entry: ReplicaEntry, exitCode: number | undefined): void {
    if (this.#isClosed) return;
    const ending = this.#finish(entry, exitCode);
    this.#underway.add(ending);
    void ending.finally(() => this.#underway.delete(ending));
  }

  async #finish(entry: ReplicaEntry, exitCode: number | undefined): Promise<void> {
    const { registry, table, clock, logs, ports } = this.#parts;
    const { run } = entry.record;
    const ending = this.#endings.get(entry);
    if (run.kind !== 'running' || ending === undefined) return;
    const successor = entry.child === undefined ? table.factsOf(run.pid) : undefined;
    const isOurs = successor === undefined || successor.startToken === run.startToken;
    entry.child = undefined;
    registry.update(entry, {
      run: {
        kind: 'exited',
        startedAt: run.startedAt,
        exitCode: exitCode ?? null,
        finishedAt: clock.now(),
        reason: entry.endReason ?? null,
      },
    });
    try {
      // Where the pid has a new owner already, the group is empty: a number with members is not given away.
      if (isOurs) await endGroup(run.pid, table, clock);
      await Promise.all([...entry.commandGroups].map((group) => endGroup(group, table, clock)));
      await this.#leftovers.end(entry.record.id);
      ending.resolve();
    } catch (thrown) {
      ending.reject(thrown);
    } finally {
      for (const { port } of entry.record.ports) ports.release(port);
      logs.removeWriter(ownerOf(entry));
    }
    // The exit code is worth keeping, and no reason to fail when it cannot be.
    await registry.save(entry).catch(() => undefined);
  }

  #isLeaderAlive(entry: ReplicaEntry): boolean {
    const { run } = entry.record;
    if (run.kind !== 'running') return false;
    // Our own child keeps its pid until we have seen it end.
    if (entry.child !== undefined) return entry.child.exitCode === null && entry.child.signalCode === null;
    const facts = this.#parts.table.factsOf(run.pid);
    return facts !== undefined && !facts.isEnded && facts.startToken === run.startToken;
  }
}

function undying({ record }: ReplicaEntry): TenfoldError {
  const pid = record.run.kind === 'running' ? record.run.pid : undefined;
  return new TenfoldError('runtime-failed', `${instanceOf(record)} does not end although it was killed`, {
    got: `process ${pid} still runs`,
    hint: `it runs as another user, or waits inside the kernel; see: ps -o pid,user,stat,wchan -p ${pid}`,
  });
}

export function ownerOf({ record }: ReplicaEntry) {
  return { stack: record.stack, service: record.service, instance: instanceOf(record) };
}

/** Rejects with the signal's reason as soon as it aborts. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
