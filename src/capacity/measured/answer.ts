import type { CapacityFit } from '../fit/choose-model.ts';
import { replicasFor } from '../fit/knee.ts';
import type { Limit } from '../limit.ts';
import type { Bench, Observation } from './bench.ts';

/** How many replicas for so much, answered so fast? */
export interface Question {
  readonly ratePerSecond: number;
  /** Undefined: any latency will do that does not grow without end. */
  readonly p95Ms: number | undefined;
}

export type Answer =
  /** So many are enough: they were loaded with the rate, and held it. */
  | { readonly kind: 'enough'; readonly replicas: number; readonly p95Ms: number }
  /** So many should be enough by the curve; it is more than was measured. */
  | { readonly kind: 'predicted'; readonly replicas: number; readonly throughput: number }
  /** No number of replicas reaches the rate. */
  | { readonly kind: 'limited'; readonly limit: Limit; readonly highestRate: number }
  /** An idle service already takes longer. */
  | { readonly kind: 'too slow'; readonly idleP95Ms: number }
  /** The rate is reached, but not the latency, with as many as were tried. */
  | { readonly kind: 'slow under load'; readonly replicas: number; readonly p95Ms: number };

export interface AnswerContext {
  readonly bench: Bench;
  readonly question: Question;
  readonly evaluated: { readonly fit: CapacityFit; readonly limit: Limit };
  readonly idleMs: { readonly p95: number };
  readonly maxReplicas: number;
  readonly stepMs: number;
  readonly stop: AbortSignal;
  readonly tell: (message: string) => void;
}

const heldShare = 0.95;
const toleratedFailures = 0.01;

/** Works the answer out from the curve and tries it where it can. Undefined: interrupted before there was one. */
export async function answerQuestion(context: AnswerContext): Promise<Answer | undefined> {
  const { question, evaluated, idleMs, maxReplicas } = context;
  const { ratePerSecond, p95Ms } = question;
  const { model } = evaluated.fit;
  if (p95Ms !== undefined && idleMs.p95 > p95Ms) return { kind: 'too slow', idleP95Ms: idleMs.p95 };
  const replicas = replicasFor(model, ratePerSecond);
  if (replicas === undefined) {
    const { limit } = evaluated;
    const highestRate = 'ceiling' in limit ? limit.ceiling : (model.ceiling ?? model.predict(maxReplicas));
    return { kind: 'limited', limit, highestRate };
  }
  if (replicas > maxReplicas) return { kind: 'predicted', replicas, throughput: model.predict(replicas) };
  return tryFrom(replicas, context);
}

/** Loads with the very rate that was asked for; where that is not held, one replica more may do it. */
async function tryFrom(first: number, context: AnswerContext): Promise<Answer | undefined> {
  const { bench, question, evaluated, maxReplicas, stepMs, stop, tell } = context;
  const { ratePerSecond, p95Ms } = question;
  let seen: Observation | undefined;
  for (let replicas = first; replicas <= maxReplicas; replicas += 1) {
    if (stop.aborted) return undefined;
    tell(
      `${replicas === 1 ? '1 replica' : `${replicas} replicas`} under ${ratePerSecond} requests per second`,
    );
    await bench.scaleTo(replicas);
    seen = await bench.loadRate(ratePerSecond, stepMs);
    const isHeld = seen.throughput >= ratePerSecond * heldShare && seen.failedShare <= toleratedFailures;
    if (isHeld && seen.p95Ms <= (p95Ms ?? Number.POSITIVE_INFINITY)) {
      return stop.aborted ? undefined : { kind: 'enough', replicas, p95Ms: seen.p95Ms };
    }
  }
  if (stop.aborted || seen === undefined) return undefined;
  const isRateHeld = seen.throughput >= ratePerSecond * heldShare;
  if (isRateHeld) return { kind: 'slow under load', replicas: maxReplicas, p95Ms: seen.p95Ms };
  const { limit, fit } = evaluated;
  // The curve promised it and the try did not hold it; where replicas add up, more of them still can.
  if (limit.kind === 'replica') {
    return { kind: 'predicted', replicas: maxReplicas + 1, throughput: fit.model.predict(maxReplicas + 1) };
  }
  return { kind: 'limited', limit, highestRate: seen.throughput };
}
