import type { ServiceStatus, StackEvent } from '../daemon/control-api.ts';
import type { Measurement } from '../load/engine/run-load.ts';
import { formatCount, formatMs } from '../load/report/format.ts';
import { courseOf } from './measure/course.ts';
import { longestGap } from './measure/longest-gap.ts';
import { latenciesOf, measurePhases, summariseLatencies } from './measure/phases.ts';
import type { ProofRequest, RequestLog } from './measure/proof-request.ts';
import { rotationCourse, type ProofEvent } from './measure/rotation-course.ts';
import type { Objective } from './objective.ts';
import type { ProofLoad } from './proof-load.ts';
import type { ProofReport, ProvedChange } from './proof-report.ts';
import { reachVerdict, spanOf } from './verdict.ts';

/** Lag of the generator that changes what is read from the figures, milliseconds. */
const notableLagMs = 20;

/** All that was seen of a run. */
export interface Findings {
  readonly stack: string;
  readonly target: string;
  readonly command: string;
  /** Milliseconds since the epoch; the zero of the run. */
  readonly startedAt: number;
  readonly load: ProofLoad;
  readonly objectives: readonly Objective[];
  readonly log: RequestLog;
  readonly measurement: Measurement;
  readonly change: ProvedChange;
  readonly events: readonly StackEvent[];
  readonly wasSteady: boolean;
  readonly before: ServiceStatus;
  /** Undefined: the service is gone, or nobody could say. */
  readonly after: ServiceStatus | undefined;
}

/** Puts what was seen into the form that is printed. */
export function buildProof(findings: Findings): ProofReport {
  const { log, measurement, change, before, after, load, startedAt } = findings;
  const { elapsedMs, isInterrupted } = measurement;
  const { requests, failed, cutOff } = log;
  const gap = longestGap(requests, elapsedMs);
  const traffic = after === undefined ? reportedTraffic(change) : growth(before.traffic, after.traffic);
  const events = findings.events.map(({ time, kind, service, instance, replicaId, message }): ProofEvent => ({
    atMs: time - startedAt,
    kind,
    ...(service === undefined ? {} : { service }),
    ...(instance === undefined ? {} : { instance }),
    ...(replicaId === undefined ? {} : { replicaId }),
    message,
  }));
  const atStart = before.replicas.filter(({ state }) => state === 'in rotation');
  return {
    stack: findings.stack,
    service: before.name,
    target: `${findings.target}${load.path}`,
    command: findings.command,
    startedAt,
    elapsedMs,
    load: { ratePerSecond: load.ratePerSecond, postEvery: load.postEvery },
    isInterrupted,
    requests: { ended: requests.length, good: requests.length - failed, failed, cutOff },
    failures: failuresOf(requests),
    latencyMs: summariseLatencies(latenciesOf(requests)),
    phases: measurePhases(requests, spanOf(change), elapsedMs),
    longestGap: gap,
    change,
    traffic,
    verdict: reachVerdict(findings.objectives, { requests, change, gap, traffic, isInterrupted }),
    replicas: rotationCourse(
      before.name,
      {
        atStart: atStart.map(({ id }) => id),
        atEnd: after === undefined ? undefined : { atMs: elapsedMs, inRotation: after.inRotation },
      },
      events,
    ),
    events,
    course: courseOf(requests, elapsedMs),
    remarks: remarksOn(findings),
  };
}

function failuresOf(requests: readonly ProofRequest[]): ProofReport['failures'] {
  const kinds = new Map<string, { count: number; example: string | undefined }>();
  for (const { fault } of requests) {
    if (fault === undefined) continue;
    const kind = kinds.get(fault.words) ?? { count: 0, example: fault.example };
    kind.count += 1;
    kinds.set(fault.words, kind);
  }
  return [...kinds]
    .map(([failure, { count, example }]) => ({
      failure,
      count,
      ...(example === undefined ? {} : { example }),
    }))
    .toSorted((a, b) => b.count - a.count);
}

type Traffic = ServiceStatus['traffic'];

/** A daemon that was started anew counts from zero. */
function growth(before: Traffic, after: Traffic): Traffic {
  const grown = (key: keyof Traffic): number =>
    after[key] < before[key] ? after[key] : after[key] - before[key];
  return { drained: grown('drained'), forced: grown('forced'), retried: grown('retried') };
}

/** Of a service that is gone, only the change itself can say. */
function reportedTraffic(change: ProvedChange): Traffic | undefined {
  if (change.kind === 'not begun' || change.report === undefined) return undefined;
  const { drained, forced, retried } = change.report.traffic;
  return { drained, forced, retried };
}

function remarksOn({ measurement, log, change, wasSteady }: Findings): string[] {
  const { recorder, isInterrupted, elapsedMs } = measurement;
  const [lagMs = 0] = recorder.lag.percentilesMs([99]);
  const remarks: string[] = [];
  if (isInterrupted) {
    const rest =
      log.cutOff === 0
        ? ''
        : `, with ${formatCount(log.cutOff)} requests in flight, which count nowhere else`;
    remarks.push(`it was ended early, after ${formatMs(elapsedMs)}${rest}`);
  }
  if (!wasSteady) remarks.push('the stack was still at work when the load began');
  if (change.kind === 'begun') remarks.push(...(change.report?.warnings ?? []));
  if (lagMs > notableLagMs) {
    remarks.push(
      `this machine could not keep the schedule: 1 % of the requests went out more than ${formatMs(lagMs)} late, ` +
        'which is part of their latency',
    );
  }
  return remarks;
}
