/** One resolution of the history. Counters only grow, so a sample of many is as exact as all of them. */
export interface Tier {
  readonly name: string;
  readonly everyMs: number;
  readonly keptMs: number;
  /** A file holds so much time; the oldest file is removed as a whole. */
  readonly fileMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Finest first. */
export const tiers: readonly Tier[] = [
  { name: '10s', everyMs: 10_000, keptMs: hourMs, fileMs: 15 * minuteMs },
  { name: '1m', everyMs: minuteMs, keptMs: 24 * hourMs, fileMs: 2 * hourMs },
];

/** The finest that reaches back to the time, else the one that reaches furthest. */
export function tierFor(from: number, now: number): Tier | undefined {
  return tiers.find(({ keptMs }) => now - from <= keptMs) ?? tiers.at(-1);
}

export interface SegmentName {
  readonly tier: Tier;
  /** When it was begun, milliseconds since the epoch. */
  readonly startedAt: number;
}

export function formatSegmentName({ tier, startedAt }: SegmentName): string {
  return `${tier.name}-${startedAt}.samples`;
}

/** Undefined: no file of ours. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, tierName, time] = /^([0-9]+[sm])-([0-9]+)\.samples$/.exec(name) ?? [];
  const tier = tiers.find((candidate) => candidate.name === tierName);
  return tier === undefined ? undefined : { tier, startedAt: Number(time) };
}
