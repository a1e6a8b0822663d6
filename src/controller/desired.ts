import type { Stack } from '../model/stack.ts';
import type { Rollout } from '../rollout/rollout.ts';
import type { RevisionRecord } from './revisions.ts';

/** What shall be, for one stack. Kept on disk; changed by commands only. Times are milliseconds since the epoch. */
export interface Desired {
  readonly stack: Stack;
  readonly services: Readonly<Record<string, DesiredService>>;
  /** Host ports of listeners whose file names none, by `listenerId`. */
  readonly assignedPorts: Readonly<Record<string, number>>;
  /** Instances kept out of rotation by hand. */
  readonly drainedInstances: readonly string[];
  /** Replicas of services that the file no longer has. */
  readonly orphans: 'keep' | 'remove';
  /** Set by `down`: once no replica is left, what was made for the stack is removed and the stack forgotten. */
  readonly teardown: { readonly removeVolumes: boolean } | undefined;
  /** Overrides every `stop_grace_period` while services stop. */
  readonly graceMs: number | undefined;
  /** The command that is being carried out, until what it asked for has come about or was undone. */
  readonly change?: ChangeUnderWay | undefined;
}

/** A command at work. What it needs to be undone is on disk with it, so that any daemon can. */
export interface ChangeUnderWay {
  /** Unique over the life of the stack. */
  readonly id: string;
  readonly command: string;
  readonly user: string;
  readonly commandLine: string;
  readonly startedAt: number;
  /** Services whose progress decides. */
  readonly services: readonly string[];
  /** What is restored when it fails; undefined: what has come about stays. */
  readonly before: Omit<Desired, 'change'> | undefined;
  /** Why it is being undone; undefined while it is not. */
  readonly undoing?: string;
}

export interface DesiredService {
  /** `running`: `replicas` of them. `stopped`: stopped and kept. `absent`: removed, or never asked for. */
  readonly phase: 'running' | 'stopped' | 'absent';
  readonly replicas: number;
  /** Who said `replicas`. A command's word holds until the file's own number changes, the autoscaler's for good. */
  readonly source: 'file' | 'command' | 'autoscaler';
  /** The autoscaler leaves the number alone, until a command says otherwise. */
  readonly isAutoscalePaused?: boolean;
  /** What the file said when `replicas` was settled. */
  readonly fileReplicas: number;
  /** Replicas that ended before this time are started again, whatever their exit code. */
  readonly activeSince: number;
  /** Replicas whose run began before this time are to be restarted. */
  readonly renewBefore: number;
  /** Replicas created before this time are to be replaced. */
  readonly recreateBefore: number;
  /** The way to the revision of `stack`, while it lasts. */
  readonly rollout?: Rollout | undefined;
  /** The replica that is being replaced by its like, and the run of it that is to end. */
  readonly recycling?:
    { readonly replicaId: string; readonly startedAt: number; readonly reason: string } | undefined;
  /** Deployments of the service, oldest first. */
  readonly revisions?: readonly RevisionRecord[];
  /** An image given by a command in place of the file's, until the file names another one. */
  readonly imageOverride?: { readonly image: string; readonly fileImage: string } | undefined;
}

/** Name of a listener in the routing table and among the assigned ports. */
export function listenerId(stackName: string, listenerKey: string): string {
  return `${stackName}/${listenerKey}`;
}

/** Name of an entrypoint's listener in the routing table, and of the pool behind its routes. */
export function entrypointId(stackName: string, name: string, port: number): string {
  return `${stackName}/@${name}:${port}`;
}

/** Name of a pool in the routing table; `own` names one beside the service's at the same target. */
export function poolId(stackName: string, service: string, target: number, own?: string): string {
  return `${stackName}/${service}:${target}${own === undefined ? '' : `/${own}`}`;
}

/** Kinds of the stack's services: the runtimes that it needs. */
export function kindsOf({ stack }: Pick<Desired, 'stack'>): ReadonlySet<string> {
  return new Set(Object.values(stack.services).map(({ kind }) => kind));
}
