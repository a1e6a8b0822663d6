import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { RolloutStatus } from '../../src/daemon/rollout-api.ts';
import { controlRequest } from '../helpers/control-request.ts';
import { eventually } from '../helpers/eventually.ts';
import { skipWithout } from '../helpers/parts.ts';
import { withHome, type TestHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, scenarioRuntimes, writeWebStack, type WebStack } from './web-stack.ts';

const quick = { monitor: '800ms' };

const balancers = [
  { balancer: 'proxy', isMissing: false },
  { balancer: 'haproxy', isMissing: await skipWithout('haproxy') },
] as const;

interface RolloutScene {
  readonly home: TestHome;
  readonly stack: WebStack;
  /** Writes the file anew with another revision of web. */
  readonly change: (environment: Readonly<Record<string, string>>) => Promise<void>;
  /** `tenfold rollout status --json` of web. */
  readonly rollout: () => Promise<RolloutStatus>;
}

/** Three replicas that run, of a service that moves in the given way. */
async function scene(
  home: TestHome,
  runtime: 'process' | 'docker',
  tenfold: Readonly<Record<string, unknown>>,
  update: Readonly<Record<string, unknown>>,
): Promise<RolloutScene> {
  const service = {
    deploy: { replicas: 3, update_config: update },
    'x-tenfold': { ...tenfold, start_timeout: '3s' },
  };
  const stack = await writeWebStack(home, {
    runtime,
    replicas: 3,
    service,
    environment: { HANDLER_MS: '50' },
  });
  await home.change(['up', '-d']);
  await stack.settled(3);
  return {
    home,
    stack,
    change: (environment) => stack.rewrite({ HANDLER_MS: '50', ...environment }),
    rollout: async () => {
      const all = await controlRequest<RolloutStatus[]>(
        home.home.socketPath,
        'GET',
        `/v1/stacks/${stack.name}/rollouts`,
      );
      return all[0] ?? assert.fail('web has a history');
    },
  };
}

for (const { runtime, skip } of scenarioRuntimes.filter((each) => each.runtime === 'process')) {
  describe(`rollouts under load, ${runtime} replicas`, { concurrency: false, skip }, () => {
    // So few requests are enough for a verdict that nothing waits long for one.
    const gate = { min_requests: 20, max_error_rate_increase: 0.1 };
    for (const [strategy, rollout] of [
      ['rolling', { gate }],
      ['blue-green', { strategy: 'blue-green', keep: '30s', smoke: { path: '/health' }, gate }],
      ['canary', { strategy: 'canary', steps: ['20%', '100%'], gate }],
    ] as const) {
      for (const { balancer, isMissing } of balancers)
        test(
          `${strategy} and the way back fail no request, ${balancer} as the balancer`,
          { skip: isMissing },
          () =>
            withHome(async (home) => {
              const {
                stack,
                change,
                rollout: look,
              } = await scene(home, runtime, { rollout, balancer }, quick);
              await using load = stack.load();
              await change({ REVISION: '2' });
              const report = await home.change(['deploy']);
              assert.deepEqual(
                report.rollouts?.map(({ outcome, strategy }) => [outcome, strategy]),
                [['succeeded', strategy]],
              );
              await home.change(['rollout', 'undo']);
              await stack.settled(3);
              assertNothingFailed(await load.stop());
              const { history } = await look();
              assert.deepEqual(
                history.map(({ outcome }) => outcome),
                ['succeeded', 'succeeded', 'succeeded'],
              );
              assert.equal(history[0]?.revision, history[2]?.revision);
            }),
        );
    }

    test('a paused rollout waits for a person', () =>
      withHome(async (home) => {
        const { stack, change, rollout } = await scene(home, runtime, {}, quick);
        await change({ REVISION: '3' });
        const deploying = home.start(['deploy']);
        await eventually(async () => assert.equal((await rollout()).rollout?.fresh, 1));
        await home.change(['rollout', 'pause']);
        const refused = await home.run(['scale', 'web=4']);
        assert.match(refused.stderr, /rollout-in-progress/);
        assert.equal((await rollout()).rollout?.pause?.by, 'person');
        await home.change(['rollout', 'abort']);
        assert.equal(await deploying.ended(60_000), 1);
        assert.match(deploying.stderr(), /aborted by .*\n.*the change was undone/);
        await stack.settled(3);
        assert.deepEqual(
          (await rollout()).history.map(({ outcome }) => outcome),
          ['succeeded', 'aborted'],
        );
      }));

    test('hooks run before the first request and after the last replica, once more by the daemon after one that was killed, and one that fails takes it all back', () =>
      withHome(async (home) => {
        const hooks = {
          before_switch: `echo begun >> before.log
            while [ ! -e go ]; do sleep 0.1; done
            echo "$$TENFOLD_STRATEGY of $$TENFOLD_SERVICE" >> before.log`,
          after_switch: 'test ! -e broken || { echo the queue is full; exit 3; }',
        };
        const { stack, change, rollout } = await scene(home, runtime, { rollout: { hooks } }, quick);
        const said = async (): Promise<readonly string[]> => {
          const text = await readFile(join(home.projectDir, 'before.log'), 'utf8').catch(() => '');
          return text.split('\n').filter(Boolean);
        };
        await using load = stack.load();
        await change({ REVISION: '2' });
        const deploying = home.start(['deploy']);
        await eventually(async () => assert.deepEqual(await said(), ['begun']));
        assert.equal((await rollout()).rollout?.fresh, 0, 'no request reaches the new revision');

        process.kill((await home.version()).pid, 'SIGKILL');
        await deploying.ended(60_000);
        await home.succeed(['rollout', 'status']);
        await eventually(async () => assert.deepEqual(await said(), ['begun', 'begun']));
        await home.write('go', '');
        await eventually(async () => {
          const { history, rollout: underWay } = await rollout();
          assert.deepEqual([history.at(-1)?.outcome, underWay], ['succeeded', undefined]);
        });
        await stack.settled(3);
        assert.ok((await said()).includes('rolling of web'));

        await home.write('broken', '');
        await change({ REVISION: '3' });
        const failed = await home.run(['deploy']);
        assert.equal(failed.exitCode, 1, failed.stdout);
        assert.match(
          failed.stderr,
          /after_switch failed: the command ended with exit code 3.*the queue is full/,
        );
        await stack.settled(3);
        assert.equal((await rollout()).history.at(-1)?.outcome, 'rolled back');
        assertNothingFailed(await load.stop());
      }));
  });
}
