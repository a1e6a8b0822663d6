import { escapeHtml } from '../../shared/escape-html.ts';
import {
  renderCards,
  renderHtmlPage,
  renderHtmlTable,
  renderSection,
  type HtmlCell,
} from '../../load/plot/html-page.ts';
import { formatCount, formatMs, formatRate } from '../../load/report/format.ts';
import type { ProofReport } from '../proof-report.ts';
import { drawTimeline, timelineWidths } from './timeline-figure.ts';

// Two drawings, of which the page shows the one that fits: text in an SVG would shrink with it.
const style = `<style>
.timeline .wide { display: none; } .timeline .narrow { display: block; }
@media (min-width: 50rem) { .timeline .wide { display: block; } .timeline .narrow { display: none; } }
.tick.title { font-weight: 600; } .band { fill: var(--c1); opacity: .1; } .bound { stroke: var(--c1); stroke-dasharray: 4 3; }
.good-bar { fill: var(--c1); opacity: .75; } .bad-bar { fill: var(--c3); }
.mark { stroke: var(--card); stroke-width: 1; } .mark.up { fill: var(--c4); } .mark.down { fill: var(--c2); }
.mark.end, .mark.note { fill: var(--soft); } .mark.worse { fill: var(--bad); }
.verdict { font-size: 1.1rem; font-weight: 600; }
</style>`;

/** The proof as one page that can be kept, sent and opened anywhere. */
export function renderProofPage(report: ProofReport): string {
  const { requests, latencyMs, longestGap, traffic, change, load } = report;
  const posts = load.postEvery === 0 ? '' : `, one in ${load.postEvery} a POST`;
  return renderHtmlPage({
    title: `Proof: ${report.command}`,
    subtitle: `${report.target} · ${formatRate(load.ratePerSecond)}/s${posts} · ${new Date(report.startedAt).toISOString().slice(0, 19).replace('T', ' ')} UTC · ${formatMs(report.elapsedMs)}`,
    sections: [
      style,
      verdictLine(report),
      renderCards([
        [formatCount(requests.ended), 'requests'],
        [formatCount(requests.failed), 'failed'],
        [formatMs(latencyMs.p50), 'p50'],
        [formatMs(latencyMs.p99), 'p99'],
        [formatMs(longestGap.endMs - longestGap.startMs), 'longest without a good answer'],
        [steadyWords(change), 'to steady'],
        ...(traffic === undefined
          ? []
          : ([
              [formatCount(traffic.drained), 'drained'],
              [formatCount(traffic.forced), 'forced'],
            ] as const)),
      ]),
      report.remarks.map((remark) => `<p class="bad">${escapeHtml(remark)}</p>`).join('\n'),
      renderSection('Timeline', timelineFigure(report)),
      renderSection('Objectives', objectiveTable(report)),
      renderSection('Before, during and after', phaseTable(report)),
      renderSection('Failures', failureTable(report)),
      renderSection('Events', eventTable(report)),
    ],
    data: report,
  });
}

function verdictLine({ verdict }: ProofReport): string {
  return verdict.isGood
    ? '<p class="verdict good">✔ good</p>'
    : `<p class="verdict bad">✖ not good: ${escapeHtml(verdict.reasons.join('; '))}</p>`;
}

function steadyWords(change: ProofReport['change']): string {
  if (change.kind === 'not begun') return 'not begun';
  return change.steadyMs === undefined ? 'never' : formatMs(change.steadyMs - change.startMs);
}

function timelineFigure(report: ProofReport): string {
  const drawings = Object.entries(timelineWidths).map(
    ([name, width]) => `<div class="${name}">${drawTimeline(report, width)}</div>`,
  );
  const keys = [
    ['c1', 'answered well, p50'],
    ['c3', 'failed'],
    ['c2', 'p99'],
    ['c4', 'in rotation'],
  ].map(([colour, words]) => `<span class="key ${colour}">${words}</span>`);
  return `<figure class="timeline">${drawings.join('\n')}
<p class="legend">${keys.join(' ')}</p>
<p class="note">The band is the time from the start of the change until the stack was steady. ▲ in rotation, ▼ draining, ■ ended, ◆ command.</p></figure>`;
}

function objectiveTable({ verdict }: ProofReport): string {
  return renderHtmlTable(
    [{ title: 'Objective' }, { title: 'Measured' }, { title: '' }],
    verdict.objectives.map(({ text, got, isMet }): HtmlCell[] => [
      text,
      got,
      isMet ? { text: 'holds', className: 'good' } : { text: 'does not hold', className: 'bad' },
    ]),
  );
}

function phaseTable({ phases }: ProofReport): string {
  const columns = ['Length', 'Requests', 'Failed', 'p50', 'p99', 'Slowest'];
  return renderHtmlTable(
    [{ title: 'Phase' }, ...columns.map((title) => ({ title, isNumber: true }))],
    phases.map(({ name, startMs, endMs, requests, failed, latencyMs }): HtmlCell[] => [
      name,
      formatMs(endMs - startMs),
      formatCount(requests),
      failed > 0 ? { text: formatCount(failed), className: 'bad' } : '0',
      ...[latencyMs.p50, latencyMs.p99, latencyMs.max].map((each) => (each === 0 ? '-' : formatMs(each))),
    ]),
  );
}

function failureTable({ failures }: ProofReport): string {
  return renderHtmlTable(
    [{ title: 'Failure' }, { title: 'Times', isNumber: true }, { title: 'For example' }],
    failures.map(({ failure, count, example }) => [failure, formatCount(count), example ?? '']),
  );
}

function eventTable({ events }: ProofReport): string {
  return renderHtmlTable(
    [{ title: 'After', isNumber: true }, { title: 'What' }, { title: 'Of' }, { title: 'Why' }],
    events.map(({ atMs, kind, instance, service, message }) => [
      formatMs(Math.max(0, atMs)),
      kind,
      instance ?? service ?? '',
      message,
    ]),
  );
}
