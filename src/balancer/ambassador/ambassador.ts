import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerObservation, RoutingTable } from '../balancer-driver.ts';
import { CarriedCounters } from '../proxy/control/carried-counters.ts';
import { openSession, type ProxySession } from '../proxy/control/proxy-session.ts';
import { isTenfoldError, messageOf, TenfoldError } from '../../shared/errors.ts';
import type { AmbassadorHost, AmbassadorSpec } from './ambassador-host.ts';
import { lostObservation } from './lost-observation.ts';

const answerWithinMs = 15_000;
const pollEveryMs = 20;
const maxBackoffMs = 2_000;
const applyAttempts = 3;

export interface AmbassadorOptions {
  readonly spec: AmbassadorSpec;
  readonly host: AmbassadorHost;
  /** Told soon after a state or condition changed, or it was lost or came back. */
  readonly onChange: () => void;
}

/** One ambassador and the control channel to it. When it is lost it is brought back, with the table that it had. */
export class Ambassador {
  readonly spec: AmbassadorSpec;
  readonly #options: AmbassadorOptions;
  readonly #counters = new CarriedCounters();
  readonly #closed = new AbortController();
  #session: ProxySession | undefined;
  #table: RoutingTable | undefined;
  #last: BalancerObservation | undefined;
  #isComingBack = false;

  constructor(options: AmbassadorOptions) {
    this.#options = options;
    this.spec = options.spec;
  }

  /** What it has in force, or is to have when it comes back. */
  get table(): RoutingTable | undefined {
    return this.#table;
  }

  /** Connects to the one that runs already, and takes over its table; false when none of this version runs. */
  async adopt(signal: AbortSignal): Promise<boolean> {
    try {
      const session = await this.#find();
      if (session === undefined) return false;
      this.#table = await session.ask({ order: 'table' }, signal);
      this.#keep(session);
      return true;
    } catch (thrown) {
      if (!isTenfoldError(thrown, 'balancer-unreachable')) throw thrown;
      return false;
    }
  }

  /** Starts it, and puts its first table in force. Throws what the host throws, and `balancer-unreachable`. */
  async open(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const session = await this.#start(signal);
    await session.ask({ order: 'apply', table }, signal);
    this.#table = table;
    this.#keep(session);
  }

  /**
   * Puts a table in force. One that is lost carries nothing, so it has acknowledged already: it gets the table when it
   * comes back.
   */
  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    if (this.#session !== undefined && isDeepStrictEqual(table, this.#table)) return;
    const before = this.#table;
    this.#table = table;
    try {
      for (let attempt = 1; ; attempt++) {
        const session = this.#session ?? (await this.#find());
        if (session === undefined) return this.#bringBack();
        this.#keep(session);
        try {
          await session.ask({ order: 'apply', table }, signal);
          return;
        } catch (thrown) {
          if (!session.isLost || attempt === applyAttempts) throw thrown;
        }
      }
    } catch (thrown) {
      this.#table = before;
      throw thrown;
    }
  }

  async observe(signal: AbortSignal): Promise<BalancerObservation> {
    const session = this.#session;
    if (session === undefined) return this.#lostObservation();
    try {
      const observation = await session.ask({ order: 'observe' }, signal);
      this.#last = this.#counters.add(observation, `${session.greeting.startedAt}`);
      return this.#last;
    } catch (thrown) {
      if (session.isLost) return this.#lostObservation();
      throw thrown;
    }
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Lets go of it; it goes on running. */
  close(): void {
    this.#closed.abort(
      new TenfoldError('balancer-unreachable', 'this connection to an ambassador was closed'),
    );
    this.#session?.close();
    this.#session = undefined;
  }

  #lostObservation(): BalancerObservation {
    return lostObservation(this.#table ?? { listeners: [], pools: [] }, this.#last);
  }

  #keep(session: ProxySession): void {
    if (this.#session === session) return;
    this.#session = session;
    session.onChanged = () => this.#options.onChange();
    session.onLost = () => {
      if (this.#session !== session) return;
      this.#session = undefined;
      if (this.#closed.signal.aborted) return;
      this.#options.onChange();
      this.#bringBack();
    };
    if (session.isLost) session.onLost();
  }

  #find(): Promise<ProxySession | undefined> {
    return openSession(this.#options.host.socketPath(this.spec));
  }

  async #start(signal: AbortSignal): Promise<ProxySession> {
    const { host } = this.#options;
    await host.start(this.spec, signal);
    const deadline = Date.now() + answerWithinMs;
    for (;;) {
      const session = await this.#find().catch(async (thrown: unknown) => {
        // One of another version of Tenfold: its successor takes its place.
        if (!isTenfoldError(thrown, 'balancer-unreachable')) throw thrown;
        await host.remove(this.spec, signal);
        await host.start(this.spec, signal);
        return undefined;
      });
      if (session !== undefined) return session;
      if (Date.now() > deadline) throw this.#silent();
      await sleep(pollEveryMs, undefined, { signal });
    }
  }

  #silent(): TenfoldError {
    const { stack, service } = this.spec;
    return new TenfoldError(
      'balancer-unreachable',
      `the ambassador of ${service} in stack ${stack} was started and does not answer`,
      {
        expected: `an answer at ${this.#options.host.socketPath(this.spec)} within ${answerWithinMs / 1000} s`,
        hint: `docker logs ${stack}-${service}-ambassador says why; x-tenfold: { ambassador: false } does without it`,
      },
    );
  }

  #bringBack(): void {
    if (this.#isComingBack) return;
    this.#isComingBack = true;
    void this.#retry().finally(() => (this.#isComingBack = false));
  }

  async #retry(): Promise<void> {
    const { signal } = this.#closed;
    for (let delayMs = pollEveryMs; !signal.aborted; delayMs = Math.min(maxBackoffMs, delayMs * 2)) {
      try {
        const session = (await this.#find()) ?? (await this.#start(signal));
        if (this.#table !== undefined) await session.ask({ order: 'apply', table: this.#table }, signal);
        this.#keep(session);
        this.#options.onChange();
        return;
      } catch (thrown) {
        if (signal.aborted) return;
        if (!isTenfoldError(thrown))
          console.error(`ambassador of ${this.spec.service}: ${messageOf(thrown)}`);
      }
      await sleep(delayMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
