import type { AutoscalePolicy } from '../model/autoscale.ts';
import type { MetricFinding } from './decision.ts';
import type { AutoscaleInput } from './reading.ts';
import { findMetric } from './proposal/find-metric.ts';

/** What all metrics together ask for. */
export type Recommended =
  | { readonly kind: 'known'; readonly replicas: number; readonly text: string; readonly isIdle: boolean }
  /** Too little is known to go by it. */
  | { readonly kind: 'unknown'; readonly text: string };

/** What each metric of the policy asks for, in its order. */
export function findAll(policy: AutoscalePolicy, input: AutoscaleInput): readonly MetricFinding[] {
  return policy.metrics.map((_target, position) => findMetric(position, policy, input));
}

/**
 * The metric that asks for most wins. While one of them is not known, the others can ask for more replicas, and not for
 * fewer. Source: Kubernetes HPA, "Scaling on multiple metrics".
 */
export function recommend(findings: readonly MetricFinding[], current: number): Recommended {
  const unknown = findings.filter(({ replicas }) => replicas === undefined);
  const winner = highest(findings);
  if (winner === undefined) return { kind: 'unknown', text: unknown.map(({ text }) => text).join('; ') };
  if (unknown.length > 0 && winner.replicas < current) {
    const texts = unknown.map(({ text }) => text).join('; ');
    return { kind: 'unknown', text: `${winner.text}, but ${texts}` };
  }
  return { kind: 'known', replicas: winner.replicas, text: winner.text, isIdle: false };
}

/**
 * The same for a service that may go to zero: it does when nobody asks anything of it, and no query wants a replica. From
 * zero, a request that waits asks for one replica; so does one that came in the window, as it may have found none.
 */
export function recommendFromZero(
  findings: readonly MetricFinding[],
  { current, service }: AutoscaleInput,
): Recommended {
  const queries = findings.filter(({ kind }) => kind === 'prometheus');
  if (current > 0) {
    const isTrafficIdle =
      service !== undefined &&
      service.requestsPerSecond === 0 &&
      service.waiting + service.waitingNow === 0 &&
      service.replicas.every(({ inFlight = 0 }) => inFlight === 0);
    if (isTrafficIdle && queries.every(({ replicas }) => replicas === 0))
      return { kind: 'known', replicas: 0, text: 'nothing was asked of it', isIdle: true };
    const busy = recommend(isTrafficIdle && queries.length > 0 ? queries : findings, current);
    return busy.kind === 'unknown' ? busy : { ...busy, replicas: Math.max(1, busy.replicas) };
  }
  const asked = recommend(queries, current);
  const wanted = asked.kind === 'known' ? asked.replicas : 0;
  const isAsked = service !== undefined && (service.waitingNow > 0 || (service.requestsPerSecond ?? 0) > 0);
  if (wanted > 0 && asked.kind === 'known') return asked;
  if (isAsked) {
    const { waitingNow } = service;
    const who =
      waitingNow === 0
        ? 'requests came'
        : waitingNow === 1
          ? '1 request waits'
          : `${waitingNow} requests wait`;
    return { kind: 'known', replicas: 1, text: `${who} for a first replica`, isIdle: false };
  }
  return { kind: 'known', replicas: 0, text: 'nothing is asked of it', isIdle: true };
}

function highest(findings: readonly MetricFinding[]): (MetricFinding & { replicas: number }) | undefined {
  let winner: (MetricFinding & { replicas: number }) | undefined;
  for (const finding of findings) {
    const { replicas } = finding;
    if (replicas !== undefined && (winner === undefined || replicas > winner.replicas))
      winner = { ...finding, replicas };
  }
  return winner;
}
