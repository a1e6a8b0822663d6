import type { Decision } from '../autoscale/decision.ts';
import type { AutoscaleStatus } from '../daemon/autoscale-api.ts';
import type { StackEvent, StackStatus } from '../daemon/control-api.ts';
import type { RolloutStatus } from '../daemon/rollout-api.ts';
import type { LogLine } from '../runtime/runtime-driver.ts';

/*
 * What the daemon tells the dashboard's pages, as server-sent events (WHATWG HTML, section 9.2), each a JSON object:
 *
 *   GET live                          every stack, their events and newest measures
 *   GET live?stack=NAME               one stack; with &service=NAME a finer history of that, with &logs=1 its output too
 *   …&range=MS                        how far back the history goes: 15 minutes, or up to a day
 *
 * The id of a message is a cursor: a page that comes back with it (`Last-Event-ID`) gets what it has missed. Pages ask
 * for changes by the control API's own routes, below the same path.
 */

export type LiveMessage =
  | { readonly type: 'hello'; readonly hello: Hello }
  /** All stacks, or the one asked for; sent when anything in them changed, at most once a second. */
  | { readonly type: 'stacks'; readonly stacks: readonly StackStatus[] }
  /** The stack asked for is not known (any more). */
  | { readonly type: 'gone'; readonly stack: string }
  /** In order of time: first what the page has missed, which may be nothing, then each as it happens. */
  | { readonly type: 'events'; readonly events: readonly StackEvent[] }
  /** The newest figures of every service shown. */
  | { readonly type: 'measures'; readonly measures: readonly ServiceMeasure[] }
  /** What is known of a service's past, oldest first; replaces what the page had. */
  | {
      readonly type: 'history';
      readonly stack: string;
      readonly service: string;
      /** How far back, and how far apart the points are. */
      readonly rangeMs: number;
      readonly stepMs: number;
      readonly points: readonly Measure[];
    }
  /** Of every service shown that scales by itself; sent when anything in them changed. */
  | { readonly type: 'autoscale'; readonly statuses: readonly AutoscaleStatus[] }
  /** What the autoscaler decided of the one service looked at, oldest first; what it decides next stands in its status. */
  | {
      readonly type: 'decisions';
      readonly stack: string;
      readonly service: string;
      readonly decisions: readonly Decision[];
    }
  /** Of the stack asked for; sent when anything in them changed. */
  | { readonly type: 'rollouts'; readonly rollouts: readonly RolloutStatus[] }
  /** Lines of replicas in the order in which they came; `dropped` more came faster than a page can show. */
  | { readonly type: 'logs'; readonly lines: readonly LogLine[]; readonly dropped: number };

export interface Hello {
  readonly version: string;
  readonly user: string;
  readonly home: string;
  /** The daemon's clock, milliseconds since the epoch. */
  readonly now: number;
}

/** Figures of a service or replica over the seconds before `time`; what nobody measured is left out. */
export interface Measure {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly requestsPerSecond: number;
  /** Requests that got no good answer (a service), attempts that failed (a replica). */
  readonly failedPerSecond: number;
  readonly inFlight: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
  /** Processors used: 1 is one core. */
  readonly cores?: number;
  readonly memoryBytes?: number;
  /** Replicas wanted, and those that serve; of a service only. */
  readonly desired?: number;
  readonly ready?: number;
  /** Requests that wait for a replica; of a service only. */
  readonly waiting?: number;
}

export interface ServiceMeasure {
  readonly stack: string;
  readonly service: string;
  readonly total: Measure;
  readonly replicas: readonly ReplicaMeasure[];
}

export interface ReplicaMeasure extends Measure {
  readonly replicaId: string;
  readonly instance: string;
  readonly revision: string;
  /** Its part of the service's requests, 0 to 1; undefined while there are none. */
  readonly share?: number;
}
