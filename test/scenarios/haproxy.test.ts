import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { skipWithout } from '../helpers/parts.ts';
import { type TestHome, withHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, writeWebStack } from './web-stack.ts';

async function haproxyPids(home: TestHome): Promise<readonly number[]> {
  const processes = await home.processes();
  return processes.filter(({ commandLine }) => commandLine.includes('haproxy -db')).map(({ pid }) => pid);
}

describe('a stack on HAProxy', { skip: await skipWithout('haproxy') }, () => {
  const service = { 'x-tenfold': { balancer: 'haproxy' } };

  test('scales 3→5→1→3, restarts and loses its daemon under load, and no request fails', () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 3, service });
      await home.change(['up', '-d']);
      await stack.settled(3);
      const pids = await haproxyPids(home);
      assert.equal(pids.length, 1);
      await using load = stack.load();
      for (const count of [5, 1, 3]) {
        await home.change(['scale', `web=${count}`]);
        await stack.settled(count);
      }
      await home.change(['restart']);
      await stack.settled(3);
      process.kill((await home.version()).pid, 'SIGKILL');
      await load.sendMore(100);
      await home.change(['scale', 'web=2']);
      await stack.settled(2);
      assertNothingFailed(await load.stop());
      // All of that took no reload.
      assert.deepEqual(await haproxyPids(home), pids);
      const [listener] = (await home.status(stack.name)).services[0]?.listeners ?? [];
      assert.ok((listener?.requests ?? 0) > 100);
    }));

  test('an HAProxy that is killed is back at once, and `down` leaves none', () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 2, service });
      await home.change(['up', '-d']);
      await stack.settled(2);
      const [pid] = await haproxyPids(home);
      assert.ok(pid !== undefined);
      process.kill(pid, 'SIGKILL');
      await eventually(async () => assert.equal((await fetch(stack.url)).status, 200));
      assert.notDeepEqual(await haproxyPids(home), [pid]);
      await home.change(['down']);
      await eventually(async () => assert.deepEqual(await haproxyPids(home), []));
    }));

  test('without an HAProxy, `up` ends at once and says what to install', () =>
    withHome(async (home) => {
      await writeWebStack(home, { runtime: 'process', replicas: 1, service });
      const environment = { TENFOLD_HAPROXY: '/nowhere/haproxy' };
      const { exitCode, stderr } = await home.run(['up', '-d'], { environment });
      assert.equal(exitCode, 4);
      assert.match(stderr, /\[command-not-found\][\s\S]*apt install haproxy/);
    }));

  test('what HAProxy refuses ends `up` with its own words, and what was there goes on serving', () =>
    withHome(async (home) => {
      const checked = (pattern: string): Record<string, unknown> => ({
        'x-tenfold': { balancer: 'haproxy', health: { path: '/', body_regex: pattern } },
      });
      const options = { runtime: 'process', replicas: 1 } as const;
      const stack = await writeWebStack(home, { ...options, service: checked('.') });
      await home.change(['up', '-d']);
      const compose = join(home.projectDir, 'compose.yaml');
      // A look behind of no fixed length is a regular expression to us, and none to PCRE.
      await home.write('compose.yaml', (await readFile(compose, 'utf8')).replace('"."', '"(?<=a+)b"'));
      const { exitCode, stderr } = await home.run(['up', '-d']);
      assert.equal(exitCode, 1);
      assert.match(stderr, /HAProxy refuses the configuration written for web \[balancer-refused\]/);
      assert.match(stderr, /lookbehind assertion is not fixed length[\s\S]*the change was undone/);
      assert.equal((await fetch(stack.url)).status, 200);
      await stack.settled(1);
    }));
});
