import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { courseOf } from '../../src/prove/measure/course.ts';
import { longestGap } from '../../src/prove/measure/longest-gap.ts';
import { measurePhases, latenciesOf, summariseLatencies } from '../../src/prove/measure/phases.ts';
import type { ProofRequest } from '../../src/prove/measure/proof-request.ts';
import { parseObjectives } from '../../src/prove/objective.ts';
import { renderProofPage } from '../../src/prove/page/proof-page.ts';
import { drawTimeline, timelineWidths } from '../../src/prove/page/timeline-figure.ts';
import type { ProofReport } from '../../src/prove/proof-report.ts';
import { reachVerdict, spanOf } from '../../src/prove/verdict.ts';
import { renderProof } from '../../src/cli/prove/render-proof.ts';
import { plainStyle } from '../../src/cli/render/style.ts';
import { bad, begun, steadyAnswers } from './samples.ts';

function sampleReport(requests: readonly ProofRequest[], changes: Partial<ProofReport> = {}): ProofReport {
  const elapsedMs = 3000;
  const change = changes.change ?? begun();
  const gap = longestGap(requests, elapsedMs);
  const traffic = { drained: 2, forced: 1, retried: 0 };
  const failed = requests.filter(({ fault }) => fault !== undefined).length;
  return {
    stack: 'demo',
    service: 'web',
    target: 'http://localhost:8080/',
    command: 'tenfold scale web=3',
    startedAt: Date.UTC(2026, 10, 22, 12),
    elapsedMs,
    load: { ratePerSecond: 10, postEvery: 4 },
    isInterrupted: false,
    requests: { ended: requests.length, good: requests.length - failed, failed, cutOff: 0 },
    failures: failed === 0 ? [] : [{ failure: 'status 503', count: failed, example: 'no <b>replica</b>' }],
    latencyMs: summariseLatencies(latenciesOf(requests)),
    phases: measurePhases(requests, spanOf(change), elapsedMs),
    longestGap: gap,
    change,
    traffic,
    verdict: reachVerdict(parseObjectives('failed=0'), {
      requests,
      change,
      gap,
      traffic,
      isInterrupted: false,
    }),
    replicas: [
      { atMs: 0, inRotation: 2 },
      { atMs: 1400, inRotation: 3 },
    ],
    events: [
      { atMs: 1010, kind: 'command.started', message: 'tenfold scale web=3' },
      { atMs: 1400, kind: 'replica.in-rotation', service: 'web', instance: 'web-3', message: '' },
      { atMs: 1500, kind: 'command.finished', message: '<script>alert(1)</script>' },
    ],
    course: courseOf(requests, elapsedMs),
    remarks: [],
    ...changes,
  };
}

const withFailures = sampleReport([
  ...steadyAnswers(0, 1000),
  bad(1100),
  bad(1200),
  ...steadyAnswers(1300, 3000),
]);

describe('the page of a proof', () => {
  test('needs nothing but itself, and takes what replicas say for text', () => {
    const page = renderProofPage(withFailures);
    assert.doesNotMatch(page, /<script>|<script src|<link|@import|url\(|<img/);
    assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    assert.match(page, /no &lt;b&gt;replica&lt;\/b&gt;/);
    assert.match(page, /prefers-color-scheme: dark/);
    assert.match(page, /name="viewport"/);
  });

  test('carries the whole report', () => {
    const json = /<script type="application\/json" id="report">(.*)<\/script>/.exec(
      renderProofPage(withFailures),
    )?.[1];
    assert.deepEqual(JSON.parse(json ?? ''), JSON.parse(JSON.stringify(withFailures)));
  });

  test('says what the verdict is, and why', () => {
    assert.match(renderProofPage(sampleReport(steadyAnswers(0, 3000))), /✔ good/);
    assert.match(renderProofPage(withFailures), /✖ not good: failed=0 does not hold: 2/);
  });
});

describe('the timeline', () => {
  const drawn: Readonly<Record<string, ProofReport>> = {
    'a change with failures': withFailures,
    'a change that was never steady': sampleReport(steadyAnswers(0, 3000), {
      change: begun({ steadyMs: undefined }),
    }),
    'a change that was not begun': sampleReport([bad(0)], {
      change: { kind: 'not begun', reason: 'broken' },
    }),
    'a run without a request': sampleReport([], { elapsedMs: 0, course: [] }),
    'events beyond the run': sampleReport(steadyAnswers(0, 3000), {
      events: [
        { atMs: -20, kind: 'replica.exited', service: 'web', instance: 'web-1', message: 'exit code 1' },
        { atMs: 3500, kind: 'replica.in-rotation', service: 'web', instance: 'web-1', message: '' },
      ],
    }),
  };
  for (const [what, report] of Object.entries(drawn)) {
    for (const width of Object.values(timelineWidths)) {
      test(`of ${what} stays within its ${width} columns`, () => {
        const svg = drawTimeline(report, width);
        assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
        const height = Number(/viewBox="0 0 \d+ ([\d.]+)"/.exec(svg)?.[1]);
        const inside = (values: Iterable<RegExpExecArray>, limit: number): void => {
          for (const [whole, value] of values)
            assert.ok(Number(value) >= 0 && Number(value) <= limit, `${whole} of ${limit}`);
        };
        inside(svg.matchAll(/ (?:x|x1|x2)="([^"]+)"/g), width);
        inside(svg.matchAll(/ (?:y|y1|y2)="([^"]+)"/g), height);
        inside(svg.matchAll(/translate\(([\d.-]+) /g), width);
        for (const [, points = ''] of svg.matchAll(/points="([^"]*)"/g)) {
          for (const [x = '', y = ''] of points
            .split(' ')
            .filter(Boolean)
            .map((each) => each.split(',')))
            assert.ok(Number(x) <= width && Number(y) >= 0 && Number(y) <= height, `${x},${y}`);
        }
      });
    }
  }

  test('shows failures, the change and what happened to replicas', () => {
    const svg = drawTimeline(withFailures, timelineWidths.wide);
    assert.equal(svg.match(/class="bad-bar"/g)?.length, 2);
    assert.match(svg, /class="band"[^>]*><title>the change: from 1 s, steady at 2 s/);
    assert.match(svg, /class="mark up"[^>]*><title>1.4 s web-3 in rotation/);
  });
});

test('a proof in words has all that was asked for', () => {
  const text = renderProof(withFailures, { style: plainStyle, width: undefined }).join('\n');
  for (const part of [
    /^tenfold scale web=3 {2}http:\/\/localhost:8080\/ {2}10\/s, one in 4 a POST, 3 s$/m,
    /^ {2}requests +29, 27 answered well, 2 failed \(6\.9 %\)$/m,
    /^ {2}change +web 2 → 3 in rotation \(never fewer than 2\), the command took 500 ms, steady after 1 s$/m,
    /^ {2}drained +2 drained, 1 forced, 0 retried$/m,
    /^ {2}gap +400 ms at most without a good answer, at 910 ms$/m,
    /^during +1 s +9 +2 +10 ms +10 ms +10 ms$/m,
    /^status 503 +2 +no <b>replica<\/b>$/m,
    /^✖ failed=0 {2}measured 2$/m,
    /^not good: failed=0 does not hold: 2$/m,
  ])
    assert.match(text, part);
});
