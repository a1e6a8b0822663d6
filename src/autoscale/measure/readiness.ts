import type { ReplicaSample, ServiceSample } from '../../metrics/metrics-source.ts';

/** Since when a replica is ready, or is not. */
export interface Readiness {
  readonly isReady: boolean;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** By run of a replica. */
export type ReadinessLog = ReadonlyMap<string, Readiness>;

export const noReadiness: ReadinessLog = new Map();

/** The log after another sample. What is seen for the first time is taken to be so since its start. */
export function noteReadiness(before: ReadinessLog, sample: ServiceSample): ReadinessLog {
  return new Map(
    sample.replicas.map((replica) => {
      const { isReady, startedAt } = replica;
      const known = before.get(runOf(replica));
      if (known?.isReady === isReady) return [runOf(replica), known];
      return [runOf(replica), { isReady, changedAt: known === undefined ? startedAt : sample.time }];
    }),
  );
}

/** A replica that was started again is another one. */
export function runOf({ replicaId, startedAt }: Pick<ReplicaSample, 'replicaId' | 'startedAt'>): string {
  return `${replicaId}@${startedAt}`;
}
