import { constants } from 'node:os';
import type { Clock } from '../../shared/clock.ts';
import { MemoryLog } from './memory-log.ts';
import { endingAt, isRunning } from './memory-replica.ts';
import type { MemoryReplica } from './memory-replica.ts';

/** Everything that the memory runtime holds, and who is to be told of it. */
export class MemoryStacks {
  readonly #clock: Clock;
  readonly #replicas = new Map<string, MemoryReplica>();
  readonly #byStack = new Map<string, Set<string>>();
  readonly #logs = new Map<string, MemoryLog>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #pendingNotices = new Set<string>();
  readonly #closing = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: string): MemoryReplica | undefined {
    return this.#replicas.get(id);
  }

  ofStack(stack: string): readonly MemoryReplica[] {
    return [...(this.#byStack.get(stack) ?? [])].flatMap((id) => this.#replicas.get(id) ?? []);
  }

  /** Adds the replica, or puts it in the place of what it was before. */
  put(replica: MemoryReplica): void {
    const { stack } = replica.start;
    this.#replicas.set(replica.id, replica);
    this.#byStack.set(stack, (this.#byStack.get(stack) ?? new Set()).add(replica.id));
    this.notify(stack);
  }

  delete(replica: MemoryReplica): void {
    this.#replicas.delete(replica.id);
    this.#byStack.get(replica.start.stack)?.delete(replica.id);
    this.notify(replica.start.stack);
  }

  deleteStack(stack: string): void {
    for (const replica of this.ofStack(stack)) this.delete(replica);
    for (const key of this.#logs.keys()) if (key.startsWith(`${stack}/`)) this.#logs.delete(key);
  }

  /** What the signal does to the replica by its behaviour; the result is already in force. */
  sendSignal(replica: MemoryReplica, name: string): MemoryReplica {
    const now = this.#clock.now();
    const number = Object.entries(constants.signals).find(([known]) => known === name)?.[1] ?? 0;
    const isKill = name === 'SIGKILL';
    if (!isRunning(replica, now)) return replica;
    this.print(replica, 'stderr', `received ${name}`);
    if (replica.behaviour.ignoresStopSignal && !isKill) return replica;
    const stopMs = isKill ? 0 : (replica.behaviour.stopMs ?? 0);
    const ending = endingAt(replica, { at: now + stopMs, exitCode: 128 + number });
    this.put(ending);
    if (stopMs > 0) this.notifyIn(replica.start.stack, stopMs);
    return ending;
  }

  logOf(stack: string, instance: string): MemoryLog {
    const key = `${stack}/${instance}`;
    const log = this.#logs.get(key) ?? new MemoryLog();
    this.#logs.set(key, log);
    return log;
  }

  print({ start }: MemoryReplica, stream: 'stdout' | 'stderr', text: string): void {
    const instance = `${start.service}-${start.index}`;
    const line = { service: start.service, instance, stream, time: this.#clock.now(), text };
    this.logOf(start.stack, instance).add(line);
  }

  watch(stack: string, onChange: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watchers = this.#watchers.get(stack) ?? new Set();
    this.#watchers.set(stack, watchers.add(onChange));
    signal.addEventListener('abort', () => watchers.delete(onChange), { once: true });
  }

  /** Many changes at once become one call. */
  notify(stack: string): void {
    if (this.#pendingNotices.has(stack)) return;
    this.#pendingNotices.add(stack);
    queueMicrotask(() => {
      this.#pendingNotices.delete(stack);
      for (const onChange of this.#watchers.get(stack) ?? []) onChange();
    });
  }

  notifyIn(stack: string, delayMs: number): void {
    this.#clock.sleep(delayMs, this.#closing.signal).then(
      () => this.notify(stack),
      // Closed: nobody wants to know any more.
      () => undefined,
    );
  }

  close(): void {
    this.#closing.abort();
  }
}
