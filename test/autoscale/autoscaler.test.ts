import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { askPrometheus } from '../../src/daemon/autoscale/ask-prometheus.ts';
import { Autoscaler } from '../../src/daemon/autoscale/autoscaler.ts';
import { autoscaleFamilies } from '../../src/daemon/autoscale/autoscale-families.ts';
import { formatExposition } from '../../src/exporters/prometheus/format-exposition.ts';
import { withReplicas } from '../../src/daemon/autoscale/replica-counts.ts';
import type { AutoscalePolicy } from '../../src/model/autoscale.ts';
import { isTenfoldError, TenfoldError } from '../../src/shared/errors.ts';
import { eventually } from '../helpers/eventually.ts';
import { ManualClock } from '../helpers/simulated/manual-clock.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { modelledService, type ModelledService } from './modelled-service.ts';
import { noon, policyOf, second } from './samples.ts';

interface World {
  readonly model: ModelledService;
  readonly autoscaler: Autoscaler;
  readonly bugs: unknown[];
  /** Lets so many seconds pass, with a sample each. */
  pass(seconds: number): Promise<void>;
  /** Stacks that there are. */
  readonly stacks: ModelledService['stack'][];
  count(): number;
}

async function withWorld(
  fields: Partial<AutoscalePolicy>,
  replicas: number,
  work: (world: World) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const metrics = [{ kind: 'in_flight', average: 2 }] as const;
  const policy = policyOf({ metrics, intervalMs: 5 * second, windowMs: 3 * second, ...fields });
  const model = modelledService(policy, replicas);
  const clock = new ManualClock(noon);
  const bugs: unknown[] = [];
  const stacks = [model.stack];
  await using autoscaler = new Autoscaler({
    stacks: () => stacks,
    metrics: model.metrics,
    balancer: model.balancer,
    clock,
    directory: folder.path,
    machine: () => ({ totalBytes: 8e9, availableBytes: 4e9 }),
    ask: () => Promise.resolve({ value: 1 }),
    onBug: (bug) => bugs.push(bug),
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 1) {
      await clock.advance(second);
      model.sample(clock.now());
    }
  };
  const count = (): number => model.desired.services['web']?.replicas ?? -1;
  await work({ model, autoscaler, bugs, pass, stacks, count });
  assert.deepEqual(bugs, []);
}

const eventuallyCount = (world: World, expected: number): Promise<void> =>
  eventually(async () => {
    await world.pass(1);
    assert.equal(world.count(), expected);
  });

describe('the autoscaler of a daemon', { concurrency: true }, () => {
  test('decides each interval, changes the number, and tells the journal once', () =>
    withWorld({}, 1, async (world) => {
      world.model.load = 6;
      await eventuallyCount(world, 3);
      await eventually(async () => {
        await world.pass(1);
        const kinds = world.model.events.map(({ kind, message }) => `${kind} ${message}`);
        assert.deepEqual(kinds, [
          'autoscale.scaled scaled from 1 to 3: in_flight 6 of 2 asks for 3',
          'autoscale.held held at 3: in_flight 2 of 2 is inside the tolerance',
        ]);
      });
      const [status] = world.autoscaler.statuses('demo');
      assert.deepEqual([status?.current, status?.mode, status?.decision?.reason], [3, 'active', 'on target']);
    }));

  test('in shadow mode tells what it would do, and does nothing', () =>
    withWorld({ isShadow: true }, 1, async (world) => {
      world.model.load = 6;
      await eventually(async () => {
        await world.pass(1);
        assert.match(
          world.autoscaler.statuses()[0]?.decision?.sentence ?? '',
          /^would be scaled from 1 to 3/,
        );
      });
      assert.equal(world.count(), 1);
      assert.deepEqual(
        world.model.events.map(({ kind }) => kind),
        ['autoscale.held'],
      );
    }));

  test('paused does nothing until it is resumed', () =>
    withWorld({}, 1, async (world) => {
      const { autoscaler, model } = world;
      await autoscaler.setPaused(model.stack, undefined, true, 'me');
      model.load = 6;
      await eventually(async () => {
        await world.pass(1);
        assert.equal(autoscaler.statuses()[0]?.decision?.reason, 'paused');
      });
      assert.equal(world.count(), 1);
      const [status] = await autoscaler.setPaused(model.stack, ['web'], false, 'me');
      assert.equal(status?.mode, 'active');
      await eventuallyCount(world, 3);
      await assert.rejects(autoscaler.setPaused(model.stack, ['db'], true, 'me'), (thrown) =>
        isTenfoldError(thrown, 'unknown-service'),
      );
    }));

  test('at zero starts the first replica for a request that waits, long before the next decision', () =>
    withWorld({ min: 0, intervalMs: 600 * second }, 0, async (world) => {
      await world.pass(1);
      world.model.waiting = 2;
      await world.autoscaler.wake();
      await eventually(() => assert.equal(world.count(), 1));
      assert.equal(world.model.events[0]?.message, 'scaled from 0 to 1: 2 requests wait for a first replica');
    }));

  test('at zero sleeps on while requests wait for another service, over whichever address they came', () =>
    withWorld({ min: 0, intervalMs: 600 * second }, 0, async (world) => {
      await world.pass(1);
      world.model.waitingElsewhere = 3;
      await world.autoscaler.wake();
      world.model.waiting = 2;
      await world.autoscaler.wake();
      await eventually(() => assert.equal(world.count(), 1));
      assert.equal(world.model.events[0]?.message, 'scaled from 0 to 1: 2 requests wait for a first replica');
    }));

  test('a sample that says so wakes it as well', () =>
    withWorld({ min: 0, intervalMs: 600 * second }, 0, async (world) => {
      await world.pass(1);
      world.model.waiting = 1;
      await world.pass(1);
      await eventually(() => assert.equal(world.count(), 1));
    }));

  test('leaves a number alone that somebody changed while it was deciding', () =>
    withWorld({}, 1, async (world) => {
      const { model } = world;
      const { amend } = model.stack;
      let isFirst = true;
      Object.assign(model.stack, {
        amend: (update: Parameters<typeof amend>[0]) => {
          if (isFirst) model.desired = withReplicas(model.desired, 'web', 8);
          isFirst = false;
          return amend(update);
        },
      });
      model.load = 6;
      await eventually(async () => {
        await world.pass(1);
        assert.ok(!isFirst);
      });
      await world.pass(1);
      assert.equal(world.count(), 8);
    }));

  test('says that a state could not be written, and tries again', () =>
    withWorld({}, 1, async (world) => {
      world.model.failure = new TenfoldError('state-write-failed', 'no space left');
      world.model.load = 6;
      await eventually(async () => {
        await world.pass(1);
        assert.match(
          world.model.events[0]?.message ?? '',
          /^not scaled from 1 to 3: .*because no space left$/,
        );
      });
      world.model.failure = undefined;
      await eventuallyCount(world, 3);
    }));

  test('forgets a stack that is gone', () =>
    withWorld({}, 1, async (world) => {
      assert.equal(world.autoscaler.statuses().length, 1);
      world.stacks.pop();
      assert.deepEqual(world.autoscaler.statuses(), []);
    }));

  test('has its figures for whoever exports them', () =>
    withWorld({}, 1, async (world) => {
      world.model.load = 6;
      await eventuallyCount(world, 3);
      const text = formatExposition(autoscaleFamilies(world.autoscaler.statuses()), 'text');
      assert.deepEqual(
        text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
        [
          'tenfold_autoscaler_desired_replicas{stack="demo",service="web"} 3',
          'tenfold_autoscaler_min_replicas{stack="demo",service="web"} 1',
          'tenfold_autoscaler_max_replicas{stack="demo",service="web"} 10',
          'tenfold_autoscaler_recommended_replicas{stack="demo",service="web"} 3',
          'tenfold_autoscaler_active{stack="demo",service="web"} 1',
          'tenfold_autoscaler_metric_current{stack="demo",service="web",metric="in_flight"} 6',
          'tenfold_autoscaler_metric_target{stack="demo",service="web",metric="in_flight"} 2',
        ],
      );
    }));
});

describe('a query to Prometheus', () => {
  const success = (data: object) => JSON.stringify({ status: 'success', data });
  const rows: readonly (readonly [what: string, status: number, body: string, answer: object])[] = [
    [
      'a vector of one',
      200,
      success({ resultType: 'vector', result: [{ metric: {}, value: [1, '12.5'] }] }),
      { value: 12.5 },
    ],
    ['a scalar', 200, success({ resultType: 'scalar', result: [1, '3'] }), { value: 3 }],
    ['nothing', 200, success({ resultType: 'vector', result: [] }), { error: 'the query gives nothing' }],
    [
      'several',
      200,
      success({ resultType: 'vector', result: [{ value: [1, '1'] }, { value: [1, '2'] }] }),
      { error: 'the query gives 2 values, and not one; sum() adds them up' },
    ],
    [
      'not a number',
      200,
      success({ resultType: 'scalar', result: [1, 'NaN'] }),
      { error: 'the query gives NaN' },
    ],
    [
      'a matrix',
      200,
      success({ resultType: 'matrix', result: [] }),
      { error: 'the query gives a matrix, and not one value' },
    ],
    ['an error', 400, JSON.stringify({ status: 'error', error: 'parse error' }), { error: 'parse error' }],
    ['a page', 502, '<html>', { error: 'the answer is no JSON, with status 502' }],
    ['other JSON', 200, '{}', { error: 'the answer is none of a Prometheus, with status 200' }],
  ];
  for (const [what, status, body, answer] of rows) {
    test(`that answers ${what}`, async () => {
      const asked: string[] = [];
      const server = createServer((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(status).end(body);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      const url = `http://127.0.0.1:${address.port}/prom`;
      try {
        assert.deepEqual(await askPrometheus({ url, query: 'sum(up)' }, AbortSignal.timeout(5_000)), answer);
        assert.deepEqual(asked, ['/prom/api/v1/query?query=sum%28up%29']);
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });
  }

  test('that nobody answers says who did not', async () => {
    const answer = await askPrometheus(
      { url: 'http://127.0.0.1:1', query: 'up' },
      AbortSignal.timeout(5_000),
    );
    assert.ok('error' in answer);
    assert.match(answer.error, /^127\.0\.0\.1:1 does not answer: /);
  });
});
