import { formatCount, formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import { describeFailure } from '../../prove/change/run-command.ts';
import type { ProofReport } from '../../prove/proof-report.ts';
import { tableOptions, type TableSurroundings } from '../render/render-services.ts';
import { renderFailures, renderObjective } from '../render/render-measured.ts';
import { renderTable } from '../render/table.ts';

/** What a proof found, for a person. */
export function renderProof(report: ProofReport, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const { ratePerSecond, postEvery } = report.load;
  const load = [
    `${formatRate(ratePerSecond)}/s`,
    ...(postEvery === 0 ? [] : [`one in ${postEvery} a POST`]),
    formatMs(report.elapsedMs),
  ];
  return [
    `${style.bold(report.command)}  ${report.target}  ${style.dim(load.join(', '))}`,
    ...summaryLines(report, surroundings),
    '',
    ...phaseLines(report, surroundings),
    ...renderFailures(
      report.failures.map(({ failure, count, example }) => ({ words: failure, count, example })),
      surroundings,
    ),
    '',
    ...verdictLines(report, surroundings),
    ...report.remarks.map((remark) => `${style.doubtful('!')} ${remark}`),
  ];
}

function summaryLines(report: ProofReport, { style }: TableSurroundings): string[] {
  const { requests, longestGap, traffic } = report;
  const failed = `${formatCount(requests.failed)} failed (${formatShare(requests.failed / Math.max(1, requests.ended))})`;
  const line = (name: string, text: string): string => `  ${style.dim(name.padEnd(9))} ${text}`;
  return [
    line(
      'requests',
      [
        formatCount(requests.ended),
        `${formatCount(requests.good)} answered well`,
        requests.failed === 0 ? style.good(failed) : style.bad(failed),
      ].join(', '),
    ),
    line('change', describeChange(report)),
    line(
      'drained',
      traffic === undefined
        ? 'not known'
        : `${formatCount(traffic.drained)} drained, ${formatCount(traffic.forced)} forced, ${formatCount(traffic.retried)} retried`,
    ),
    line(
      'gap',
      `${formatMs(longestGap.endMs - longestGap.startMs)} at most without a good answer, at ${formatMs(longestGap.startMs)}`,
    ),
  ];
}

/** `web 2 → 3 in rotation (never fewer than 2), the command took 1.2 s, steady after 1.3 s`. */
function describeChange({ change, service, replicas }: ProofReport): string {
  if (change.kind === 'not begun') return `not begun: ${change.reason}`;
  const counts = replicas.map(({ inRotation }) => inRotation);
  const fewest = Math.min(...counts);
  return [
    `${service} ${counts[0] ?? 0} → ${counts.at(-1) ?? 0} in rotation (never fewer than ${fewest})`,
    describeFailure(change.ending) ?? `the command took ${formatMs(change.endMs - change.startMs)}`,
    change.steadyMs === undefined
      ? 'never steady'
      : `steady after ${formatMs(change.steadyMs - change.startMs)}`,
  ].join(', ');
}

function phaseLines({ phases }: ProofReport, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const rows = phases.map(({ name, startMs, endMs, requests, failed, latencyMs }) => [
    { text: name, paint: style.bold },
    formatMs(endMs - startMs),
    formatCount(requests),
    { text: formatCount(failed), paint: failed > 0 ? style.bad : style.dim },
    ...[latencyMs.p50, latencyMs.p99, latencyMs.max].map((each) => (each === 0 ? '-' : formatMs(each))),
  ]);
  const titles = ['LENGTH', 'REQUESTS', 'FAILED', 'P50', 'P99', 'MAX'];
  return renderTable(
    [{ title: 'PHASE' }, ...titles.map((title) => ({ title, align: 'right' as const }))],
    rows,
    tableOptions(surroundings),
  );
}

function verdictLines({ verdict }: ProofReport, { style }: TableSurroundings): string[] {
  return [
    ...verdict.objectives.map((objective) => renderObjective(objective, style)),
    verdict.isGood ? style.good('good') : `${style.bad('not good')}: ${verdict.reasons.join('; ')}`,
  ];
}
