import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { skipWithout } from '../helpers/parts.ts';
import { withHome } from '../helpers/tenfold.ts';
import { startUnixRelay } from '../helpers/unix-relay.ts';
import { assertNothingFailed, writeWebStack } from './web-stack.ts';

const engineSocket = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';

test(
  'while the Docker engine is unreachable traffic goes on, ps says so, and when it is back everything goes on by itself',
  { skip: await skipWithout('docker') },
  () =>
    withHome(async (home) => {
      await using engine = await startUnixRelay(join(home.projectDir, 'engine.sock'), engineSocket);
      const throughRelay = { environment: { DOCKER_HOST: `unix://${engine.path}` } };
      const stack = await writeWebStack(home, { runtime: 'docker', replicas: 3 });
      await home.change(['up', '-d'], throughRelay);
      await stack.settled(3);
      const before = await stack.pids();
      await using load = stack.load();

      await engine.cut();
      await eventually(async () => {
        const { runtimes } = await home.status(stack.name);
        assert.deepEqual(
          runtimes.map(({ isReachable }) => isReachable),
          [false],
        );
      });
      const shown = await home.run(['ps'], throughRelay);
      assert.match(shown.stdout + shown.stderr, /no Docker engine answers/);
      const refused = await home.run(['scale', 'web=4'], { ...throughRelay, timeoutMs: 30_000 });
      assert.equal(refused.exitCode, 4, refused.stdout + refused.stderr);
      assert.match(refused.stderr, /\[runtime-unreachable\]/);
      await load.sendMore(100);

      await engine.restore();
      await home.change(['scale', 'web=4'], throughRelay);
      await stack.settled(4);
      const after = await stack.pids();
      for (const [instance, pid] of Object.entries(before)) assert.equal(after[instance], pid, instance);
      assertNothingFailed(await load.stop());
    }),
);

test('on a machine without a Docker engine local processes come, change and go, and nothing is said of Docker', () =>
  withHome(async (home) => {
    const environment = { DOCKER_HOST: `unix://${join(home.projectDir, 'nothing.sock')}` };
    const stack = await writeWebStack(home, { runtime: 'process', replicas: 2 });
    await home.change(['up', '-d'], { environment });
    await stack.settled(2);
    const commands = [
      ['ps'],
      ['status'],
      ['scale', 'web=3'],
      ['restart'],
      ['stop'],
      ['start'],
      ['rollout', 'history'],
      ['down', '-v'],
    ];
    for (const command of commands) {
      const { exitCode, stdout, stderr } = await home.run(command, { environment });
      assert.equal(exitCode, 0, `${command.join(' ')}\n${stdout}${stderr}`);
      assert.doesNotMatch(stdout + stderr, /docker/i, command.join(' '));
    }
  }));
