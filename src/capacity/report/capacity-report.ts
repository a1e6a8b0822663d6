import type { CapacityStep, Limit } from '../limit.ts';
import type { Answer, Question } from '../measured/answer.ts';
import type { MeasuredCapacity } from '../measured/measured-capacity.ts';
import { describeAnswer, describeLimit } from './words.ts';

/** What a measurement found, as `--json` prints it. */
export interface CapacityReport {
  readonly stack: string;
  readonly service: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly isInterrupted: boolean;
  readonly idleMs: { readonly p50: number; readonly p95: number };
  /** `predicted` is what the curve says of the same number of replicas. */
  readonly steps: readonly (CapacityStep & { readonly predicted: number | null })[];
  /** Null when too little was measured. */
  readonly fit: {
    readonly sigma: number;
    readonly kappa: number;
    /** Answers per second of one replica. */
    readonly lambda: number;
    /** The curve that predicts: the Universal Scalability Law, or a plain bend. */
    readonly model: 'usl' | 'ceiling';
    /** Answers per second that no number of replicas exceeds; null: no such limit. */
    readonly ceiling: number | null;
    readonly relativeError: number;
  } | null;
  readonly limit: (Limit & { readonly words: string }) | null;
  readonly knee: number | null;
  readonly question: Question | null;
  readonly answer: (Answer & { readonly words: string }) | null;
  /** The curve, for plots: up to twice as many replicas as were measured. */
  readonly curve: readonly { readonly replicas: number; readonly throughput: number }[];
}

export interface CapacitySubject {
  readonly stack: string;
  readonly service: string;
  readonly path: string;
  readonly startedAt: number;
  readonly question: Question | undefined;
}

export function buildCapacityReport(measured: MeasuredCapacity, subject: CapacitySubject): CapacityReport {
  const { steps, idleMs, isInterrupted, evaluated, answer } = measured;
  const { question } = subject;
  const model = evaluated?.fit.model;
  const highest = Math.max(1, ...steps.map(({ replicas }) => replicas));
  return {
    ...subject,
    isInterrupted,
    idleMs,
    steps: steps.map((step) => ({ ...step, predicted: model?.predict(step.replicas) ?? null })),
    fit:
      evaluated === undefined
        ? null
        : {
            ...evaluated.fit.usl,
            model: evaluated.fit.model.kind,
            ceiling: evaluated.fit.model.ceiling ?? null,
            relativeError: evaluated.fit.relativeError,
          },
    limit: evaluated === undefined ? null : { ...evaluated.limit, words: describeLimit(evaluated.limit) },
    knee: evaluated?.knee ?? null,
    question: question ?? null,
    answer:
      answer === undefined || question === undefined
        ? null
        : { ...answer, words: describeAnswer(answer, question) },
    curve:
      model === undefined
        ? []
        : Array.from({ length: highest * 2 }, (_, index) => ({
            replicas: index + 1,
            throughput: model.predict(index + 1),
          })),
  };
}
