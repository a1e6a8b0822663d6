import type { ReplicaMeasure } from '../live-api.ts';
import { formatShare, plural, shortRevision } from './format.ts';

export interface Bar {
  readonly replicaId: string;
  /** `web-1`, with its revision where a replica of another one has that name too. */
  readonly name: string;
  readonly share: number;
  readonly requestsPerSecond: number;
}

export interface Distribution {
  readonly bars: readonly Bar[];
  readonly largestShare: number;
  /** Said instead of looking. */
  readonly summary: string;
}

/** How the balancer spreads a service's requests; undefined while there are none. */
export function distributionOf(replicas: readonly ReplicaMeasure[]): Distribution | undefined {
  const bars = replicas.flatMap(({ replicaId, instance, revision, share, requestsPerSecond }) => {
    if (share === undefined) return [];
    const isAlone = replicas.every((each) => each.instance !== instance || each.replicaId === replicaId);
    const name = isAlone ? instance : `${instance} ${shortRevision(revision)}`;
    return [{ replicaId, name, share, requestsPerSecond }];
  });
  const [first] = bars;
  if (first === undefined) return undefined;
  const most = bars.reduce((best, bar) => (bar.share > best.share ? bar : best), first);
  const least = bars.reduce((best, bar) => (bar.share < best.share ? bar : best), first);
  const even = formatShare(1 / bars.length);
  const summary =
    bars.length === 1
      ? `${first.name} takes every request.`
      : `${plural(bars.length, 'replica')}, ${even} each if spread evenly: from ${formatShare(least.share)} ` +
        `(${least.name}) to ${formatShare(most.share)} (${most.name}).`;
  return { bars, largestShare: most.share, summary };
}
