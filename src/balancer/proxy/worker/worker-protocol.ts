import type {
  EndpointEntry,
  ListenerEntry,
  PoolEntry,
  TrafficTotals,
  BalancerFigures,
} from '../../balancer-driver.ts';
import type { LimitNotice, LimitOrder } from '../edge/limits/limit-protocol.ts';
import type { ProxyLimits } from '../proxy-limits.ts';
import type { Answers } from '../visibility/answers.ts';

/** An endpoint with what the main process knows of it and a worker that starts later must know too. */
export interface WorkerEndpoint extends EndpointEntry {
  readonly isDown: boolean;
  readonly activeSince: number;
  /** When what is in flight is cut; undefined while it is active. Milliseconds since the epoch. */
  readonly drainDeadline?: number;
  /** Under `maxConnections`: how much of it the worker has to begin with; later, `room` orders change it. */
  readonly room?: number;
}

export interface WorkerPool extends PoolEntry {
  readonly endpoints: readonly WorkerEndpoint[];
}

export interface WorkerTable {
  readonly listeners: readonly ListenerEntry[];
  readonly pools: readonly WorkerPool[];
}

/** What the main process tells a worker. */
export type WorkerOrder =
  | {
      readonly type: 'start';
      readonly limits: ProxyLimits;
      /** Key that signs sticky cookies, in hex. */
      readonly secret: string;
      /** How many workers there are. */
      readonly workers: number;
    }
  /** Carries a bound socket. The worker listens on it; connections wait until a table names it. */
  | { readonly type: 'door'; readonly key: string }
  /** Doors that no table will name after all. */
  | { readonly type: 'abandon'; readonly keys: readonly string[] }
  | { readonly type: 'table'; readonly sequence: number; readonly table: WorkerTable }
  | { readonly type: 'health'; readonly id: string; readonly isDown: boolean; readonly activeSince: number }
  /** `until` 0: it came back. */
  | { readonly type: 'eject'; readonly id: string; readonly until: number; readonly reason: string }
  | CircuitChange
  /** More, or less, may be in flight to the endpoint from this worker. */
  | { readonly type: 'room'; readonly id: string; readonly change: number }
  /** Another worker waits for room of the endpoint. */
  | { readonly type: 'room-wanted'; readonly id: string }
  | LimitOrder
  | { readonly type: 'report'; readonly sequence: number }
  | { readonly type: 'stop'; readonly graceMs: number };

/** `until` 0: it closed. */
interface CircuitChange {
  readonly type: 'circuit';
  readonly pool: string;
  readonly until: number;
}

export interface EndpointReport extends TrafficTotals {
  readonly id: string;
  readonly inFlight: number;
  readonly ejectedUntil: number;
  readonly ejectedReason: string;
  /** Undefined: as told last. */
  readonly answers?: Answers;
}

/** Of a listener, or of a pool. */
export interface RequestReport {
  readonly id: string;
  readonly requests: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly waitedMs: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** What a worker tells the main process. */
export type WorkerNotice =
  | { readonly type: 'ready' }
  | { readonly type: 'door-open'; readonly key: string; readonly error?: string }
  | { readonly type: 'applied'; readonly sequence: number }
  | {
      readonly type: 'report';
      /** The `report` order that this answers; undefined when it comes by itself. */
      readonly sequence?: number;
      /** All counters of what has changed since the last report. */
      readonly endpoints: readonly EndpointReport[];
      readonly pools: readonly RequestReport[];
      readonly listeners: readonly RequestReport[];
      /** With the answer to an order. */
      readonly figures?: BalancerFigures;
    }
  /** `until` 0: it came back. */
  | { readonly type: 'ejected'; readonly id: string; readonly until: number; readonly reason: string }
  | CircuitChange
  | LimitNotice
  /** Requests wait here for room of the pool's endpoints. */
  | { readonly type: 'want-room'; readonly pool: string }
  /** Given up, for other workers. */
  | { readonly type: 'spare-room'; readonly id: string; readonly count: number };
