import type { ChangeReport } from '../../daemon/control-api.ts';
import type { RolloutReport } from '../../daemon/rollout-api.ts';
import { formatElapsed } from './durations.ts';
import { shortRevision } from './render-services.ts';
import type { Style } from './style.ts';

type ServiceChange = ChangeReport['services'][number];

/** `3 → 5 replicas in 1.2 s · 412 requests, 0 failed, 3 drained, 0 forced`. */
export function renderReport(report: ChangeReport, style: Style): string {
  const parts = [`${describeChange(report)} in ${formatElapsed(report.durationMs)}`];
  if (hadTraffic(report)) parts.push(describeTraffic(report.traffic, style));
  return parts.join(style.dim(' · '));
}

function hadTraffic({ traffic, services }: ChangeReport): boolean {
  return traffic.requests > 0 || traffic.failed > 0 || services.some(({ before }) => before > 0);
}

function describeChange({ command, hasChanged, services, rollouts = [] }: ChangeReport): string {
  if (rollouts.length > 0) return rollouts.map(describeRollout).join(', ');
  if (!hasChanged) return 'nothing to change: everything is so already';
  const moved = services.filter(({ before, after }) => before !== after);
  const [only] = moved;
  if (only === undefined) return `${command} done`;
  if (services.length === 1) return `${counts(only)} ${only.after === 1 ? 'replica' : 'replicas'}`;
  return `${moved.map((each) => `${each.service} ${counts(each)}`).join(', ')} replicas`;
}

function describeRollout({ service, from, to, strategy }: RolloutReport): string {
  return `${service} ${shortRevision(from)} → ${shortRevision(to)} (${strategy})`;
}

function counts({ before, after }: ServiceChange): string {
  return `${before} → ${after}`;
}

function describeTraffic(traffic: ChangeReport['traffic'], style: Style): string {
  const { requests, failed, retried, drained, forced, forcedStreams, failures } = traffic;
  const kinds = Object.entries(failures).filter(([, count]) => count > 0);
  const failedText =
    `${failed} failed` +
    (kinds.length === 0 ? '' : ` (${kinds.map(([kind, n]) => `${n} ${kind}`).join(', ')})`);
  return [
    `${requests} ${requests === 1 ? 'request' : 'requests'}`,
    failed > 0 ? style.bad(failedText) : style.good(failedText),
    ...(retried > 0 ? [`${retried} retried`] : []),
    `${drained} drained`,
    forced > 0
      ? style.doubtful(`${forced} forced${ofThemStreams(forced, forcedStreams)}`)
      : `${forced} forced`,
  ].join(', ');
}

function ofThemStreams(forced: number, streams: number): string {
  if (streams === 0) return '';
  return streams === forced ? ' (streams)' : ` (${streams} of them streams)`;
}
