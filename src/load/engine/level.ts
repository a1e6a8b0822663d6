import type { LoadShape } from '../scenario/scenario.ts';

/** A stretch of time over which the level (users, or requests per second) is constant or changes evenly. */
export interface Segment {
  /** Milliseconds from the start of the test. */
  readonly startMs: number;
  readonly endMs: number;
  readonly from: number;
  readonly to: number;
}

/** The course of the level; stages of no length only set it. */
export function segmentsOf(shape: LoadShape): Segment[] {
  let level = shape.level;
  let startMs = 0;
  const segments: Segment[] = [];
  for (const stage of shape.stages) {
    const endMs = startMs + stage.durationMs;
    const to = stage.kind === 'hold' ? level : stage.to;
    const from = stage.kind === 'spike' ? to : level;
    if (endMs > startMs) segments.push({ startMs, endMs, from, to });
    if (stage.kind === 'ramp') level = to;
    startMs = endMs;
  }
  return segments;
}

export function lengthMs(segments: readonly Segment[]): number {
  return segments.at(-1)?.endMs ?? 0;
}

/** The level at a time; 0 after the end. */
export function levelAt(segments: readonly Segment[], timeMs: number): number {
  const segment = segments.find(({ endMs }) => timeMs < endMs);
  if (segment === undefined) return 0;
  const { startMs, endMs, from, to } = segment;
  return from + ((to - from) * (timeMs - startMs)) / (endMs - startMs);
}

/**
 * The times at which requests are due when the level is a rate per second: the nth when the area under the rate has
 * reached n. Milliseconds from the start, rising.
 */
export function* arrivalTimes(segments: readonly Segment[]): Generator<number, void, undefined> {
  let due = 0;
  let before = 0;
  for (const { startMs, endMs, from, to } of segments) {
    const lengthMs = endMs - startMs;
    const fromPerMs = from / 1000;
    const slope = (to - from) / 1000 / lengthMs;
    const area = ((from + to) / 2000) * lengthMs;
    // What is due at the very end belongs to the next stretch; the margin is for sums of doubles.
    while (due - before < area - 1e-9) {
      const needed = due - before;
      // The root of slope/2 · t² + from · t = needed, in the form that also holds for a slope of 0.
      const root = Math.sqrt(Math.max(0, fromPerMs * fromPerMs + 2 * slope * needed));
      const divisor = fromPerMs + root;
      yield startMs + (divisor === 0 ? 0 : (2 * needed) / divisor);
      due += 1;
    }
    before += area;
  }
}
