import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AutoscaleStatus } from '../../src/daemon/autoscale-api.ts';
import { startFakeDaemon, type FakeDaemon } from '../cli/fake-daemon.ts';
import { runInProcess } from '../cli/run-in-process.ts';
import { noon, policyOf, second } from './samples.ts';

const web: AutoscaleStatus = {
  stack: 'demo',
  service: 'web',
  current: 3,
  min: 1,
  max: 5,
  mode: 'active',
  nextAt: noon,
  policy: policyOf(),
  decision: {
    at: noon,
    from: 3,
    to: 3,
    reason: 'on target',
    sentence: 'held at 3: cpu 71 % of 70 % is inside the tolerance',
    min: 1,
    max: 5,
    findings: [
      {
        kind: 'cpu',
        text: 'cpu 71 % of 70 % is inside the tolerance',
        current: 0.71,
        target: 0.7,
        replicas: 3,
      },
      { kind: 'in_flight', text: 'in_flight 2 of 10 asks for 1', current: 2, target: 10, replicas: 1 },
    ],
    recommended: 3,
  },
};
const { decision: _decision, ...undecided } = web;
const worker: AutoscaleStatus = { ...undecided, service: 'worker', current: 0, mode: 'stopped' };

async function withFake(
  work: (run: (...words: string[]) => ReturnType<typeof runInProcess>, daemon: FakeDaemon) => Promise<void>,
) {
  await using daemon = await startFakeDaemon();
  daemon.answer('GET /v1/stacks/demo/autoscale', { json: [web, worker] });
  await work((...words) => runInProcess(['-p', 'demo', 'autoscale', ...words], daemon.environment), daemon);
}

describe('tenfold autoscale', { concurrency: true }, () => {
  test('status has a line for each service', () =>
    withFake(async (run) => {
      const { stdout } = await run('status');
      assert.deepEqual(stdout.trimEnd().split('\n'), [
        'SERVICE  REPLICAS  BOUNDS  MODE     LAST DECISION',
        'web             3  1–5     active   held at 3: cpu 71 % of 70 % is inside the tolerance',
        'worker          0  1–5     stopped  none yet',
      ]);
      assert.deepEqual(JSON.parse((await run('status', 'web', '--json')).stdout), [
        JSON.parse(JSON.stringify(web)),
      ]);
    }));

  test('explain has every metric, and which of them decided', () =>
    withFake(async (run) => {
      const lines = (await run('explain')).stdout.trimEnd().split('\n');
      assert.deepEqual(lines.slice(0, 4), [
        'web  3 of 1 to 5 replicas, active',
        '  held at 3: cpu 71 % of 70 % is inside the tolerance',
        '  · cpu 71 % of 70 % is inside the tolerance (the most)',
        '  · in_flight 2 of 10 asks for 1',
      ]);
      assert.match(lines[4] ?? '', /^ {2}decided .* ago; again in /);
      assert.deepEqual(lines.slice(6), [
        'worker  0 of 1 to 5 replicas, stopped',
        '  nothing was decided yet; it does not run',
      ]);
    }));

  test('a service that does not scale by itself is refused, with those that do', () =>
    withFake(async (run) => {
      const { stderr, exitCode } = await run('explain', 'wbe');
      assert.equal(exitCode, 2);
      assert.match(
        stderr,
        /no service `wbe` that scales by itself[\s\S]*one of web, worker[\s\S]*did you mean `web`/,
      );
    }));

  test('pause and resume name the services and who asked', () =>
    withFake(async (run, daemon) => {
      daemon.answer('POST /v1/stacks/demo/autoscale/pause', { json: [{ ...web, mode: 'paused' }] });
      daemon.answer('POST /v1/stacks/demo/autoscale/resume', { json: [web] });
      assert.match(
        (await run('pause', 'web')).stdout,
        /^web stays at 3, until `tenfold autoscale resume web`$/m,
      );
      assert.match((await run('resume')).stdout, /^web scales by itself again, from 3, between 1 and 5$/m);
      const [paused] = daemon.bodies('/v1/stacks/demo/autoscale/pause');
      assert.ok(
        typeof paused === 'object' && paused !== null && 'services' in paused && 'requester' in paused,
      );
      assert.deepEqual(paused.services, ['web']);
      const [resumed] = daemon.bodies('/v1/stacks/demo/autoscale/resume');
      assert.ok(typeof resumed === 'object' && resumed !== null && !('services' in resumed));
    }));

  test('history leaves out what is as before, unless all is wanted', () =>
    withFake(async (run, daemon) => {
      const decisions = [0, 1, 2].map((step) => ({
        type: 'decision',
        decision: { ...web.decision, at: noon + step * 15 * second },
      }));
      const scaled = { ...web.decision, to: 4, reason: 'load', sentence: 'scaled from 3 to 4: cpu' };
      const stream = [{ type: 'policy' }, ...decisions, { type: 'decision', decision: scaled }];
      daemon.answer('GET /v1/stacks/demo/autoscale/history', ({ query }) => {
        assert.deepEqual([query.get('service'), query.get('since')], ['web', '1795435200000']);
        return { stream };
      });
      const since = ['--since', '2026-11-23T12:00:00Z'];
      const sentences = async (...words: string[]) =>
        (await run('history', 'web', ...since, ...words)).stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.slice(21, 34));
      assert.deepEqual(await sentences(), ['held at 3: cp', 'scaled from 3']);
      assert.equal((await sentences('--all')).length, 4);
      assert.equal((await sentences('--json')).length, 5);
    }));
});
