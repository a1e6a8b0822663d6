import type { ChangeReport, PlannedOperation } from '../../daemon/control-api.ts';
import { formatDuration, plural } from './format.ts';

/** `3 replicas start`, in the order of a replica's life. */
const words: readonly (readonly [kind: string, one: string, many: string])[] = [
  ['prepare', 'service is prepared', 'services are prepared'],
  ['open', 'port is opened', 'ports are opened'],
  ['start', 'replica starts', 'replicas start'],
  ['enter', 'enters rotation', 'enter rotation'],
  ['drain', 'leaves rotation once its requests are done', 'leave rotation once their requests are done'],
  ['stop', 'is stopped', 'are stopped'],
  ['remove', 'is removed', 'are removed'],
  ['close', 'port is closed', 'ports are closed'],
  ['teardown', 'network is removed', 'networks are removed'],
];

/** What a plan comes to, in a few words: `2 replicas start, 2 enter rotation`. */
export function summarisePlan(operations: readonly PlannedOperation[]): string {
  if (operations.length === 0) return 'Nothing has to be done: everything is so already.';
  const known = words.flatMap(([kind, one, many]) => {
    const count = operations.filter((operation) => operation.kind === kind).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  const others = operations.filter(({ kind }) => words.every(([word]) => word !== kind));
  const [first = '', ...rest] = [...known, ...others.map(({ kind, service }) => `${kind} ${service}`)];
  // The first says of what; those that follow are understood.
  const named = /^\d+ (enters?|leaves?|is|are)\b/.test(first)
    ? first.replace(/^(\d+)/, (count) => plural(Number(count), 'replica'))
    : first;
  return `${[named, ...rest].join(', ')}.`;
}

/** What a change that is done came to. */
export function summariseReport(report: ChangeReport | undefined): string {
  // What takes effect at once has no report.
  if (report === undefined) return 'Done.';
  if (!report.hasChanged) return 'Everything was so already.';
  const moved = report.services
    .filter(({ before, after }) => before !== after)
    .map(({ service, before, after }) => `${service} went from ${before} to ${after}`);
  const { requests, drained, forced, failed } = report.traffic;
  const traffic =
    requests === 0
      ? []
      : [
          `${plural(requests, 'request')} meanwhile, ${failed === 0 ? 'none failed' : `${failed} failed`}` +
            (drained === 0 ? '' : `, ${drained} drained`) +
            (forced === 0 ? '' : `, ${forced} cut off`),
        ];
  const took = `Done in ${formatDuration(report.durationMs)}`;
  return `${[took, ...moved, ...traffic].join('; ')}.`;
}
