import type { CapacityReport } from '../../capacity/report/capacity-report.ts';
import { formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import { tableOptions, type TableSurroundings } from '../render/render-services.ts';
import { renderTable } from '../render/table.ts';

const barWidth = 40;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** What a measurement found, for a person. */
export function renderCapacity(report: CapacityReport, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const { stack, service, path, idleMs, fit, limit, knee, answer, isInterrupted, steps } = report;
  return [
    `${style.bold(service)} of ${stack}  ${style.dim(`GET ${path}, p95 ${formatMs(idleMs.p95)} when idle`)}`,
    ...(steps.length === 0 ? [] : ['', ...renderSteps(report, surroundings)]),
    ...(fit === null ? [] : ['', ...renderPlot(report, surroundings)]),
    ...(fit === null
      ? ['', `${style.doubtful('!')} too little was measured for a curve; two numbers of replicas are needed`]
      : [
          '',
          `Universal Scalability Law: contention σ ${formatShare(fit.sigma)}, coherency κ ${Number(fit.kappa.toPrecision(2))}, ` +
            `${formatRate(fit.lambda)}/s of one replica${fit.model === 'ceiling' ? '; a plain bend describes it better' : ''} ` +
            style.dim(`(off by ${formatShare(fit.relativeError)})`),
        ]),
    ...(limit === null ? [] : [`${style.bold('limit')}   ${limit.words}`]),
    ...(fit === null ? [] : [`${style.bold('knee')}    ${kneeWords(knee)}`]),
    ...(answer === null ? [] : [`${style.bold('answer')}  ${answer.words}`]),
    ...(isInterrupted ? [`${style.doubtful('!')} it was ended early`] : []),
  ];
}

function kneeWords(knee: number | null): string {
  if (knee === null) return 'none in sight: every replica more is worth having';
  return `${knee === 1 ? '1 replica' : `${knee} replicas`}; one more brings less than a quarter of what the first does`;
}

function renderSteps({ steps }: CapacityReport, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const titles = ['REPLICAS', 'USERS', 'ANSWERS/S', 'CURVE', 'EACH', 'P50', 'P95', 'FAILED', 'CPU'];
  return renderTable(
    titles.map((title) => ({ title, align: 'right' })),
    steps.map((step) => [
      { text: String(step.replicas), paint: style.bold },
      String(step.users),
      formatRate(step.throughput),
      { text: step.predicted === null ? '' : formatRate(step.predicted), paint: style.dim },
      formatRate(step.throughput / step.replicas),
      formatMs(step.p50Ms),
      formatMs(step.p95Ms),
      { text: formatShare(step.failedShare), paint: step.failedShare > 0 ? style.bad : style.dim },
      formatShare(step.machineCpu),
    ]),
    tableOptions(surroundings),
  );
}

/** Bars of what was measured, and the curve beyond them. */
function renderPlot({ steps, curve }: CapacityReport, { style, width }: TableSurroundings): string[] {
  const measured = new Map(steps.map(({ replicas, throughput }) => [replicas, throughput]));
  const shown = curve.filter(({ replicas }) => measured.has(replicas) || replicas === curve.length);
  const highest = Math.max(
    ...shown.map(({ replicas, throughput }) => Math.max(throughput, measured.get(replicas) ?? 0)),
  );
  const columns = Math.max(10, Math.min(barWidth, (width ?? 80) - 30));
  return shown.map(({ replicas, throughput }) => {
    const seen = measured.get(replicas);
    const bar = barOf((seen ?? throughput) / highest, columns);
    const label = String(replicas).padStart(4);
    return seen === undefined
      ? `${label} ${style.dim(`${bar} ${formatRate(throughput)}/s by the curve`)}`
      : `${label} ${style.accent(bar)} ${formatRate(seen)}/s`;
  });
}

function barOf(share: number, columns: number): string {
  const units = Math.round(Math.max(0, Math.min(1, share)) * columns * 8);
  return '█'.repeat(Math.floor(units / 8)) + (eighths[units % 8] ?? '');
}
