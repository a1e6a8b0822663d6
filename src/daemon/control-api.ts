import type { RolloutProgress, RolloutReport } from './rollout-api.ts';
import type { ChangeKind } from '../controller/changes.ts';
import type { Stack } from '../model/stack.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { PublishedPort } from '../model/replica.ts';

/*
 * What the CLI and the daemon say to each other: HTTP over a unix socket.
 *
 *   GET  /v1/version                    → VersionReply
 *   GET  /v1/stacks                     → StackStatus[]
 *   GET  /v1/stacks/NAME                → StackStatus
 *   POST /v1/stacks/NAME/up             UpRequest       → stream of ChangeMessage
 *   POST /v1/stacks/NAME/deploy         DeployRequest   → the same
 *   POST /v1/stacks/NAME/rollout        RolloutRequest  → the same
 *   GET  /v1/stacks/NAME/rollouts       → RolloutStatus[]
 *   POST /v1/stacks/NAME/{down,scale,stop,start,restart,kill,drain,undrain}  the request of that name → the same
 *   GET  /v1/stacks/NAME/logs?follow=1&tail=N&since=MS&service=a&service=b   → stream of LogLine
 *   GET  /v1/events?stack=NAME&follow=1&since=MS                             → stream of StackEvent
 *   POST /v1/stacks/NAME/exec?request=JSON of ExecRequest; body is stdin     → stream of ExecMessage
 *   POST /v1/exit                       ends the daemon and the proxy when no stack runs → ExitReply
 *
 * A stream is one JSON object a line. An error is `{error: TenfoldError as JSON}` with status 4xx or 5xx, or, once a
 * stream has begun, its last line. A caller that goes away ends its own stream; a change that was begun goes on.
 */

export interface VersionReply {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly proxyPid: number | undefined;
  /** Where metrics and the status page are, `127.0.0.1:9910`, or why they are not. */
  readonly admin?: { readonly address: string | undefined; readonly reason: string | undefined };
}

export interface ExitReply {
  readonly isExiting: boolean;
  /** Stacks that keep it running. */
  readonly runningStacks: readonly string[];
}

/** Who asked, for the journal. */
export interface Requester {
  readonly user: string;
  /** The command line, as typed. */
  readonly commandLine: string;
}

export interface ChangeRequest {
  readonly requester: Requester;
  /** Only say what would be done. */
  readonly isDryRun?: boolean;
}

export interface UpRequest extends ChangeRequest {
  readonly stack: Stack;
  /** These and what they depend on; undefined means all. */
  readonly services?: readonly string[];
  readonly scale: Readonly<Record<string, number>>;
  /** Forget scales set by hand. */
  readonly resetScale: boolean;
  /** Remove replicas of services that the file no longer has. */
  readonly removeOrphans: boolean;
  /** Take new containers even when nothing changed. */
  readonly forceRecreate: boolean;
}

export interface ScaleRequest extends ChangeRequest {
  readonly scale: Readonly<Record<string, number>>;
}

export interface DownRequest extends ChangeRequest {
  readonly removeVolumes: boolean;
  readonly removeOrphans: boolean;
  /** Overrides every stop_grace_period, milliseconds. */
  readonly graceMs?: number;
}

/** `stop`, `start` and `restart`. */
export interface ServicesRequest extends ChangeRequest {
  readonly services?: readonly string[];
  readonly graceMs?: number;
}

export interface KillRequest extends ChangeRequest {
  /** Services or instances; undefined means all. */
  readonly targets?: readonly string[];
  readonly signal: string;
}

/** `drain` and `undrain`. */
export interface InstanceRequest extends ChangeRequest {
  readonly instance: string;
  /** Drain even the last replica in rotation. */
  readonly isForced?: boolean;
}

export interface ExecRequest {
  /** A service (its lowest running instance is taken) or an instance. */
  readonly target: string;
  readonly command: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly isPrivileged: boolean;
  /** Window size when a terminal is wanted. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export type ExecMessage =
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly base64: string }
  | { readonly type: 'exit'; readonly exitCode: number };

export type EventKind =
  | 'command.started'
  | 'command.finished'
  | 'command.failed'
  | 'progress'
  | 'warning'
  /** The number of replicas was changed, or why it is not has changed. */
  | 'autoscale.scaled'
  | 'autoscale.held'
  | ChangeKind;

/** One entry of the journal. */
export interface StackEvent {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly stack: string;
  readonly kind: EventKind;
  readonly service?: string;
  readonly instance?: string;
  /** Tells two replicas apart that share an instance while one replaces the other. */
  readonly replicaId?: string;
  /** One line for a person: what, and why. */
  readonly message: string;
}

export type ChangeMessage =
  | { readonly type: 'event'; readonly event: StackEvent }
  /** The dry run's answer: `formatPlan()` of what would be done. */
  | { readonly type: 'plan'; readonly text: string; readonly operations: readonly PlannedOperation[] }
  | { readonly type: 'report'; readonly report: ChangeReport };

export interface PlannedOperation {
  readonly kind: string;
  readonly service: string;
  readonly instance?: string;
  readonly cause: string;
}

export interface ChangeReport {
  readonly command: string;
  readonly stack: string;
  readonly durationMs: number;
  /** False: everything was so already. */
  readonly hasChanged: boolean;
  readonly services: readonly { readonly service: string; readonly before: number; readonly after: number }[];
  /** The balancer's own count over the change, for the services it touched. */
  readonly traffic: {
    readonly requests: number;
    readonly drained: number;
    readonly forced: number;
    /** Of those forced: WebSockets, event streams and other long ones, which are closed one by one. */
    readonly forcedStreams: number;
    readonly retried: number;
    readonly failed: number;
    readonly failures: Readonly<Record<string, number>>;
  };
  /** Services that the change moved to another revision. */
  readonly rollouts?: readonly RolloutReport[];
  readonly warnings: readonly string[];
}

export interface StackStatus {
  readonly name: string;
  readonly workingDir: string;
  readonly configFiles: readonly string[];
  readonly phase: 'running' | 'stopped';
  /** Nothing left to do. */
  readonly isSteady: boolean;
  /** What is still to be done, as `formatPlan()` prints it. */
  readonly pending: string;
  readonly services: readonly ServiceStatus[];
  /** Addresses that services share. */
  readonly entrypoints?: readonly EntrypointStatus[];
  readonly runtimes: readonly {
    readonly name: string;
    readonly isReachable: boolean;
    readonly reason?: string;
  }[];
  readonly balancer: { readonly isReachable: boolean; readonly pid?: number; readonly reason?: string };
}

export interface ServiceStatus {
  readonly name: string;
  readonly kind: 'container' | 'process';
  readonly revision: string;
  readonly desired: number;
  readonly fileReplicas: number;
  readonly scaleSource: 'file' | 'command' | 'autoscaler';
  readonly running: number;
  readonly inRotation: number;
  readonly listeners: readonly ListenerStatus[];
  /** All requests that are alike in this go to the same replica; undefined: none do for what they are alike in. */
  readonly affinity?: 'address' | 'path' | 'uri' | 'header' | 'cookie';
  /** The way to another revision, while it lasts; a set that is only kept is a part of it. */
  readonly rollout?: RolloutProgress;
  /** The balancer's counts of requests at replicas that left rotation or failed, since the daemon began to look; they only grow. */
  readonly traffic: { readonly drained: number; readonly forced: number; readonly retried: number };
  readonly replicas: readonly ReplicaStatus[];
}

export interface EntrypointStatus {
  readonly name: string;
  readonly hostIp: string;
  readonly port: number;
  /** Clients begin with TLS. */
  readonly isSecure?: boolean;
  readonly isOpen: boolean;
  /** In the order in which they are tried. */
  readonly routes: readonly RouteStatus[];
  readonly requests: number;
  readonly failed: number;
}

export interface RouteStatus {
  readonly id: string;
  /** Undefined: it answers by itself. */
  readonly service?: string;
  /** A GET that it takes, and no route before it; without a host or a path, any will do. Undefined: none is known. */
  readonly request?: { readonly host?: string; readonly path?: string };
}

export interface ListenerStatus {
  readonly hostIp: string;
  readonly port: number;
  readonly target: number;
  readonly protocol: 'http' | 'tcp';
  /** Clients begin with TLS. */
  readonly isSecure?: boolean;
  readonly exposure: 'published' | 'internal' | 'network';
  readonly isOpen: boolean;
  /** Of a port that is balanced in a way of its own: instances that it lets take requests now, by their checks. */
  readonly takenBy?: readonly string[];
  /** To other services, in the order in which they are tried. */
  readonly routes?: readonly RouteStatus[];
  readonly requests: number;
  readonly failed: number;
  readonly note?: string;
}

export interface ReplicaStatus {
  readonly instance: string;
  readonly index: number;
  readonly name: string;
  readonly id: string;
  readonly revision: string;
  readonly isObsolete: boolean;
  readonly state:
    | 'created'
    | 'starting'
    | 'healthy'
    | 'in rotation'
    | 'unhealthy'
    | 'ejected'
    | 'draining'
    | 'drained'
    | 'restarting'
    | 'completed'
    | 'exited'
    | 'unknown';
  /** Why it is in that state, where there is more to say. */
  readonly reason?: string;
  readonly startedAt?: number;
  readonly exitCode?: number;
  readonly pid?: number;
  readonly restarts: number;
  readonly endpoints: readonly Endpoint[];
  readonly published: readonly PublishedPort[];
  readonly inFlight: number;
  readonly requests: number;
  readonly failed: number;
}
