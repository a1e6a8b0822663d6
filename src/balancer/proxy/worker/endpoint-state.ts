import type { EndpointEntry, TrafficTotals } from '../../balancer-driver.ts';
import { eventTime } from '../socket/event-time.ts';
import { AnswerCounts } from '../visibility/answers.ts';
import { Ejection } from './ejection.ts';
import type { FailureKind } from './failure-kind.ts';
import type { PoolState } from './pool-state.ts';
import { RecentTimes } from './scrutiny/latency-outlier.ts';
import { Pace } from './selection/pace.ts';
import { rank } from './selection/rank.ts';

/** Something in flight to an endpoint that can be cut. */
export interface InFlight {
  /** It lasts, and is not expected to end soon by itself; `now` in milliseconds since the epoch. */
  isStream(now: number): boolean;
  /** A stream: its client is told to go as soon as that can be done properly, if it can. May be called again. */
  dismiss(): void;
  cut(kind: FailureKind): void;
}

/** An idle connection kept for reuse. */
export interface IdleConnection {
  readonly reusableUntil: number;
  close(): void;
}

export interface MutableTotals extends TrafficTotals {
  requests: number;
  completed: number;
  failed: number;
  retried: number;
  drained: number;
  forced: number;
  forcedStreams: number;
}

/** One endpoint as one worker sees it: its rotation, its health, what is in flight to it. */
export class EndpointState {
  readonly id: string;
  readonly instance: string;
  readonly revision: string;
  readonly host: string;
  readonly port: number;
  /** Lines that name it in responses. */
  readonly nameLines: string;
  readonly ejection = new Ejection(() => this.pool?.outdated());
  readonly totals: MutableTotals = {
    requests: 0,
    completed: 0,
    failed: 0,
    retried: 0,
    drained: 0,
    forced: 0,
    forcedStreams: 0,
  };
  readonly answers = new AnswerCounts();
  readonly inFlight = new Set<InFlight>();
  /** Most recently used last. */
  idle: IdleConnection[] = [];
  isDraining = false;
  isHealthy = true;
  /** Verdict of the active checks. */
  isDown = false;
  /** It is asked only while its checks pass, also when there is no other. */
  mustPass = false;
  /** From when its share ramps up; milliseconds since the epoch. */
  activeSince = 0;
  slowStartMs = 0;
  /** Share of a smooth weighted rotation that it has saved up. */
  credit = 0;
  hasChanged = true;
  pool: PoolState | undefined;
  weight = 1;
  isBackup = false;
  /** As its pool saw it last. */
  rank: number = rank.available;
  /** How much may be in flight to it from this worker. */
  room = Infinity;
  /** Another worker asks for a part of the room. */
  isRoomWanted = false;
  /** Responses of 5xx since the last other one. */
  errorsInRow = 0;
  readonly pace = new Pace();
  readonly recent = new RecentTimes();

  constructor(entry: EndpointEntry) {
    this.id = entry.id;
    this.instance = entry.instance;
    this.revision = entry.revision;
    this.host = entry.host;
    this.port = entry.port;
    const address = entry.host.includes(':') ? `[${entry.host}]` : entry.host;
    this.nameLines = `X-Served-By: ${headerSafe(entry.instance)}\r\nX-Upstream-Server: ${headerSafe(address)}:${entry.port}\r\n`;
  }

  begin(work: InFlight): void {
    this.inFlight.add(work);
    this.totals.requests++;
    this.hasChanged = true;
  }

  /** Returns true when this was the last thing in flight to an endpoint that drains. */
  end(work: InFlight, isForced: boolean): boolean {
    if (!this.inFlight.delete(work)) return false;
    this.hasChanged = true;
    if (this.room !== Infinity) this.pool?.roomFreed(this);
    if (!this.isDraining) return false;
    if (!isForced) this.totals.drained++;
    else {
      this.totals.forced++;
      if (work.isStream(eventTime())) this.totals.forcedStreams++;
    }
    return this.inFlight.size === 0;
  }

  /** It has room, and has not failed this very request. */
  isOpen(tried: readonly EndpointState[]): boolean {
    return this.inFlight.size < this.room && !tried.includes(this);
  }

  /** Others could be asked in its place. */
  get isSpareable(): boolean {
    return this.pool?.endpoints.some((other) => other !== this && other.rank === rank.available) === true;
  }

  /** Its part of the requests beside the others'. */
  share(now: number): number {
    return this.weight * this.ramp(now);
  }

  /** 1 for all of its weight; less while a new endpoint warms up. */
  ramp(now: number): number {
    if (this.slowStartMs <= 0) return 1;
    const part = (now - this.activeSince) / this.slowStartMs;
    return part >= 1 ? 1 : Math.max(0.1, part);
  }

  /** Of what is in flight. */
  streams(): readonly InFlight[] {
    const now = eventTime();
    return Array.from(this.inFlight).filter((work) => work.isStream(now));
  }

  closeIdle(): void {
    const idle = this.idle;
    this.idle = [];
    for (const connection of idle) connection.close();
  }

  cut(kind: FailureKind): void {
    for (const work of Array.from(this.inFlight)) work.cut(kind);
  }
}

function headerSafe(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
