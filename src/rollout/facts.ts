import type { RevisionTraffic } from './gate/revision-traffic.ts';
import type { RolloutPolicy, UpdatePolicy } from '../model/rollout.ts';

/** What a snapshot says of one service that is on its way to another revision. Times are milliseconds since the epoch. */
export interface RolloutFacts {
  readonly now: number;
  readonly policy: RolloutPolicy;
  /** The pace of this rollout, there or back. */
  readonly pace: UpdatePolicy;
  /** Replicas that the service shall have. */
  readonly replicas: number;
  /** Replicas of the new revision that exist. */
  readonly fresh: readonly ReplicaFacts[];
  /** Replicas of any other revision that exist. */
  readonly stale: readonly ReplicaFacts[];
  /** What will not come about without help, as the plan says it. */
  readonly faults: readonly Fault[];
  /** The runtime or the balancer does not answer: nothing that is seen can be trusted. */
  readonly isBlind: boolean;
  readonly smoke: SmokeResult;
  /** How the hook fared that is due. */
  readonly hook: SmokeResult;
  /** What a revision answered between two times; undefined where nobody measures. */
  readonly trafficOf: ((revision: string, from: number, to: number) => RevisionTraffic) | undefined;
  /** A simulation: requests would be answered as well as before. */
  readonly isGateOpen: boolean;
}

export interface ReplicaFacts {
  readonly id: string;
  readonly instance: string;
  /** Running and healthy, in rotation or not. */
  readonly isReady: boolean;
  /** Ready and in rotation, where there is one; or not waited for: it completed, or a person set it aside. */
  readonly isServing: boolean;
  /** Unhealthy, ended or out of reach, in words; undefined while nothing is wrong. */
  readonly problem: string | undefined;
  /** When its present run began; undefined while it has none. */
  readonly startedAt: number | undefined;
  /** When it last ended without being asked to. */
  readonly lastEndAt: number | undefined;
}

export interface Fault {
  /** Undefined: it could not even be created. */
  readonly replicaId: string | undefined;
  readonly instance: string;
  readonly reason: string;
}

export type SmokeResult =
  | { readonly kind: 'pending' }
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly reason: string };
