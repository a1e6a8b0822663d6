import type { RecyclePolicy } from './recycle.ts';
import type { AutoscalePolicy } from './autoscale.ts';
import type { BalancingPolicy } from './balancing.ts';
import type { EdgePolicy } from './edge.ts';
import type { JsonObject } from './json.ts';
import type { RolloutPolicy, UpdatePolicy } from './rollout.ts';
import type { Route } from './routing.ts';

/** When a service may start, seen from one of its dependencies (Compose `depends_on.condition`). */
export type DependencyCondition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface Dependency {
  readonly service: string;
  readonly condition: DependencyCondition;
  /** Restart the dependent after this dependency was replaced (Compose `depends_on.restart`). */
  readonly restart: boolean;
  /** False: a dependency that is absent or fails is only worth a warning. */
  readonly required: boolean;
}

/** A host port on which the balancer accepts for a service. */
export interface Listener {
  /** Stable name: `web:8080->80` for a fixed port, `web:*->80` when the host port is assigned. */
  readonly key: string;
  /** Address to bind; the empty string means all addresses, IPv4 and IPv6. */
  readonly hostIp: string;
  /** Undefined: a free port is assigned once and kept for the life of the stack. */
  readonly port: number | undefined;
  /** Port inside the replica (Compose `ports.target`). */
  readonly target: number;
  readonly protocol: 'http' | 'tcp';
  /**
   * `published` stands under `ports:`; `internal` is the loopback address given to local processes; `network` is the
   * service's name between containers, with an ambassador to answer to it.
   */
  readonly exposure: 'published' | 'internal' | 'network';
  /** Undefined: requests are balanced as its service says. */
  readonly ownPool?: OwnPool;
  /** With exposure `network` only: where its ambassador stands. */
  readonly networks?: readonly NetworkAlias[];
  /** Requests that go elsewhere than to the service itself; in order of precedence. */
  readonly routes?: readonly Route[];
  readonly edge?: EdgePolicy;
}

/** A second pool at the same target, for ports that are balanced in a way of their own (`x-tenfold` of a port). */
export interface OwnPool {
  /** Of the port that it was made for: `6380`, `127.0.0.1_6380`, `*`; unique among those of the target. */
  readonly name: string;
  readonly policy: BalancingPolicy;
}

/** A network of the container engine, and the names that an ambassador has on it. */
export interface NetworkAlias {
  /** The engine's name for it: `demo_default`. */
  readonly network: string;
  readonly aliases: readonly string[];
}

/** A port that the runtime itself publishes, one per replica, as docker compose does. */
export interface DirectPort {
  readonly hostIp: string;
  /** A port or a range such as `8080-8082`; the empty string lets the runtime choose. */
  readonly published: string;
  readonly target: number;
  readonly protocol: 'tcp' | 'udp';
}

/** Compose `healthcheck`, resolved. All times in milliseconds. */
export interface HealthCheck {
  /** First word `CMD` or `CMD-SHELL`, as Compose writes it. */
  readonly test: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** A command run inside a replica at a point of its life (Compose `post_start`, `pre_stop`). */
export interface LifecycleHook {
  readonly command: readonly string[];
  readonly user: string | undefined;
  readonly privileged: boolean;
  readonly workingDir: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

export interface StopPolicy {
  /** Signal name with its prefix: `SIGTERM`. */
  readonly signal: string;
  /** Time between the signal and the kill (Compose `stop_grace_period`). */
  readonly graceMs: number;
  readonly preStop: readonly LifecycleHook[];
}

/** When a replica that ended is started again (Compose `deploy.restart_policy`, else `restart`). */
export interface RestartPolicy {
  readonly condition: 'none' | 'on-failure' | 'any';
  /** Undefined: exponential back-off. */
  readonly delayMs: number | undefined;
  /** Undefined: no limit. */
  readonly maxAttempts: number | undefined;
  /** How long a replica must stay up for the start to count as a success. */
  readonly windowMs: number | undefined;
}

/** One entry under `services:`, resolved, as every part of Tenfold sees it. */
export interface Service {
  readonly name: string;
  /** `container`: has `image` or `build`. `process`: has neither, and a `command`. */
  readonly kind: 'container' | 'process';
  /** Config hash of the resolved service, 64 hex digits (docker compose's own formula). */
  readonly revision: string;
  /** Replicas that the file asks for. */
  readonly replicas: number;
  /** Compose `container_name`: allows one replica only. */
  readonly containerName: string | undefined;
  /** Keeps data in a named volume: published by the runtime, replaced stop-first. */
  readonly isStateful: boolean;
  readonly dependsOn: readonly Dependency[];
  /** Ports inside the replica that the balancer may have to reach; for a process, the first one is `PORT`. */
  readonly targets: readonly number[];
  readonly listeners: readonly Listener[];
  readonly directPorts: readonly DirectPort[];
  /** Targets that a route leads to, of an entrypoint or of any listener. */
  readonly routedTargets?: readonly number[];
  /** Parts of the requests by index of the replica, from 1; 1 where none is given. */
  readonly weights?: readonly number[];
  /** So many replicas, those of the highest indices, are asked only while no other can be; one never is. */
  readonly backups?: number;
  /** Names of the networks it is attached to; two services that share one can reach each other. */
  readonly networks: readonly string[];
  /** Undefined: a port check decides. */
  readonly healthCheck: HealthCheck | undefined;
  readonly postStart: readonly LifecycleHook[];
  readonly stop: StopPolicy;
  readonly restart: RestartPolicy;
  readonly update: UpdatePolicy;
  /** The pace of the way back (Compose `deploy.rollback_config`). */
  readonly rollback: UpdatePolicy;
  readonly rollout: RolloutPolicy;
  readonly balancing: BalancingPolicy;
  /** What carries its listeners on this host; undefined: the embedded proxy. */
  readonly balancer?: 'haproxy';
  /** How the number of replicas follows the load; undefined: it does not. */
  readonly autoscale?: AutoscalePolicy;
  /** When replicas are replaced by their like; undefined: never. */
  readonly recycle: RecyclePolicy | undefined;
  /** Never two at a time, also not while one replaces the other. */
  readonly isSingleton: boolean;
  /** Longest time from start to healthy before a change is called failed. */
  readonly startTimeoutMs: number;
  /** The resolved Compose service in canonical form; a runtime driver reads its own fields from it. */
  readonly config: JsonObject;
}
