import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  connectDaemon,
  connectRunningDaemon,
  type ConnectOptions,
  type DaemonConnection,
} from '../../src/cli/connection/daemon-connection.ts';
import { errorFromJson } from '../../src/cli/connection/error-from-json.ts';
import { exitWhenIdle } from '../../src/cli/connection/exit-when-idle.ts';
import { daemonEntry } from '../../src/cli/connection/start-daemon.ts';
import { resolveHome, type Home } from '../../src/daemon/home.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { TenfoldError, isTenfoldError } from '../../src/shared/errors.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { startFakeDaemon } from './fake-daemon.ts';

/** A daemon that answers what versions and exits are asked for, and ends when it is told to. */
const answeringDaemon = `
import { createServer } from 'node:http';
import { resolveHome } from ${JSON.stringify(join(import.meta.dirname, '../../src/daemon/home.ts'))};
const home = resolveHome(process.env);
const server = createServer((request, response) => {
  if (request.url === '/v1/exit') {
    response.end(JSON.stringify({ isExiting: true, runningStacks: [] }), () => process.exit(0));
    return;
  }
  response.end(JSON.stringify({ version: '1', pid: process.pid, home: process.env.TENFOLD_HOME }));
});
server.on('error', () => process.exit(1));
server.listen(home.socketPath);
setTimeout(() => process.exit(3), 30_000).unref();
`;

async function withEntry(
  text: string,
  work: (options: ConnectOptions & { readonly home: Home }) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const entry = join(folder.path, 'daemon.mjs');
  await writeFile(entry, text);
  const home = resolveHome({ TENFOLD_HOME: join(folder.path, 'home', 'deep') });
  await work({ home, environment: process.env, clock: systemClock, entry, startTimeoutMs: 10_000 });
}

async function failureOf(connecting: Promise<DaemonConnection>): Promise<TenfoldError> {
  try {
    await connecting;
  } catch (thrown) {
    if (isTenfoldError(thrown)) return thrown;
    throw thrown;
  }
  throw new Error('connected, and was to fail');
}

describe('connecting to the daemon', () => {
  test('starts it when nobody listens, in the home’s own folder, and finds it the next time', () =>
    withEntry(answeringDaemon, async (options) => {
      const first = await connectDaemon(options);
      try {
        assert.equal(first.hasStartedDaemon, true);
        assert.equal(first.version.home, options.home.directory);
        const second = await connectDaemon(options);
        assert.equal(second.hasStartedDaemon, false);
        assert.equal(second.version.pid, first.version.pid);
      } finally {
        await exitWhenIdle(first, systemClock);
      }
      // It has ended; the table of processes may keep it a moment longer.
      await eventually(() => assert.throws(() => process.kill(first.version.pid, 0), { code: 'ESRCH' }));
    }));

  test('leaves one daemon when many commands start one at the same time', () =>
    withEntry(answeringDaemon, async (options) => {
      const connections = await Promise.all(Array.from({ length: 4 }, () => connectDaemon(options)));
      const [first] = connections;
      assert.ok(first !== undefined);
      await exitWhenIdle(first, systemClock);
      assert.deepEqual(new Set(connections.map(({ version }) => version.pid)), new Set([first.version.pid]));
    }));

  test('shows the error with which the daemon refused to start', () =>
    withEntry(
      `console.error(JSON.stringify({ error: { code: 'state-unreadable', message: 'torn', hint: 'move it away' } }));
       process.exitCode = 4;`,
      async (options) => {
        const failure = await failureOf(connectDaemon(options));
        assert.equal(failure.code, 'state-unreadable');
        assert.equal(failure.message, 'torn');
        assert.equal(failure.hint, 'move it away');
      },
    ));

  test('shows the last lines of a daemon that fell over, and none of an earlier one', () =>
    withEntry(`console.error('it went wrong'); process.exitCode = 1;`, async (options) => {
      await mkdir(options.home.directory, { recursive: true });
      await writeFile(options.home.daemonLogPath, 'of yesterday\n');
      const failure = await failureOf(connectDaemon(options));
      assert.equal(failure.code, 'daemon-unreachable');
      assert.match(failure.message, /ended before it answered \(exit code 1\)/);
      assert.deepEqual(failure.details, ['it went wrong']);
      assert.match(failure.hint ?? '', /daemon\.log$/);
    }));

  test('gives up on a daemon that runs and never answers', () =>
    withEntry(`setTimeout(() => {}, 5_000);`, async (options) => {
      const failure = await failureOf(connectDaemon({ ...options, startTimeoutMs: 300 }));
      assert.match(failure.message, /does not answer after 0\.3 s/);
    }));

  test('says what is wrong with a home that cannot be used', () =>
    withEntry(answeringDaemon, async (options) => {
      const file = join(options.home.directory, '../..', 'a-file');
      await writeFile(file, '');
      const home = resolveHome({ TENFOLD_HOME: join(file, 'home') });
      const failure = await failureOf(connectDaemon({ ...options, home }));
      assert.equal(failure.code, 'home-unusable');
      assert.match(failure.got ?? '', /ENOTDIR/);
    }));

  test('says so where the kernel lets nobody make a folder', { skip: !existsSync('/proc/self') }, () =>
    withEntry(answeringDaemon, async (options) => {
      const home = resolveHome({ TENFOLD_HOME: '/proc/tenfold/home' });
      const failure = await failureOf(connectDaemon({ ...options, home }));
      assert.equal(failure.code, 'home-unusable');
      assert.match(failure.got ?? '', /ENOENT/);
    }),
  );

  test('does not start one to ask whether one runs', async () => {
    await using folder = await temporaryFolder();
    const home = resolveHome({ TENFOLD_HOME: join(folder.path, 'home') });
    assert.equal(await connectRunningDaemon(home), undefined);
    assert.equal(existsSync(home.directory), false);
  });

  test('knows the daemon’s own entry, beside it', () => {
    assert.match(daemonEntry, /\/src\/daemon\/main\.ts$/);
  });
});

test('a daemon that stays for other stacks is not waited for', async () => {
  await using daemon = await startFakeDaemon();
  const connection = await connectRunningDaemon(daemon.home);
  assert.ok(connection !== undefined);
  await exitWhenIdle(connection, systemClock);
  await eventually(() => assert.equal(daemon.requests.at(-1)?.path, '/v1/exit'));
});

describe('an error that crossed the control API', () => {
  test('is the same again, with all that it holds', () => {
    const error = new TenfoldError('invalid-compose', 'not valid', {
      where: { file: '/a/compose.yaml', line: 3, column: 5, path: 'services.web' },
      expected: 'this',
      got: 'that',
      hint: 'do so',
      details: ['one', 'two'],
      errors: [new TenfoldError('usage', 'inner')],
    });
    const crossed = errorFromJson(JSON.parse(JSON.stringify(error)));
    assert.ok(crossed instanceof TenfoldError);
    assert.deepEqual(crossed.toJSON(), error.toJSON());
  });

  for (const value of [null, 'text', { message: 'x' }, { code: 'of-the-future', message: 'x' }]) {
    test(`is a bug of the daemon when it is ${JSON.stringify(value)}`, () => {
      const crossed = errorFromJson(value);
      assert.ok(!(crossed instanceof TenfoldError));
    });
  }
});
