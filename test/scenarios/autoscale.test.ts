import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parseRecord } from '../../src/autoscale/record-line.ts';
import { replay } from '../../src/autoscale/simulation/replay.ts';
import { summariseCourse } from '../../src/autoscale/simulation/summary.ts';
import { eventually } from '../helpers/eventually.ts';
import { describeLoad, type LoadResult } from '../helpers/load-result.ts';
import { openLoop } from '../helpers/open-loop.ts';
import { withHome, type TestHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, scenarioRuntimes, writeWebStack, type WebStack } from './web-stack.ts';

/** Requests per second that keep one replica at its target of two in flight, when each takes a tenth of a second. */
const ratePerUnit = 18;
/** AUTOSCALE_PHASE_SECONDS=60 makes the long run by hand. */
const phaseSeconds = Number(process.env['AUTOSCALE_PHASE_SECONDS'] ?? 3.5);
const isLong = phaseSeconds > 5;

function autoscaled(min: number): Record<string, unknown> {
  const autoscale = {
    min,
    max: 8,
    interval: '1s',
    window: '3s',
    target: { in_flight: 2 },
    behavior: { scale_down: { stabilization_window: '1s' } },
  };
  return { 'x-tenfold': { autoscale } };
}

/** The guide's simulation: so many units of load after each other, each for the same time. */
async function loadInUnits(
  { url }: WebStack,
  units: readonly number[],
  durationMs: number,
  onPhase: (unit: number) => Promise<void>,
): Promise<LoadResult[]> {
  const results: LoadResult[] = [];
  for (const unit of units) {
    const load = openLoop({ urls: [url], ratePerSecond: unit * ratePerUnit, durationMs });
    await onPhase(unit);
    results.push(await load.result);
  }
  return results;
}

async function countOf(stack: WebStack): Promise<number> {
  return (await stack.service()).desired;
}

/** Every decision of the run: explained, made again the same, and without turning to and fro. */
async function checkDecisions(home: TestHome, stack: WebStack, mostReplicas: number): Promise<void> {
  const { stdout } = await home.succeed(['autoscale', 'history', 'web', '--json']);
  const records = stdout.split('\n').flatMap((line) => parseRecord(line) ?? []);
  const steps = [...replay(records)];
  assert.ok(steps.length >= 10, `${steps.length} decisions`);
  assert.deepEqual(
    steps.filter(({ isSame }) => !isSame),
    [],
  );
  assert.ok(steps.every(({ recorded }) => /^(held at|scaled from) \d.*: ./.test(recorded.sentence)));
  const summary = summariseCourse(steps.map(({ recorded }) => recorded));
  const course = steps
    .filter(({ recorded }) => recorded.from !== recorded.to)
    .map(({ recorded }) => recorded.sentence);
  if (isLong) console.log(`${stack.name}: ${JSON.stringify(summary)}\n  ${course.join('\n  ')}`);
  assert.ok(summary.turns <= 3, course.join('\n'));
  // On a busy machine answers take longer, more are in flight, and more replicas are right.
  assert.ok(summary.most >= mostReplicas - 1, course.join('\n'));
  const trace = await home.write('trace.jsonl', stdout);
  const simulated = await home.succeed(['autoscale', 'simulate', trace]);
  assert.match(simulated.stdout, /each came out the same/);
}

const units = { process: [1, 3, 5, 2, 1], docker: isLong ? [1, 3, 5, 2, 1] : [1, 3] };

for (const { runtime, skip } of scenarioRuntimes) {
  describe(`a service that scales by itself, ${runtime} replicas`, { concurrency: false, skip }, () => {
    test(`follows a load of ${units[runtime].join('-')} units, drops nothing, and says why`, () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, {
          runtime,
          replicas: 1,
          environment: { HANDLER_MS: '100' },
          service: autoscaled(1),
        });
        await home.change(['up', '-d']);
        await stack.settled(1);
        const peak = Math.max(...units[runtime]);
        const durationMs = phaseSeconds * 1_000;
        const results = await loadInUnits(stack, units[runtime], durationMs, async (unit) => {
          if (runtime === 'docker' || unit !== 2) return;
          const before = await countOf(stack);
          assert.ok(before >= peak - 1, `${before} replicas at the end of ${peak} units`);
          // Neither the end of the daemon nor an up changes what the load needs.
          process.kill((await home.version()).pid, 'SIGKILL');
          await home.change(['up', '-d']);
          assert.ok((await countOf(stack)) >= 2, 'the number goes on from where it was');
        });
        for (const result of results) assertNothingFailed(result);
        await eventually(async () => assert.equal(await countOf(stack), 1));
        await stack.settled(1);
        await checkDecisions(home, stack, peak);
        if (isLong) console.log(results.map((result) => describeLoad(result)).join('\n'));
        const journal = await readFile(home.home.journalPath, 'utf8');
        assert.match(journal, /"autoscale.scaled".*scaled from 1 to/);
      }));
  });
}

test('a service at zero holds a request until its first replica is ready, and goes back to zero', () =>
  withHome(async (home) => {
    const stack = await writeWebStack(home, {
      runtime: 'process',
      replicas: 1,
      environment: { HANDLER_MS: '10', START_DELAY_MS: '500' },
      service: autoscaled(0),
    });
    await home.change(['up', '-d']);
    await eventually(async () => {
      const { desired, replicas } = await stack.service();
      assert.deepEqual([desired, replicas.length], [0, 0]);
    });
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const response = await fetch(stack.url);
        await response.text();
        return response.status;
      }),
    );
    assert.deepEqual(answers, [200, 200, 200, 200, 200]);
    const { stdout } = await home.succeed(['autoscale', 'history', 'web']);
    assert.match(stdout, /: nothing was asked of it/);
    assert.match(stdout, /scaled from 0 to 1: \d requests? waits? for a first replica/);
  }));

test('a number set by hand is refused, until the autoscaler is paused', () =>
  withHome(async (home) => {
    const stack = await writeWebStack(home, { runtime: 'process', replicas: 1, service: autoscaled(1) });
    await home.change(['up', '-d']);
    const refused = await home.run(['scale', 'web=3']);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /web scales by itself[\s\S]*hint: tenfold autoscale pause web first/);
    await home.succeed(['autoscale', 'pause', 'web']);
    await home.change(['scale', 'web=3']);
    await stack.settled(3);
    assert.match((await home.succeed(['autoscale', 'status'])).stdout, /web +3 +1–8 +paused/);
    await home.succeed(['autoscale', 'resume', 'web']);
    await eventually(async () => assert.equal(await countOf(stack), 1));
    const { stdout } = await home.succeed(['autoscale', 'explain', 'web']);
    assert.match(
      stdout,
      /web {2}1 of 1 to 8 replicas, active\n {2}(held|scaled).*\n {2}· in_flight 0 of 2 asks for 0/,
    );
  }));
