import type { ProofRequest } from './proof-request.ts';

/** Milliseconds from the start of the load. */
export interface Gap {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The longest time within which no good answer came: between two of them, before the first or after the last. At a
 * rate of 10 per second, 100 ms are no gap at all.
 */
export function longestGap(requests: readonly ProofRequest[], elapsedMs: number): Gap {
  const good = requests.filter(({ fault }) => fault === undefined).map(({ endedMs }) => endedMs);
  // What ends the run late is a request that went wrong; without one, the run is over with its last good answer.
  const lastEndMs = requests.reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  const endMs = good.length === 0 ? elapsedMs : Math.min(elapsedMs, lastEndMs);
  let longest: Gap = { startMs: 0, endMs: 0 };
  let startMs = 0;
  for (const each of [...good.toSorted((a, b) => a - b), endMs]) {
    if (each - startMs > longest.endMs - longest.startMs) longest = { startMs, endMs: each };
    startMs = each;
  }
  return longest;
}
