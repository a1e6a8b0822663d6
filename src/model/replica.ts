import type { Endpoint } from './endpoint.ts';

/** Where a replica is in its life, as its runtime reports it. Times are milliseconds since the epoch. */
export type ReplicaState =
  | { readonly kind: 'created' }
  | { readonly kind: 'running'; readonly startedAt: number }
  /** The runtime itself is about to start it again (a Docker restart policy). */
  | { readonly kind: 'restarting'; readonly exitCode: number | undefined }
  | {
      readonly kind: 'exited';
      /** When the run that ended had begun; undefined where the runtime no longer knows. */
      readonly startedAt: number | undefined;
      /** Undefined: it ended while nobody watched. */
      readonly exitCode: number | undefined;
      readonly finishedAt: number;
      /** Why it could not start or was ended, where the runtime knows. */
      readonly reason?: string;
      /** A person or another program stopped it through the runtime; it is not for us to start it again. */
      readonly isStoppedByHand?: true;
    };

/** Verdict of a health check that the runtime runs; `none` when it runs none. */
export type RuntimeHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** One running copy of a service. */
export interface Replica {
  /** Unique over time: a container id, a process record id. */
  readonly id: string;
  readonly stack: string;
  readonly service: string;
  /** Stable index from 1. Two replicas share one only while a rollout replaces the first by the second. */
  readonly index: number;
  /** `web-1`. */
  readonly instance: string;
  /** Name that the runtime shows to people: `demo-web-1`. */
  readonly name: string;
  readonly revision: string;
  readonly state: ReplicaState;
  readonly health: RuntimeHealth;
  readonly createdAt: number;
  readonly pid: number | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Ports that the runtime publishes for this replica itself. */
  readonly published: readonly PublishedPort[];
}

export interface PublishedPort {
  readonly hostIp: string;
  readonly port: number;
  readonly target: number;
  readonly protocol: 'tcp' | 'udp';
}
