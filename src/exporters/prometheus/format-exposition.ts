import type { HistogramSample, Labels, MetricFamily } from './metric-family.ts';

/** Prometheus' own text format 0.0.4, and OpenMetrics 1.0. */
export type ExpositionFormat = 'text' | 'openmetrics';

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What a scraper that sends this `Accept` would rather have. */
export function chooseFormat(accept: string | undefined): ExpositionFormat {
  const qualityOf = (type: RegExp): number =>
    Math.max(
      0,
      ...(accept ?? '').split(',').map((range) => {
        if (!type.test(range)) return 0;
        const quality = Number(/;\s*q=([0-9.]+)/i.exec(range)?.[1] ?? 1);
        return Number.isNaN(quality) ? 0 : quality;
      }),
    );
  const openMetrics = qualityOf(/application\/openmetrics-text/i);
  return openMetrics > 0 && openMetrics >= qualityOf(/text\/plain/i) ? 'openmetrics' : 'text';
}

export function formatExposition(families: readonly MetricFamily[], format: ExpositionFormat): string {
  const isOpen = format === 'openmetrics';
  let text = '';
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const { name, type, help } = family;
    // In OpenMetrics a family has the name without what its counters end in.
    const title = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
    text += `# HELP ${title} ${escapeHelp(help)}\n# TYPE ${title} ${type}\n`;
    if (family.type === 'histogram') {
      for (const sample of family.samples) text += formatHistogram(name, sample, isOpen);
    } else {
      for (const { labels, value } of family.samples) text += `${name}${formatLabels(labels)} ${value}\n`;
    }
  }
  return isOpen ? `${text}# EOF\n` : text;
}

function formatHistogram(
  name: string,
  { labels, count, sum, buckets }: HistogramSample,
  isOpen: boolean,
): string {
  const inner = labelPairs(labels);
  const lead = inner === '' ? '' : `${inner},`;
  let text = '';
  for (const [bound, atMost] of buckets)
    text += `${name}_bucket{${lead}le="${formatBound(bound, isOpen)}"} ${atMost}\n`;
  text += `${name}_bucket{${lead}le="+Inf"} ${count}\n`;
  return `${text}${name}_sum${formatLabels(labels)} ${sum}\n${name}_count${formatLabels(labels)} ${count}\n`;
}

/** OpenMetrics writes bounds as floating-point numbers, so that one series has one spelling. */
function formatBound(bound: number, isOpen: boolean): string {
  return isOpen && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function formatLabels(labels: Labels): string {
  const inner = labelPairs(labels);
  return inner === '' ? '' : `{${inner}}`;
}

function labelPairs(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
