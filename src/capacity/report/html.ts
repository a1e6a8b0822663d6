import { formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import { escapeHtml } from '../../shared/escape-html.ts';
import { renderCards, renderHtmlPage, renderHtmlTable, renderSection } from '../../load/plot/html-page.ts';
import { renderLinePlot } from '../../load/plot/line-plot.ts';
import type { CapacityReport } from './capacity-report.ts';

/** The measurement as one page that can be kept, sent and opened anywhere. */
export function renderCapacityHtml(report: CapacityReport): string {
  const { stack, service, path, startedAt, steps, fit, limit, answer, knee, idleMs } = report;
  const best = Math.max(0, ...steps.map(({ throughput }) => throughput));
  return renderHtmlPage({
    title: `Capacity of ${service}`,
    subtitle: `${stack} · GET ${path} · ${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    sections: [
      renderCards([
        [`${formatRate(best)}/s`, 'most that was answered'],
        [knee === null ? 'none in sight' : String(knee), 'replicas worth having'],
        [formatMs(idleMs.p95), 'p95 when idle'],
        ...(fit === null
          ? []
          : [
              [formatShare(fit.sigma), 'contention σ'] as const,
              [String(Number(fit.kappa.toPrecision(2))), 'coherency κ'] as const,
            ]),
      ]),
      ...(answer === null ? [] : [renderSection('Answer', `<p>${escapeHtml(answer.words)}</p>`)]),
      ...(limit === null ? [] : [renderSection('What limits', `<p>${escapeHtml(limit.words)}</p>`)]),
      `<section class="plots">${plots(report).join('\n')}</section>`,
      renderSection('Measured', stepTable(report)),
    ],
    data: report,
  });
}

function plots({ steps, curve, fit }: CapacityReport): string[] {
  const formatX = (replicas: number): string => String(Math.round(replicas));
  return [
    renderLinePlot({
      title: 'Answers per second over replicas',
      series: [
        {
          name: fit?.model === 'ceiling' ? 'bend' : 'Universal Scalability Law',
          look: 'dashes',
          colour: 2,
          points: curve.map(({ replicas, throughput }) => [replicas, throughput]),
        },
        {
          name: 'measured',
          look: 'dots',
          colour: 1,
          points: steps.map(({ replicas, throughput }) => [replicas, throughput]),
        },
      ],
      formatX,
      formatY: formatRate,
      ...(fit === null
        ? {}
        : {
            note: `The curve is off by ${formatShare(fit.relativeError)} on average; beyond the last dot it is a prediction.`,
          }),
    }),
    renderLinePlot({
      title: 'Latency at saturation',
      series: [
        {
          name: 'p50',
          look: 'line',
          colour: 1,
          points: steps.map(({ replicas, p50Ms }) => [replicas, p50Ms]),
        },
        {
          name: 'p95',
          look: 'line',
          colour: 3,
          points: steps.map(({ replicas, p95Ms }) => [replicas, p95Ms]),
        },
      ],
      formatX,
      formatY: formatMs,
    }),
    renderLinePlot({
      title: 'CPU of this machine',
      series: [
        {
          name: 'used',
          look: 'line',
          colour: 4,
          points: steps.map(({ replicas, machineCpu }) => [replicas, machineCpu]),
        },
      ],
      formatX,
      formatY: formatShare,
    }),
  ];
}

function stepTable({ steps }: CapacityReport): string {
  const titles = ['replicas', 'users', 'answers/s', 'by the curve', 'p50', 'p95', 'failed', 'CPU'];
  return renderHtmlTable(
    titles.map((title) => ({ title, isNumber: true })),
    steps.map((step) => [
      String(step.replicas),
      String(step.users),
      formatRate(step.throughput),
      step.predicted === null ? '' : formatRate(step.predicted),
      formatMs(step.p50Ms),
      formatMs(step.p95Ms),
      formatShare(step.failedShare),
      formatShare(step.machineCpu),
    ]),
  );
}
