/*
 * How the replica count of a service follows its load: `x-tenfold.autoscale`, resolved. The words and their defaults are
 * those of the Kubernetes HorizontalPodAutoscaler (autoscaling/v2), with replicas for pods.
 */

export interface AutoscalePolicy {
  readonly min: number;
  readonly max: number;
  /** Never empty. The metric that asks for most replicas wins. */
  readonly metrics: readonly MetricTarget[];
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
  /** Other bounds at certain times; the first entry that holds wins. */
  readonly schedule: readonly ScheduleEntry[];
  /** Decides and logs, and changes nothing. */
  readonly isShadow: boolean;
  /** Time between two decisions. */
  readonly intervalMs: number;
  /** Time over which rates, averages and percentiles are taken. */
  readonly windowMs: number;
  /** For so long after its start, the processor time of a replica counts only when it was ready for the whole window. */
  readonly cpuInitializationMs: number;
  /** A replica that became unready so soon after its start was never ready. */
  readonly initialReadinessMs: number;
  /** Memory of the machine that no new replica may take; undefined: a tenth of it. */
  readonly memoryReserveBytes: number | undefined;
  /** What each replica may take of the machine (Compose `deploy.resources.limits.memory`). */
  readonly memoryLimitBytes: number | undefined;
  readonly connections: readonly ConnectionBudget[];
}

/** What a share of a resource is a share of: the reservation, else the limit, else one core. */
export type RequestBasis = 'reservation' | 'limit' | 'one core';

export type MetricTarget =
  /** `utilization` 0.7: seventy percent of `requestCores`. */
  | {
      readonly kind: 'cpu';
      readonly utilization: number;
      readonly requestCores: number;
      readonly basis: RequestBasis;
    }
  /** `basis` undefined: an amount in bytes, and no share of anything. */
  | {
      readonly kind: 'memory';
      readonly averageBytes: number;
      readonly utilization: number | undefined;
      readonly basis: RequestBasis | undefined;
    }
  | { readonly kind: 'in_flight'; readonly average: number }
  | { readonly kind: 'requests_per_second'; readonly average: number }
  | { readonly kind: 'p95'; readonly targetMs: number }
  /** `slots`: requests that one replica takes at a time (`max_connections`), beyond which they queue. */
  | { readonly kind: 'queue_time'; readonly targetMs: number; readonly slots: number }
  | PrometheusTarget;

/** The first value of an instant query. `per: 'service'`: as a whole; `'replica'`: divided by the replicas. */
export interface PrometheusTarget {
  readonly kind: 'prometheus';
  readonly url: string;
  readonly query: string;
  readonly value: number;
  readonly per: 'service' | 'replica';
}

export type MetricKind = MetricTarget['kind'];

export interface ScalingRules {
  /** Up: the lowest recommendation of this time is taken; down: the highest. */
  readonly stabilizationMs: number;
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled';
  /** Never empty. */
  readonly policies: readonly RatePolicy[];
  /** How far the ratio may be from 1 in this direction without a consequence. */
  readonly tolerance: number;
}

/** At most so many replicas, or percent of them, more or fewer in any period. */
export interface RatePolicy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodMs: number;
}

export interface ScheduleEntry {
  readonly when: ScheduleWindow;
  /** IANA name. */
  readonly timeZone: string;
  /** Undefined: that of the policy. */
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export type ScheduleWindow =
  /** Minutes of the day; `until` ≤ `from` ends on the next day. Days from 0, Sunday. */
  | {
      readonly kind: 'hours';
      readonly days: readonly number[];
      readonly from: number;
      readonly until: number;
    }
  /** Begins at each minute that the expression matches, and lasts so many minutes. */
  | { readonly kind: 'cron'; readonly cron: CronFields; readonly durationMinutes: number };

/** Values that match, by field. A day matches when both of its fields do, or either where both are restricted. */
export interface CronFields {
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly months: readonly number[];
  /** From 0, Sunday. */
  readonly daysOfWeek: readonly number[];
  /** Both fields of the day say something: either may match (crontab(5)). */
  readonly isEitherDay: boolean;
}

/** Connections that each replica opens to another service, of those that it takes in all. */
export interface ConnectionBudget {
  readonly service: string;
  readonly perReplica: number;
  /** `max_connections` of that service, over all of its replicas. */
  readonly total: number;
}
