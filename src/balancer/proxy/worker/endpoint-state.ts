import type { EndpointEntry, TrafficTotals } from '../../balancer-driver.ts';
import { AnswerCounts } from '../visibility/answers.ts';
import { Ejection } from './ejection.ts';
import type { FailureKind } from './failure-kind.ts';

/** Something in flight to an endpoint that can be cut. */
export interface InFlight {
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
}

/** One endpoint as one worker sees it: its rotation, its health, what is in flight to it. */
export class EndpointState {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Lines that name it in responses. */
  readonly nameLines: string;
  readonly ejection = new Ejection();
  readonly totals: MutableTotals = {
    requests: 0,
    completed: 0,
    failed: 0,
    retried: 0,
    drained: 0,
    forced: 0,
  };
  readonly answers = new AnswerCounts();
  readonly inFlight = new Set<InFlight>();
  /** Most recently used last. */
  idle: IdleConnection[] = [];
  isDraining = false;
  isHealthy = true;
  /** Verdict of the active checks. */
  isDown = false;
  /** From when its share ramps up; milliseconds since the epoch. */
  activeSince = 0;
  slowStartMs = 0;
  /** Share of a smooth weighted rotation that it has saved up. */
  credit = 0;
  hasChanged = true;

  constructor(entry: EndpointEntry) {
    this.id = entry.id;
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
    if (!this.isDraining) return false;
    if (isForced) this.totals.forced++;
    else this.totals.drained++;
    return this.inFlight.size === 0;
  }

  /** 1 for a full share; less while a new endpoint warms up. */
  weight(now: number): number {
    if (this.slowStartMs <= 0) return 1;
    const share = (now - this.activeSince) / this.slowStartMs;
    return share >= 1 ? 1 : Math.max(0.1, share);
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
