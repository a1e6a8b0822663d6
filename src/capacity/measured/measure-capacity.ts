import { formatShare } from '../../load/report/format.ts';
import { TenfoldError, isTenfoldError } from '../../shared/errors.ts';
import { fitCapacity } from '../fit/choose-model.ts';
import { kneeOf } from '../fit/knee.ts';
import { nameLimit, type CapacityStep } from '../limit.ts';
import type { Question } from './answer.ts';
import { answerQuestion } from './answer.ts';
import type { Bench } from './bench.ts';
import type { MeasuredCapacity } from './measured-capacity.ts';
import { findSaturatingUsers } from './saturate.ts';
import { sizesUpTo } from './sizes.ts';

/** A step must see this many rounds of its users, or its throughput is a matter of luck. */
const roundsPerStep = 12;
const longestStepMs = 60_000;
const mostUsers = 2000;
/** A single user whose requests fail so often asks for the wrong thing. */
const brokenShare = 0.5;

export interface CapacityOptions {
  readonly maxReplicas: number;
  /** How long each number of replicas is loaded, milliseconds; longer where answers take long. */
  readonly stepMs: number;
  readonly question: Question | undefined;
  /** Ends the measurement early; what there is, is evaluated. */
  readonly stop: AbortSignal;
  readonly onProgress: (message: string, steps: readonly CapacityStep[]) => void;
}

/**
 * Loads a service with one replica after the other, fits the curve, names the limit and answers the question. However it
 * ends, the service has as many replicas afterwards as it had before. Throws `usage` when a single user is not answered.
 */
export async function measureCapacity(bench: Bench, options: CapacityOptions): Promise<MeasuredCapacity> {
  const steps: CapacityStep[] = [];
  const found = bench.replicas;
  // One that may not be scaled at all has not been.
  let isRefused = false;
  try {
    return await measure(bench, options, steps);
  } catch (thrown) {
    isRefused = steps.length === 0 && isTenfoldError(thrown, 'invalid-scale');
    throw thrown;
  } finally {
    if (!isRefused) {
      options.onProgress(`back to ${replicasWord(found)}`, steps);
      await bench.scaleTo(found);
    }
  }
}

async function measure(
  bench: Bench,
  options: CapacityOptions,
  steps: CapacityStep[],
): Promise<MeasuredCapacity> {
  const { maxReplicas, stop, question } = options;
  const tell = (message: string): void => options.onProgress(message, steps);
  tell('1 replica');
  await bench.scaleTo(1);
  tell('1 replica, one user: how long an answer takes on an idle service');
  const idle = await bench.loadUsers(1, options.stepMs);
  if (idle.failedShare > brokenShare) throw failsWhenIdle(idle.failedShare);
  const stepMs = Math.min(longestStepMs, Math.max(options.stepMs, idle.p95Ms * roundsPerStep));
  tell('1 replica: how many users it takes to saturate it');
  const users = stop.aborted ? 0 : await findSaturatingUsers(bench, Math.max(stepMs / 2, 1), stop);
  for (const replicas of sizesUpTo(maxReplicas)) {
    if (stop.aborted) break;
    if (replicas > 1) {
      tell(`scaling to ${replicasWord(replicas)}`);
      await bench.scaleTo(replicas);
    }
    const allUsers = Math.min(mostUsers, users * replicas);
    tell(`${replicasWord(replicas)}, ${allUsers} users`);
    const seen = await bench.loadUsers(allUsers, stepMs);
    if (!stop.aborted) steps.push({ replicas, users: allUsers, ...seen });
  }
  const evaluated = evaluate(steps, bench.cores);
  const idleMs = { p50: idle.p50Ms, p95: idle.p95Ms };
  if (question === undefined || evaluated === undefined || stop.aborted) {
    return { steps, idleMs, isInterrupted: stop.aborted, ...(evaluated === undefined ? {} : { evaluated }) };
  }
  const answer = await answerQuestion({
    bench,
    question,
    evaluated,
    idleMs,
    maxReplicas,
    stepMs,
    stop,
    tell,
  });
  return {
    steps,
    idleMs,
    isInterrupted: stop.aborted,
    evaluated,
    ...(answer === undefined ? {} : { answer }),
  };
}

/** Undefined with fewer than two steps: a curve needs them. */
function evaluate(steps: readonly CapacityStep[], cores: number): MeasuredCapacity['evaluated'] {
  const fit = fitCapacity(steps);
  if (fit === undefined) return undefined;
  return { fit, limit: nameLimit({ steps, fit, cores }), knee: kneeOf(fit.model) };
}

function failsWhenIdle(failedShare: number): TenfoldError {
  return new TenfoldError('usage', 'the service does not answer one user on one replica', {
    expected: 'a path that is answered with a status below 400',
    got: `${formatShare(failedShare)} of the requests failed`,
    hint: '`--path` says what to ask for',
  });
}

function replicasWord(replicas: number): string {
  return replicas === 1 ? '1 replica' : `${replicas} replicas`;
}
