import type { Check } from './check.ts';
import type { Threshold } from './threshold.ts';

/** A part of the course of the load. */
export type Stage =
  /** The level changes evenly. */
  | { readonly kind: 'ramp'; readonly durationMs: number; readonly to: number }
  /** It stays. */
  | { readonly kind: 'hold'; readonly durationMs: number }
  /** It jumps, and is afterwards what it was before. */
  | { readonly kind: 'spike'; readonly durationMs: number; readonly to: number };

/** How much load, and when. */
export interface LoadShape {
  /** `open`: levels are requests per second. `closed`: levels are users at a time. */
  readonly model: 'open' | 'closed';
  /** Before the first stage. */
  readonly level: number;
  readonly stages: readonly Stage[];
}

/** How long a user thinks after an answer, milliseconds; evenly spread when the two differ. */
export interface ThinkTime {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ScenarioRequest {
  readonly name: string;
  /** Share among the requests: one of weight 3 is sent three times as often as one of weight 1. */
  readonly weight: number;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly checks: readonly Check[];
  readonly think: ThinkTime;
  readonly timeoutMs: number;
}

/** A load test, ready to be run against a target. */
export interface Scenario {
  readonly name: string;
  /** A URL or the name of a service; undefined: the command line says it. */
  readonly target: string | undefined;
  readonly shape: LoadShape;
  /** At least one. */
  readonly requests: readonly ScenarioRequest[];
  readonly thresholds: readonly Threshold[];
  /** For the open model. */
  readonly maxInFlight: number;
}

export const defaultTimeoutMs = 30_000;
export const defaultMaxInFlight = 1000;
