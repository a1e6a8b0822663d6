import type { ReplicaMeasure } from '../live-api.ts';
import { formatShare, plural } from './format.ts';

export interface Distribution {
  readonly bars: readonly { readonly instance: string; readonly share: number }[];
  readonly largestShare: number;
  /** Said instead of looking. */
  readonly summary: string;
}

/** How the balancer spreads a service's requests; undefined while there are none. */
export function distributionOf(replicas: readonly ReplicaMeasure[]): Distribution | undefined {
  const bars = replicas.flatMap(({ instance, share }) => (share === undefined ? [] : [{ instance, share }]));
  const [first] = bars;
  if (first === undefined) return undefined;
  const most = bars.reduce((best, bar) => (bar.share > best.share ? bar : best), first);
  const least = bars.reduce((best, bar) => (bar.share < best.share ? bar : best), first);
  const even = formatShare(1 / bars.length);
  const summary =
    bars.length === 1
      ? `${first.instance} takes every request.`
      : `${plural(bars.length, 'replica')}, ${even} each if spread evenly: from ${formatShare(least.share)} ` +
        `(${least.instance}) to ${formatShare(most.share)} (${most.instance}).`;
  return { bars, largestShare: most.share, summary };
}
