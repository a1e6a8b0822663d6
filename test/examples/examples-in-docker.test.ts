import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { skipWithout } from '../helpers/parts.ts';
import { freePort, freePorts } from '../helpers/free-port.ts';
import { type TestHome, withHome } from '../helpers/tenfold.ts';
import { nodeImage, redisImage } from '../helpers/docker/test-image.ts';

const withoutRedis = await skipWithout('redis');
const examplesDir = join(import.meta.dirname, '../../examples');

async function copyExample(home: TestHome, name: string): Promise<void> {
  const source = join(examplesDir, name);
  await cp(source, home.projectDir, {
    recursive: true,
    filter: (file) => file !== join(source, 'data'),
  });
}

async function answer(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  const body: unknown = await response.json();
  assert.ok(typeof body === 'object' && body !== null);
  return { ...body };
}

/** Instances that answered that many requests, each once and sorted. */
async function instancesOf(url: string, requests: number): Promise<string[]> {
  const instances = new Set<string>();
  for (let ask = 0; ask < requests; ask += 1) instances.add(String((await answer(url))['instance']));
  return [...instances].sort();
}

describe('examples in Docker', { concurrency: false, skip: await skipWithout('docker') }, () => {
  test('visits: three containers count in Redis and say which container served', { skip: withoutRedis }, () =>
    withHome(async (home) => {
      await copyExample(home, 'visits');
      const port = await freePort();
      // The official Redis image is built without protected mode; this machine's own Redis is not.
      const redis = "{command: ['redis-server', '--protected-mode', 'no']}";
      const ports = `!override ['127.0.0.1:${port}:5000']`;
      await home.write('here.yaml', `services: {web: {ports: ${ports}}, redis: ${redis}}\n`);
      const names = ['compose.yaml', 'compose.docker.yaml', 'here.yaml'];
      const files = [...names.flatMap((name) => ['-f', name]), '-p', 'visits-test'];
      const environment = { WEB_IMAGE: await nodeImage(), REDIS_IMAGE: await redisImage() };
      await home.succeed([...files, 'up', '-d'], { environment });

      const instances = new Set<string>();
      for (let visit = 1; visit <= 10; visit += 1) {
        const { visits, served_by: servedBy } = await answer(`http://127.0.0.1:${port}/`);
        assert.equal(visits, visit);
        assert.ok(typeof servedBy === 'object' && servedBy !== null && 'container_id' in servedBy);
        assert.match(String(servedBy.container_id), /^[0-9a-f]{12}$/);
        instances.add('instance' in servedBy ? String(servedBy.instance) : '');
      }
      assert.deepEqual([...instances].sort(), ['web-1', 'web-2', 'web-3']);

      const counts = await answer(`http://127.0.0.1:${port}/visits`);
      assert.match(String(counts['counted_in']), /Redis at redis:6379/);
      const keys = await home.succeed(
        [...files, 'exec', '-T', 'redis', 'redis-cli', '--scan', '--pattern', 'requests:*'],
        { environment },
      );
      assert.deepEqual(keys.stdout.trim().split('\n').sort(), [
        'requests:web-1',
        'requests:web-2',
        'requests:web-3',
      ]);
    }),
  );

  test('lesson 25: web, app and db: three web replicas behind one assigned port, reached by name from app', () =>
    withHome(async (home) => {
      await copyExample(home, 'lesson-25');
      const image = await nodeImage();
      // The images of this test listen where PORT says; those of the lesson know by themselves.
      await home.write(
        'here.yaml',
        'services: {web: {environment: {PORT: 8080}}, db: {environment: {PORT: 3306}}}\n',
      );
      const files = ['-f', 'compose.yaml', '-f', 'here.yaml', '-p', 'lesson-test'];
      const environment = { WEB_IMAGE: image, APP_IMAGE: image, DB_IMAGE: image };
      await home.succeed([...files, 'up', '-d'], { environment });

      const { services } = await home.status('lesson-test');
      const web = services.find(({ name }) => name === 'web');
      assert.equal(web?.replicas.length, 3);
      const [listener] = web.listeners;
      assert.ok(listener?.isOpen);
      assert.deepEqual(await instancesOf(`http://127.0.0.1:${listener.port}/`, 9), [
        'web-1',
        'web-2',
        'web-3',
      ]);

      const script = "fetch('http://127.0.0.1:3000').then((r) => r.text()).then(console.log)";
      await eventually(async () => {
        const asked = await home.succeed([...files, 'exec', '-T', 'app', 'node', '-e', script], {
          environment,
        });
        assert.match(asked.stdout, /"web":"\{.*web-[123]/);
        assert.match(asked.stdout, /"database":"reachable"/);
      });
    }));

  test('lesson 25: one fixed host port, scaled to four', () =>
    withHome(async (home) => {
      await copyExample(home, 'lesson-25');
      const port = await freePort();
      await home.write('port.yaml', `services: {web: {ports: !override ['127.0.0.1:${port}:80']}}\n`);
      const files = ['-f', 'fixed-port.compose.yaml', '-f', 'port.yaml', '-p', 'lesson-fixed-test'];
      const environment = { HTTPD_IMAGE: await nodeImage() };
      await home.succeed([...files, 'up', '-d', '--scale', 'web=4'], { environment });
      assert.deepEqual(await instancesOf(`http://127.0.0.1:${port}/`, 12), [
        'web-1',
        'web-2',
        'web-3',
        'web-4',
      ]);
    }));

  test('lesson 25: each port of a range leads to all replicas of a service that keeps nothing', () =>
    withHome(async (home) => {
      await copyExample(home, 'lesson-25');
      const first = await freePorts(3);
      const range = `!override ['127.0.0.1:${first}-${first + 2}:80']`;
      await home.write('here.yaml', `services: {web: {ports: ${range}}}\n`);
      const files = ['-f', 'port-range.compose.yaml', '-f', 'here.yaml', '-p', 'lesson-range-test'];
      await home.succeed([...files, 'up', '-d', '--scale', 'web=4'], {
        environment: { HTTPD_IMAGE: await nodeImage() },
      });
      for (const port of [first, first + 1, first + 2]) {
        const instances = await instancesOf(`http://127.0.0.1:${port}/`, 12);
        assert.deepEqual(instances, ['web-1', 'web-2', 'web-3', 'web-4']);
      }
    }));

  test('lesson 25: the Traefik stack runs with no Traefik', () =>
    withHome(async (home) => {
      await copyExample(home, 'lesson-25');
      const port = await freePort();
      const files = ['-f', 'traefik.compose.yaml', '-p', 'lesson-traefik-test'];
      const environment = { WEB_IMAGE: await nodeImage(), WEB_PORT: String(port) };
      const { stderr } = await home.succeed([...files, 'up', '-d'], { environment });
      assert.match(stderr, /service traefik is not run/);
      assert.deepEqual(await instancesOf(`http://localhost:${port}/`, 12), ['web-1', 'web-2', 'web-3']);
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
      await home.succeed([...files, 'scale', 'web=5'], { environment });
      assert.equal((await instancesOf(`http://localhost:${port}/`, 20)).length, 5);
    }));

  test('lesson 25: three replicas that share a volume, each on its own port of the range', () =>
    withHome(async (home) => {
      await copyExample(home, 'lesson-25');
      const files = ['-f', 'shared-volume.compose.yaml', '-p', 'lesson-volume-test'];
      const environment = { WEB_IMAGE: await nodeImage() };
      const first = await freePorts(3);
      await home.write(
        'range.yaml',
        `services: {web: {ports: !override ['127.0.0.1:${first}-${first + 2}:80']}}\n`,
      );
      const all = [...files.slice(0, 2), '-f', 'range.yaml', ...files.slice(2)];
      await home.succeed([...all, 'up', '-d'], { environment });
      const own = [0, 1, 2].map((offset) => instancesOf(`http://127.0.0.1:${first + offset}/`, 1));
      assert.deepEqual((await Promise.all(own)).flat().sort(), ['web-1', 'web-2', 'web-3']);

      const write = "require('fs').writeFileSync('/usr/share/nginx/html/page', 'shared')";
      const read = "process.stdout.write(require('fs').readFileSync('/usr/share/nginx/html/page', 'utf8'))";
      await home.succeed([...all, 'exec', '-T', 'web-1', 'node', '-e', write], { environment });
      const seen = await home.succeed([...all, 'exec', '-T', 'web-3', 'node', '-e', read], { environment });
      assert.equal(seen.stdout, 'shared');
    }));
});
