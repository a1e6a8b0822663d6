import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from '../helpers/eventually.ts';
import { describeLoad } from '../helpers/load-result.ts';
import { withHome } from '../helpers/tenfold.ts';
import { inspect, leftOf, skip, writeNginxStack } from './ambassador-stack.ts';
import { assertNothingFailed } from './web-stack.ts';

const run = promisify(execFile);
const address = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';

describe('an ambassador', { concurrency: false, skip }, () => {
  test('keeps an nginx that resolved the name once at work through scale 3→5→1 and a recreate of every replica', (context) =>
    withHome(async (home) => {
      const stack = await writeNginxStack(home);
      await home.change(['up', '-d']);
      await stack.settled(3);
      const nginx = await inspect(`${stack.name}-nginx-1`, '{{.Id}} {{.State.StartedAt}}');
      const upstream = (await fetch(stack.url)).headers.get('x-upstream-server');
      const [single, ...others] = await stack.addressesOf('app');
      assert.deepEqual(others, [], 'the name leads to one address');
      assert.equal(upstream, `${single}:5000`);
      const replicas = await Promise.all(
        [1, 2, 3].map((index) => inspect(`${stack.name}-app-${index}`, address)),
      );
      assert.deepEqual(await stack.addressesOf('tasks.app'), replicas.sort());

      await using load = stack.load();
      await load.sendMore(50);
      await home.change(['scale', 'app=5']);
      await stack.settled(5);
      await load.sendMore(50);
      await home.change(['scale', 'app=1']);
      await stack.settled(1);
      await load.sendMore(50);
      await home.change(['scale', 'app=3']);
      const before = await inspect(`${stack.name}-app-1`, '{{.Id}}');
      await home.change(['up', '-d', '--force-recreate', 'app']);
      await stack.settled(3);
      await load.sendMore(50);
      const result = await load.stop();

      context.diagnostic(describeLoad(result));
      assertNothingFailed(result);
      assert.deepEqual(Object.keys(result.byInstance).sort(), ['app-1', 'app-2', 'app-3', 'app-4', 'app-5']);
      assert.notEqual(await inspect(`${stack.name}-app-1`, '{{.Id}}'), before);
      assert.equal(await inspect(`${stack.name}-nginx-1`, '{{.Id}} {{.State.StartedAt}}'), nginx);
      assert.equal((await fetch(stack.url)).headers.get('x-upstream-server'), upstream);
      await home.change(['down']);
      assert.deepEqual(await leftOf(stack.name), []);
      assert.deepEqual(await readdir(home.home.ambassadorsDirectory), []);
    }));

  test('comes back at its address when it is killed or removed, and outlives the daemon', () =>
    withHome(async (home) => {
      const stack = await writeNginxStack(home, { deploy: { replicas: 2 } });
      await home.change(['up', '-d']);
      await stack.settled(2);
      const ambassador = `${stack.name}-app-ambassador`;
      const kept = await inspect(ambassador, address);
      const works = (): Promise<void> =>
        eventually(async () => {
          const response = await fetch(stack.url);
          await response.text();
          assert.equal(response.status, 200);
        });
      await works();

      const pid = Number(await inspect(ambassador, '{{.State.Pid}}'));
      process.kill(pid, 'SIGKILL');
      await works();
      await eventually(async () => assert.equal(await inspect(ambassador, address), kept));
      await eventually(async () => assert.notEqual(Number(await inspect(ambassador, '{{.State.Pid}}')), pid));

      const id = await inspect(ambassador, '{{.Id}}');
      // The lowest addresses are free now, and are not what it gets.
      await home.change(['scale', 'app=1']);
      await run('docker', ['rm', '-f', ambassador]);
      await works();
      await eventually(async () => assert.equal(await inspect(ambassador, address), kept));
      const recreated = await inspect(ambassador, '{{.Id}} {{.State.StartedAt}}');
      assert.ok(!recreated.startsWith(id), 'it was made anew');

      await using load = stack.load();
      await load.sendMore(20);
      process.kill((await home.version()).pid, 'SIGKILL');
      await load.sendMore(20);
      await home.change(['scale', 'app=3']);
      await stack.settled(3);
      await load.sendMore(20);
      const result = await load.stop();
      assert.equal(result.failed.length, 0, describeLoad(result));
      assert.equal(await inspect(ambassador, '{{.Id}} {{.State.StartedAt}}'), recreated);
      assert.equal(Object.keys(result.byInstance).length, 3, 'the next daemon leads it to new replicas');
    }));
});
