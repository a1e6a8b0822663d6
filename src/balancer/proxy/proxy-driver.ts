import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerDriver, BalancerObservation, RoutingTable } from '../balancer-driver.ts';
import { isTenfoldError, TenfoldError } from '../../shared/errors.ts';
import { CarriedCounters } from './control/carried-counters.ts';
import { openSession, type ProxySession } from './control/proxy-session.ts';
import { spawnProxy, type SpawnOptions } from './control/spawn-proxy.ts';

const maxBackoffMs = 2_000;
const applyAttempts = 3;

export type ProxyDriverOptions = SpawnOptions;

/** The embedded proxy, which runs in processes of its own and outlives this driver. */
export interface ProxyDriver extends BalancerDriver {
  /** Process id of the proxy; undefined while it is lost. */
  readonly pid: number | undefined;
  /** Connects to the living proxy or starts one. Throws `balancer-unreachable`. Every other call does it too. */
  connect(signal: AbortSignal): Promise<void>;
  /** Process ids of the workers. */
  workerPids(signal: AbortSignal): Promise<readonly number[]>;
  /** Ends the proxy: accepts no more, lets requests finish within the grace. Succeeds when none runs. */
  shutdown(graceMs: number, signal: AbortSignal): Promise<void>;
}

export function createProxyDriver(options: ProxyDriverOptions): ProxyDriver {
  return new Driver(options);
}

class Driver implements ProxyDriver {
  readonly name = 'proxy';
  readonly #options: ProxyDriverOptions;
  readonly #watchers = new Set<() => void>();
  readonly #counters = new CarriedCounters();
  readonly #disposed = new AbortController();
  #session: ProxySession | undefined;
  #connecting: Promise<ProxySession> | undefined;
  #lastTable: RoutingTable | undefined;
  #isShutDown = false;

  constructor(options: ProxyDriverOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#session?.greeting.pid;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#connected(signal);
  }

  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    this.#isShutDown = false;
    for (let attempt = 1; ; attempt++) {
      const session = await this.#connected(signal);
      try {
        await session.ask({ order: 'apply', table }, signal);
        this.#lastTable = table;
        return;
      } catch (thrown) {
        // A proxy that was lost comes back at once, and applying is idempotent.
        if (!session.isLost || attempt === applyAttempts) throw thrown;
      }
    }
  }

  async observe(signal: AbortSignal): Promise<BalancerObservation> {
    const session = await this.#connected(signal);
    const observation = await session.ask({ order: 'observe' }, signal);
    return this.#counters.add(observation, `${session.greeting.pid} ${session.greeting.startedAt}`);
  }

  watch(onChange: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // Each call counts by itself, even with the same function.
    const watcher = (): void => onChange();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
    void this.#connected(signal).catch(() => {});
  }

  async table(signal: AbortSignal): Promise<RoutingTable> {
    const session = await this.#connected(signal);
    return session.ask({ order: 'table' }, signal);
  }

  async workerPids(signal: AbortSignal): Promise<readonly number[]> {
    const session = await this.#connected(signal);
    return session.ask({ order: 'workers' }, signal);
  }

  async shutdown(graceMs: number, signal: AbortSignal): Promise<void> {
    this.#isShutDown = true;
    this.#lastTable = undefined;
    const session = this.#session ?? (await openSession(this.#options.socketPath));
    if (session === undefined) return;
    try {
      await session.ask({ order: 'shutdown', graceMs }, signal);
    } catch (thrown) {
      if (!session.isLost) throw thrown;
    } finally {
      session.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(new TenfoldError('balancer-unreachable', 'this connection to the proxy was closed'));
    this.#watchers.clear();
    this.#session?.close();
    return Promise.resolve();
  }

  async #connected(signal: AbortSignal): Promise<ProxySession> {
    signal.throwIfAborted();
    this.#disposed.signal.throwIfAborted();
    if (this.#session !== undefined) return this.#session;
    this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined));
    return raceAbort(this.#connecting, signal);
  }

  async #open(): Promise<ProxySession> {
    const disposed = this.#disposed.signal;
    const living = await openSession(this.#options.socketPath);
    const session = living ?? (await spawnProxy(this.#options, disposed));
    if (disposed.aborted) session.close();
    disposed.throwIfAborted();
    session.onChanged = () => this.#tellWatchers();
    session.onLost = () => this.#lost(session);
    if (this.#lastTable !== undefined) await this.#restore(session, this.#lastTable);
    // What an earlier driver applied: this proxy may be lost before anybody applies anything again.
    else if (living !== undefined) this.#lastTable = await session.ask({ order: 'table' }, disposed);
    if (session.isLost)
      throw new TenfoldError('balancer-unreachable', 'the proxy was lost as soon as it was there');
    this.#session = session;
    return session;
  }

  /** A new proxy gets the table that the one before had. */
  async #restore(session: ProxySession, table: RoutingTable): Promise<void> {
    for (let delayMs = 10; ; delayMs = Math.min(maxBackoffMs, delayMs * 2)) {
      try {
        await session.ask({ order: 'apply', table }, this.#disposed.signal);
        return;
      } catch (thrown) {
        // Workers of the proxy before may take a moment to let the ports go.
        if (session.isLost || !isTenfoldError(thrown, 'port-taken')) throw thrown;
      }
      await sleep(delayMs, undefined, { signal: this.#disposed.signal });
    }
  }

  #lost(session: ProxySession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    if (this.#disposed.signal.aborted) return;
    this.#tellWatchers();
    if (!this.#isShutDown) void this.#bringBack();
  }

  async #bringBack(): Promise<void> {
    for (let delayMs = 25; !this.#disposed.signal.aborted && !this.#isShutDown; delayMs *= 2) {
      try {
        await this.#connected(this.#disposed.signal);
        this.#tellWatchers();
        return;
      } catch {
        const pauseMs = Math.min(maxBackoffMs, delayMs);
        await sleep(pauseMs, undefined, { signal: this.#disposed.signal, ref: false }).catch(() => {});
      }
    }
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
