import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerObservation, RoutingTable } from '../balancer-driver.ts';
import { CarriedCounters } from '../proxy/control/carried-counters.ts';
import { openSession, type ProxySession } from '../proxy/control/proxy-session.ts';
import { isTenfoldError, messageOf, TenfoldError } from '../../shared/errors.ts';
import type { AmbassadorHost, AmbassadorSpec } from './ambassador-host.ts';
import { lostObservation } from './lost-observation.ts';

const startWithinMs = 15_000;
const startAgainAfterMs = 1_000;
const answerWithinMs = 5_000;
const silentAfterMs = 1_000;
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
  #observing: Promise<BalancerObservation> | undefined;
  #isSilent = false;
  #isComingBack = false;
  /** The one that came back is being given its table. */
  #entering: Promise<void> | undefined;

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

  /** Starts it, puts its first table in force, and lets others find it. Throws what the host throws, and `balancer-unreachable`. */
  async open(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const session = await this.#start(false, signal);
    this.#table = table;
    await this.#enter(session, signal);
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
        // The table before this one may be on its way, and must not arrive after it.
        await this.#entering?.catch(() => {});
        const session = this.#session ?? (await this.#find());
        if (session === undefined) return this.#bringBack();
        this.#keep(session);
        try {
          await this.#ask(session, table, signal);
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

  /** Counters and states; of one that is silent, as it was last seen, because it may still carry what it carried. */
  async observe(signal: AbortSignal): Promise<BalancerObservation> {
    const session = this.#session;
    if (session === undefined) return this.#lostObservation();
    if (this.#observing === undefined) {
      const asked = session.ask({ order: 'observe' });
      this.#observing = asked.finally(() => {
        this.#observing = undefined;
        this.#isSilent = false;
      });
      this.#observing.catch(() => {});
    }
    try {
      const observation = this.#isSilent ? undefined : await within(this.#observing, silentAfterMs, signal);
      if (observation === undefined) {
        this.#isSilent = true;
        return this.#last ?? this.#lostObservation();
      }
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

  async #start(isKnown: boolean, signal: AbortSignal): Promise<ProxySession> {
    const { host } = this.#options;
    const deadline = Date.now() + startWithinMs;
    while (Date.now() < deadline) {
      // Again and again, because one that is just ending may still look as if it ran.
      await host.start(this.spec, isKnown, signal);
      const session = await this.#answerWithin(startAgainAfterMs, signal);
      if (session !== undefined) return session;
    }
    const { stack, service } = this.spec;
    throw new TenfoldError(
      'balancer-unreachable',
      `the ambassador of ${service} in stack ${stack} was started and does not answer`,
      {
        expected: `an answer at ${host.socketPath(this.spec)} within ${startWithinMs / 1000} s`,
        hint: `docker logs ${stack}-${service}-ambassador says why; x-tenfold: { ambassador: false } does without it`,
      },
    );
  }

  async #answerWithin(limitMs: number, signal: AbortSignal): Promise<ProxySession | undefined> {
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      try {
        const session = await this.#find();
        if (session !== undefined) return session;
      } catch (thrown) {
        if (!isTenfoldError(thrown, 'balancer-unreachable')) throw thrown;
        // One of another version of Tenfold: its successor takes its place.
        await this.#options.host.remove(this.spec, signal);
        return undefined;
      }
      await sleep(pollEveryMs, undefined, { signal });
    }
    return undefined;
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
        await this.#enter((await this.#find()) ?? (await this.#start(true, signal)), signal);
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

  /** One that just started carries nothing until it has its table, and is found by others only then. */
  #enter(session: ProxySession, signal: AbortSignal): Promise<void> {
    this.#entering = this.#giveTable(session, signal).finally(() => (this.#entering = undefined));
    return this.#entering;
  }

  async #giveTable(session: ProxySession, signal: AbortSignal): Promise<void> {
    if (this.#table !== undefined) await this.#ask(session, this.#table, signal);
    await this.#options.host.announce(this.spec, signal);
    this.#keep(session);
  }

  async #ask(session: ProxySession, table: RoutingTable, signal: AbortSignal): Promise<void> {
    const answer = session.ask({ order: 'apply', table }, signal);
    if ((await within(answer, answerWithinMs, signal)) !== undefined) return;
    const { stack, service } = this.spec;
    throw new TenfoldError(
      'balancer-unreachable',
      `the ambassador of ${service} in stack ${stack} does not answer`,
      {
        expected: `an acknowledgement within ${answerWithinMs / 1000} s`,
        hint: `docker restart ${stack}-${service}-ambassador, unless it was paused on purpose`,
      },
    );
  }
}

/** What the promise comes to; undefined when that takes longer. */
async function within<T>(promise: Promise<T>, limitMs: number, signal: AbortSignal): Promise<T | undefined> {
  const limit = new AbortController();
  const late = sleep(limitMs, undefined, { signal: AbortSignal.any([limit.signal, signal]), ref: false });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    limit.abort();
  }
}
