import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { completeTrace, readTrace } from '../../src/autoscale/simulation/read-trace.ts';
import { simulateLoad } from '../../src/autoscale/simulation/simulate-load.ts';
import { summariseCourse } from '../../src/autoscale/simulation/summary.ts';
import type { MetricTarget } from '../../src/model/autoscale.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { runInProcess } from '../cli/run-in-process.ts';
import { minute, noon, policyOf, second } from './samples.ts';

const model = { capacity: 20, startMs: 5 * second, cores: 1, memoryBytes: 50_000_000 };

/** Requests per second in units of 14, half an hour each, on replicas that can do 20. */
function course(metric: MetricTarget, units: readonly number[], min = 1) {
  const load = units.map((unit, index) => ({ atMs: index * 30 * minute, requestsPerSecond: unit * 14 }));
  const steps = [...simulateLoad(policyOf({ min, metrics: [metric] }), { load, replica: model }, noon)];
  const settled = units.map((_unit, index) => {
    const last = steps.findLast(({ atMs }) => atMs < (index + 1) * 30 * minute);
    return last?.decision.to;
  });
  return { steps, settled, summary: summariseCourse(steps.map(({ decision }) => decision)) };
}

describe('a load on replicas of a model', () => {
  const metrics: readonly MetricTarget[] = [
    { kind: 'cpu', utilization: 0.7, requestCores: 1, basis: 'one core' },
    // Alone, a request takes 50 ms on average and 150 ms at the 95th percentile.
    { kind: 'p95', targetMs: 500 },
  ];
  for (const metric of metrics) {
    test(`of 1-3-5-2-1 units gets as many replicas by ${metric.kind}`, () => {
      const { settled, summary } = course(metric, [1, 3, 5, 2, 1]);
      assert.deepEqual(settled, [1, 3, 5, 2, 1]);
      // What had queued up before there were enough replicas takes one more for a while.
      assert.ok(summary.turns <= 5, String(summary.turns));
    });

    test(`that grows and falls slowly is followed by ${metric.kind} without turning to and fro`, () => {
      const { settled, summary } = course(metric, [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 4, 3, 2, 1]);
      assert.deepEqual([settled[8], summary.most, settled[12]], [5, 5, 1]);
      assert.equal(summary.turns, 1);
    });
  }

  test('of too slow a server gets no replica in vain', () => {
    const { steps, summary } = course({ kind: 'p95', targetMs: 100 }, [0.3]);
    assert.equal(summary.most, 1);
    assert.match(steps.at(-1)?.decision.sentence ?? '', /more replicas would not help/);
  });

  test('that ends lets it go to zero, and begins again from there', () => {
    const { settled, steps } = course({ kind: 'in_flight', average: 2.3 }, [1, 0, 2], 0);
    assert.deepEqual(settled, [1, 0, 2]);
    assert.ok(steps.some(({ decision }) => decision.reason === 'waking'));
  });
});

describe('a trace', () => {
  const refuses = (text: string, expected: RegExp) =>
    assert.throws(
      () => readTrace(text, 'trace'),
      (thrown) =>
        isTenfoldError(thrown, 'file-unreadable') &&
        expected.test(`${thrown.expected} ${thrown.got} ${thrown.where?.line}`),
    );

  test('may be CSV, by seconds or by time', () => {
    const load = [
      { atMs: 0, requestsPerSecond: 10 },
      { atMs: 60_000, requestsPerSecond: 20.5 },
    ];
    assert.deepEqual(readTrace('seconds,requests_per_second\n0,10\n60,20.5\n', 'x'), {
      kind: 'load',
      load,
      replica: {},
    });
    const times = 'host,Time,requests_per_second\na,2026-11-23T08:00:00Z,10\r\na,2026-11-23T08:01:00Z,20.5\n';
    assert.deepEqual(readTrace(times, 'x'), { kind: 'load', load, replica: {} });
  });

  test('may be JSON, with what a replica can do', () => {
    const text =
      '{"replica": {"requests_per_second": 30, "start_seconds": 2}, "load": [{"seconds": 0, "requests_per_second": 5}]}';
    const trace = readTrace(text, 'x');
    assert.ok(trace.kind === 'load');
    const { replica } = completeTrace(trace, {});
    assert.deepEqual(replica, { capacity: 30, startMs: 2_000, cores: 1, memoryBytes: 0 });
    assert.equal(completeTrace(trace, { capacity: 40 }).replica.capacity, 40);
  });

  test('is refused where it is wrong, with the line', () => {
    refuses('a,b\n1,2\n', /a first line with seconds .* a,b 1/);
    refuses('seconds,requests_per_second\n0,10\n1,x\n', /1,x 3/);
    refuses('seconds,requests_per_second\n0,\n', /0, 2/);
    refuses('seconds,requests_per_second\n', /one line at least/);
    refuses('seconds,requests_per_second\n5,10\n1,10\n', /times in order/);
    refuses('{"load": []}', /a load: /);
    refuses('{"load": [{"seconds": 0}]}', /requests_per_second/);
    refuses('{not json', /neither whole JSON nor a history/);
  });

  test('of a load needs to know what a replica can do', () => {
    const trace = readTrace('seconds,requests_per_second\n0,10\n', 'x');
    assert.ok(trace.kind === 'load');
    assert.throws(
      () => completeTrace(trace, {}),
      (thrown) => isTenfoldError(thrown, 'usage') && /--capacity/.test(thrown.expected ?? ''),
    );
  });
});

describe('tenfold autoscale simulate', () => {
  const compose = (autoscale: string) =>
    `services:\n  web: {command: x, ports: [80], x-tenfold: {autoscale: ${autoscale}}}\n  db: {command: x}\n`;

  test('puts a load on the policy of the compose file', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'compose.yaml');
    const trace = join(folder.path, 'load.csv');
    await writeFile(file, compose('{max: 5, target: {requests_per_second: 10}}'));
    await writeFile(trace, 'seconds,requests_per_second\n0,10\n60,40\n120,40\n');
    const run = (...words: string[]) =>
      runInProcess(['-f', file, 'autoscale', 'simulate', trace, ...words], {});
    const { stdout, exitCode } = await run('--capacity', '20', '--at', '2026-11-23T08:00:00Z');
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /scaled from 1 to 2: requests_per_second 20 of 10 asks for 2/);
    assert.match(stdout, /\d changes, 0 turns between up and down, 1 to 5 replicas/);
    assert.match(stdout, /in \d+ % of the time more requests came than the replicas there were could do/);
    const json: unknown = JSON.parse((await run('--capacity', '20', '--json')).stdout);
    assert.ok(typeof json === 'object' && json !== null && 'steps' in json && Array.isArray(json.steps));
    assert.equal(json.steps.length, 12);
    const refused = await run('--capacity', '20', '--service', 'db');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /no service db that scales by itself[\s\S]*--service with one of web/);
    assert.equal((await run('--capacity', 'none')).exitCode, 2);
  });

  test('says which file it cannot read', async () => {
    const { stderr, exitCode } = await runInProcess(['autoscale', 'simulate', '/nowhere/trace.jsonl'], {});
    assert.equal(exitCode, 3);
    assert.match(stderr, /the trace \/nowhere\/trace.jsonl cannot be read \[file-not-found\]/);
  });
});
