import type { ChangeRequest, UpRequest } from './control-api.ts';
import type { RevisionOutcome, RevisionTraffic } from '../controller/revisions.ts';
import type { RolloutStrategy } from '../model/rollout.ts';
import type { RolloutPhase } from '../rollout/rollout.ts';

/* The part of the control API that is about deployments; its routes stand in control-api.ts. */

/** `up` of the named services alone, with another image or strategy where one is given. */
export interface DeployRequest extends UpRequest {
  /** By service; held until the file's own image changes. */
  readonly images: Readonly<Record<string, string>>;
  /** In place of the services' own. */
  readonly strategy?: RolloutStrategy;
}

/** What a person says to rollouts that are under way; `undo` goes back to a revision that ran before. */
export interface RolloutRequest extends ChangeRequest {
  readonly action: 'pause' | 'resume' | 'promote' | 'abort' | 'undo';
  /** Undefined: all that it can apply to. */
  readonly services?: readonly string[];
  /** `undo`: a number of the history, or the beginning of a revision. */
  readonly to?: string;
  /** `promote`: all of the way, not only the next step. */
  readonly isWhole?: boolean;
}

/** `GET rollouts`: where each service stands, and how it came there. */
export interface RolloutStatus {
  readonly service: string;
  readonly revision: string;
  readonly strategy: RolloutStrategy;
  readonly rollout?: RolloutProgress;
  /** Oldest first. */
  readonly history: readonly RevisionStatus[];
}

export interface RolloutProgress {
  readonly strategy: RolloutStrategy;
  readonly from: string;
  readonly to: string;
  readonly isRollback: boolean;
  readonly phase: RolloutPhase;
  readonly startedAt: number;
  readonly phaseSince: number;
  /** The command that runs now, and that the rollout waits for. */
  readonly hook?: 'before_switch' | 'after_switch';
  /** Blue-green: when the old set goes. */
  readonly keepUntil?: number;
  /** Canary: the part of the requests that the new revision gets, and the steps. */
  readonly share?: number;
  readonly step?: number;
  readonly shares?: readonly number[];
  readonly pause?: { readonly by: 'person' | 'failure'; readonly reason: string; readonly since: number };
  readonly failures: readonly string[];
  /** What the comparison with the old revision says. */
  readonly verdict?: string;
  /** Replicas that serve, of the new revision and of any other. */
  readonly fresh: number;
  readonly stale: number;
  readonly replicas: number;
}

export interface RevisionStatus {
  readonly number: number;
  readonly revision: string;
  readonly image?: string;
  readonly isCurrent: boolean;
  readonly startedAt: number;
  readonly durationMs?: number;
  readonly user: string;
  readonly command: string;
  readonly outcome: RevisionOutcome;
  readonly reason?: string;
  /** What the replica printed last that was the reason: a line that names it, and its lines. */
  readonly lastOutput?: readonly string[];
  readonly traffic?: RevisionTraffic;
}

/** In a change's report: a service that it moved to another revision. */
export interface RolloutReport {
  readonly service: string;
  /** Number of its record in the service's history. */
  readonly number: number;
  readonly strategy: RolloutStrategy;
  readonly from: string;
  readonly to: string;
  readonly outcome: RevisionOutcome;
}
