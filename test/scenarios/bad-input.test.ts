import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fillDisk, mountSmallDisk, skipWithoutSmallDisk } from '../helpers/small-disk.ts';
import { type TestHome, withHome } from '../helpers/tenfold.ts';

interface BadInput {
  readonly name: string;
  /** Text of compose.yaml; undefined: none is there. */
  readonly file?: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly exitCode: number;
  /** All of these stand in what is printed on stderr. */
  readonly says: readonly RegExp[];
}

const replica = join(import.meta.dirname, '../fixtures/replicas/http-replica.mjs');
const web = `    command: ['${process.execPath}', '${replica}']\n`;
const healthy = `services:\n  web:\n${web}`;

/** Found before anything is started. */
const refused: readonly BadInput[] = [
  {
    name: 'no compose file at all',
    args: ['up', '-d'],
    exitCode: 3,
    says: [/\[file-not-found\]/, /compose\.yaml/, /hint:/],
  },
  {
    name: 'a file that does not exist',
    file: healthy,
    args: ['-f', 'elsewhere.yaml', 'up', '-d'],
    exitCode: 3,
    says: [/\[file-not-found\]/, /elsewhere\.yaml/],
  },
  {
    name: 'a YAML error',
    file: 'services:\n  web:\n    command: "never closed\n',
    args: ['up', '-d'],
    exitCode: 3,
    says: [/\[invalid-compose\]/, /compose\.yaml:[34]:\d+/],
  },
  {
    name: 'an unknown key, with the nearest one',
    file: `${healthy}    healtcheck:\n      disable: true\n`,
    args: ['up', '-d'],
    exitCode: 3,
    says: [/\[invalid-compose\]/, /compose\.yaml:4:5 \(services\.web\.healtcheck\)/, /healthcheck/, /hint:/],
  },
  {
    name: 'a circle of depends_on',
    file: `services:\n  web:\n${web}    depends_on: [api]\n  api:\n${web}    depends_on: [web]\n`,
    args: ['up', '-d'],
    exitCode: 3,
    says: [/\[dependency-cycle\]/, /web.*api|api.*web/, /compose\.yaml:\d+/, /hint:/],
  },
  {
    name: 'an unknown service in --scale, with the nearest one',
    file: healthy,
    args: ['up', '-d', '--scale', 'wbe=2'],
    exitCode: 2,
    says: [/\[unknown-service\]/, /`wbe`/, /web/, /hint:/],
  },
  ...['-1', '1.5', '1e99', '99999999999999999999', 'many', ''].map((count) => ({
    name: `a scale of ${count === '' ? 'nothing' : count}`,
    file: healthy,
    args: ['up', '-d', '--scale', `web=${count}`],
    exitCode: 2,
    says: [/\[invalid-scale\]/, /whole number/],
  })),
  {
    name: 'container_name with more than one replica',
    file: 'services:\n  web:\n    image: nothing\n    container_name: only-one\n',
    args: ['up', '-d', '--scale', 'web=2'],
    exitCode: 2,
    says: [/\[invalid-scale\]/, /compose\.yaml:4:\d+ \(services\.web\.container_name\)/, /hint:/],
  },
  {
    name: 'a command that does not exist, with file and line',
    file: 'services:\n  web:\n    command: no-such-program --serve\n',
    args: ['up', '-d'],
    exitCode: 4,
    says: [/\[command-not-found\]/, /no-such-program/, /compose\.yaml:3:\d+/, /hint:/],
  },
  {
    name: 'an image while no Docker engine answers',
    file: 'services:\n  web:\n    image: nothing\n',
    args: ['up', '-d'],
    environment: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    exitCode: 4,
    says: [/\[runtime-unreachable\]/, /\/nowhere\/docker\.sock/, /hint:/],
  },
  {
    name: 'a TENFOLD_HOME that is no folder',
    file: healthy,
    args: ['up', '-d'],
    environment: { TENFOLD_HOME: join(import.meta.filename, 'below-a-file') },
    exitCode: 4,
    says: [/\[home-unusable\]/, /below-a-file/, /hint:/],
  },
  {
    name: 'an unknown command, with the nearest one',
    file: healthy,
    args: ['sclae', 'web=2'],
    exitCode: 2,
    says: [/\[usage\]/, /scale/, /hint:/],
  },
];

async function stacksOf(home: TestHome): Promise<string> {
  return (await home.succeed(['--json', 'ls'])).stdout;
}

describe('bad input is refused with a reason and a hint, and changes nothing', { concurrency: 2 }, () => {
  for (const { name, file, args, environment = {}, exitCode, says } of refused) {
    test(name, () =>
      withHome(async (home) => {
        if (file !== undefined) await home.write('compose.yaml', file);
        const run = await home.run(args, { environment });
        assert.equal(run.exitCode, exitCode, run.stdout + run.stderr);
        for (const pattern of says) assert.match(run.stderr, pattern);
        assert.doesNotMatch(run.stderr, /\bat .*\.ts:\d+/, 'no stack trace');
        const replicas = (await home.processes()).filter(({ commandLine }) => commandLine.includes(replica));
        assert.deepEqual(replicas, []);
      }),
    );
  }

  test('a change that is refused leaves a running stack as it was', () =>
    withHome(async (home) => {
      await home.write('compose.yaml', `name: steady\n${healthy}`);
      await home.change(['up', '-d', '--scale', 'web=2']);
      const before = await home.status('steady');
      const pidsBefore = before.services[0]?.replicas.map(({ pid }) => pid);
      for (const [args, exitCode] of [
        [['scale', 'web=-3'], 2],
        [['scale', 'wbe=3'], 2],
        [['drain', 'web-7'], 2],
        [['up', '-d', '--scale', 'web=1.5'], 2],
      ] as const) {
        const run = await home.run(args);
        assert.equal(run.exitCode, exitCode, `${args.join(' ')}\n${run.stderr}`);
      }
      const broken = await home.write('broken.yaml', `${healthy}    imagee: x\n`);
      assert.equal((await home.run(['-f', broken, '-p', 'steady', 'up', '-d'])).exitCode, 3);
      const after = await home.status('steady');
      assert.deepEqual(
        after.services[0]?.replicas.map(({ pid }) => pid),
        pidsBefore,
      );
      assert.equal(after.services[0]?.desired, 2);
    }));

  test('a port that somebody else holds is named with the pid that holds it', () =>
    withHome(async (home) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const address = holder.address();
      assert.ok(address !== null && typeof address === 'object');
      try {
        await home.write('compose.yaml', `${healthy}    ports: ['127.0.0.1:${address.port}:80']\n`);
        const run = await home.run(['up', '-d']);
        assert.equal(run.exitCode, 4, run.stdout + run.stderr);
        assert.match(run.stderr, /\[port-taken\]/);
        assert.match(run.stderr, new RegExp(`${address.port}`));
        if (process.platform === 'linux') assert.match(run.stderr, new RegExp(`\\b${process.pid}\\b`));
      } finally {
        holder.close();
      }
    }));

  test('a replica that never gets healthy fails the change, and its last log lines are shown', () =>
    withHome(async (home) => {
      const check = join(import.meta.dirname, '../fixtures/replicas/http-check.mjs');
      await home.write(
        'compose.yaml',
        `${healthy}    environment: {HEALTH: never}\n    ports: ['80']\n    healthcheck:\n      test: [CMD, '${process.execPath}', '${check}']\n      interval: 200ms\n      retries: 2\n`,
      );
      const run = await home.run(['up', '-d']);
      assert.equal(run.exitCode, 1, run.stdout + run.stderr);
      assert.match(run.stderr, /\[replica-failed\]/);
      assert.match(run.stderr, /web-1/);
      assert.match(run.stderr, /listens on port/, 'what the replica printed last');
    }));

  test('a replica that ends at once fails the change, and its last log lines are shown', () =>
    withHome(async (home) => {
      const command = `[${JSON.stringify(process.execPath)}, -e, "console.error('no such database'); process.exit(9)"]`;
      await home.write('compose.yaml', `services:\n  web:\n    command: ${command}\n    restart: 'no'\n`);
      const run = await home.run(['up', '-d']);
      assert.equal(run.exitCode, 1, run.stdout + run.stderr);
      assert.match(run.stderr, /\[replica-failed\]/);
      assert.match(run.stderr, /no such database/);
    }));

  test('a stack name that already runs from another folder is refused, and the other stack goes on', () =>
    withHome(async (home) => {
      await home.write('compose.yaml', `name: taken\n${healthy}`);
      await home.change(['up', '-d']);
      const before = await stacksOf(home);
      await home.write('other/compose.yaml', `name: taken\n${healthy}`);
      const run = await home.run(['up', '-d'], { cwd: join(home.projectDir, 'other') });
      assert.equal(run.exitCode, 1, run.stdout + run.stderr);
      assert.match(run.stderr, /\[stack-elsewhere\]/);
      assert.match(run.stderr, /-p|name:/);
      assert.equal(await stacksOf(home), before);
    }));

  test(
    'a disk that is full: the change is refused, what runs goes on, and with space it works again',
    {
      skip: skipWithoutSmallDisk,
    },
    () =>
      withHome(async (home) => {
        await home.write('compose.yaml', `name: full\n${healthy}`);
        await home.change(['up', '-d']);
        const pidsOf = async (): Promise<unknown> =>
          (await home.status('full')).services[0]?.replicas.map(({ pid }) => pid);
        const before = await pidsOf();
        {
          await using _filler = await fillDisk(home.home.directory);
          const run = await home.run(['scale', 'web=3']);
          assert.equal(run.exitCode, 4, run.stdout + run.stderr);
          assert.match(run.stderr, /\[state-write-failed\]/);
          assert.match(run.stderr, /ENOSPC|no space/);
          assert.deepEqual(await pidsOf(), before);
        }
        const report = await home.change(['scale', 'web=3']);
        assert.deepEqual(report.services, [{ service: 'web', before: 1, after: 3 }]);
      }, mountSmallDisk),
  );
});
