import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { printed } from '../helpers/program.ts';
import { freePort } from '../helpers/free-port.ts';
import { withHome } from '../helpers/tenfold.ts';
import { writeWebStack } from './web-stack.ts';

const visitsDir = join(import.meta.dirname, '../../examples/visits');

test('npm start’s command shows a table, three instances answer in ten requests, and Ctrl-C leaves no process', () =>
  withHome(async (home) => {
    const port = await freePort();
    await cp(visitsDir, home.projectDir, {
      recursive: true,
      filter: (file) => !file.startsWith(join(visitsDir, 'data')),
    });
    await home.write('port.yaml', `services: {web: {ports: !override ['127.0.0.1:${port}:5000']}}\n`);
    const up = home.start(['-f', 'compose.yaml', '-f', 'port.yaml', 'up']);
    await printed(up, /SERVICE +REPLICAS/);
    await printed(up, /web +3\/3/);

    const instances = new Set<string>();
    for (let visit = 1; visit <= 10; visit += 1) {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      const body: unknown = await response.json();
      assert.ok(typeof body === 'object' && body !== null && 'visits' in body && 'served_by' in body);
      assert.equal(body.visits, visit);
      assert.ok(
        typeof body.served_by === 'object' && body.served_by !== null && 'instance' in body.served_by,
      );
      instances.add(String(body.served_by.instance));
      for (const header of ['x-served-by', 'x-upstream-server', 'x-request-id'])
        assert.ok(response.headers.get(header), header);
    }
    assert.deepEqual([...instances].sort(), ['web-1', 'web-2', 'web-3']);
    await printed(up, /web-1.*GET \/ 200/);

    up.process.kill('SIGINT');
    assert.equal(await up.ended(60_000), 0, up.output());
    await eventually(async () => assert.deepEqual(await home.processes(), []));
  }));

test('a second Ctrl-C does not wait for replicas that ignore SIGTERM, and leaves no process either', () =>
  withHome(async (home) => {
    const environment = { ON_SIGTERM: 'ignore' };
    const service = { stop_grace_period: '60s' };
    await writeWebStack(home, { runtime: 'process', replicas: 2, environment, service });
    const up = home.start(['up']);
    await printed(up, /web +2\/2/);
    const firstAt = performance.now();
    up.process.kill('SIGINT');
    await printed(up, /Ctrl-C again/);
    // Closer together they count as one, because npm hands its own copy of the first on.
    await eventually(() => assert.ok(performance.now() - firstAt > 600));
    up.process.kill('SIGINT');
    assert.equal(await up.ended(60_000), 130, up.output());
    await eventually(async () => assert.deepEqual(await home.processes(), []));
  }));
