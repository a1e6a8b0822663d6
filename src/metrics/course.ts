import type { MetricsHistory } from './history/history.ts';
import { type MetricsStore, windowMs } from './metrics-store.ts';
import { ratesBetween, type ServiceRates } from './rates.ts';
import { tierFor } from './history/tier.ts';
import { type PackedSample, unpackSample } from './window/packed-sample.ts';

export interface CourseQuery {
  readonly stack: string;
  /** Undefined: all that were measured. */
  readonly services: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Time from one point to the next; longer where that would make too many points, or none is known so finely. */
  readonly stepMs: number;
}

const maxPoints = 720;

export interface Course {
  readonly stepMs: number;
  readonly services: readonly { readonly service: string; readonly points: readonly ServiceRates[] }[];
}

/** How each service went between two times, from memory for the last quarter of an hour and from disk for what was before. */
export async function readCourse(
  query: CourseQuery,
  { store, history }: { readonly store: MetricsStore; readonly history: MetricsHistory },
  now: number,
): Promise<Course> {
  const { stack, from, to } = query;
  const isWanted = (service: string): boolean => query.services?.includes(service) ?? true;
  const isRecent = now - from <= windowMs;
  const finestMs = isRecent ? 1_000 : (tierFor(from, now)?.everyMs ?? 1_000);
  const stepMs = Math.max(query.stepMs, finestMs, Math.ceil((to - from) / maxPoints / 1_000) * 1_000);
  const old = isRecent
    ? []
    : await history.read(from, to, now, (layout) => layout.stack === stack && isWanted(layout.service));
  const byService = Map.groupBy(old, ({ layout }) => layout.service);
  const names = new Set([...store.servicesOf(stack).filter(isWanted), ...byService.keys()]);
  return {
    stepMs,
    services: [...names].map((service) => {
      const earlier = byService.get(service) ?? [];
      const since = (earlier.at(-1)?.time ?? from - 1) + 1;
      const samples = [...earlier, ...store.packedBetween(stack, service, since, to)];
      return { service, points: pointsOf(samples, stepMs) };
    }),
  };
}

/** Rates over what has passed since the sample so many milliseconds before the newest; undefined when there is none. */
export function currentRates(
  store: MetricsStore,
  stack: string,
  service: string,
  overMs: number,
): ServiceRates | undefined {
  const latest = store.latest(stack, service);
  if (latest === undefined) return undefined;
  const [first] = store.packedBetween(stack, service, latest.time - overMs, latest.time);
  return first === undefined ? undefined : ratesBetween(unpackSample(first), latest);
}

/** A longer gap, or one of so many steps, is shown as one: what happened in it is in no point. */
const gapSteps = 5;
const gapMs = 30_000;

function pointsOf(samples: readonly PackedSample[], stepMs: number): readonly ServiceRates[] {
  const chosen: PackedSample[] = [];
  // Samples do not come on the dot.
  const leastMs = stepMs - Math.min(500, stepMs / 2);
  for (const sample of samples) {
    if (sample.time - (chosen.at(-1)?.time ?? -Infinity) >= leastMs) chosen.push(sample);
  }
  const unpacked = chosen.map(unpackSample);
  return unpacked.flatMap((later, index) => {
    const earlier = unpacked[index - 1];
    return earlier === undefined || later.time - earlier.time > Math.max(gapMs, gapSteps * stepMs)
      ? []
      : [ratesBetween(earlier, later)];
  });
}
