/** What becomes of an update whose replicas fail (Compose `update_config.failure_action`). */
export type FailureAction = 'pause' | 'continue' | 'rollback';

/** How many replicas change at a time, in which order, and how they are watched (Compose `deploy.update_config`). */
export interface UpdatePolicy {
  /** Replicas replaced at a time; 0 means all at once. */
  readonly parallelism: number;
  readonly delayMs: number;
  readonly order: 'start-first' | 'stop-first';
  readonly failureAction: FailureAction;
  /** How long a replica that began to serve is watched for failure. */
  readonly monitorMs: number;
  /** Share of the replicas, from 0 to 1, that may fail before `failureAction` is taken. */
  readonly maxFailureRatio: number;
}

export type RolloutStrategy = 'rolling' | 'blue-green' | 'canary';

/** What is asked of a new set before it takes traffic. */
export type SmokeTest =
  /** Run on this machine, in the project folder, with `TENFOLD_SMOKE_URL` and the like in its environment. */
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeoutMs: number }
  /** Asked of each new replica; any answer from 200 to 399 passes. */
  | { readonly kind: 'path'; readonly path: string; readonly timeoutMs: number };

/** A moment of a rollout at which a command of the stack's own is run. */
export type RolloutHook = 'beforeSwitch' | 'afterSwitch';

/** Commands that are run once for each rollout, on this machine, in the project folder. */
export interface RolloutHooks {
  /** When the new revision is ready for its first request. */
  readonly beforeSwitch: readonly string[] | undefined;
  /** When the new revision has had all requests and was watched. */
  readonly afterSwitch: readonly string[] | undefined;
  /** Longest time for each. */
  readonly timeoutMs: number;
}

export type CanaryStep =
  /** Share of the requests, above 0 and at most 1. */
  | { readonly kind: 'share'; readonly share: number }
  /** Undefined: until a person promotes it. */
  | { readonly kind: 'pause'; readonly durationMs: number | undefined };

/** A header or cookie of a request. */
export interface RequestMark {
  readonly name: string;
  readonly value: string;
}

/** When a new revision counts as worse than the old one, and how sure that has to be. */
export interface GatePolicy {
  /** The new revision may fail this much more of its requests, in absolute terms: 0.01 is one in a hundred. */
  readonly maxErrorRateIncrease: number;
  /** The latency that is compared: 0.95 is the time in which 95 % of the requests are answered. */
  readonly latencyQuantile: number;
  /** The new revision may be slower by this factor: 1 is twice as slow. */
  readonly maxLatencyIncrease: number;
  /** Probability with which a revision that is no worse is not rolled back, over a whole rollout. */
  readonly confidence: number;
  /** Requests that each revision must have answered before anything is concluded. */
  readonly minRequests: number;
  /** Only requests of this last time are compared. */
  readonly windowMs: number;
}

/** How a service moves from one revision to another (`x-tenfold.rollout`); the pace of a rolling one is `UpdatePolicy`. */
export interface RolloutPolicy {
  readonly strategy: RolloutStrategy;
  /** Blue-green: how long the old set runs on after the switch. */
  readonly keepMs: number;
  readonly smoke: SmokeTest | undefined;
  readonly hooks?: RolloutHooks | undefined;
  /** Canary: ends with a share of 1. */
  readonly steps: readonly CanaryStep[];
  readonly header: RequestMark | undefined;
  readonly cookie: RequestMark | undefined;
  /** Undefined: requests are not compared. */
  readonly gate: GatePolicy | undefined;
}
