import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakeDaemon, type FakeDaemon } from './fake-daemon.ts';
import { fakeTerminal, runInProcess } from './run-in-process.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { eventually } from '../helpers/eventually.ts';
import { sampleEvent, sampleNow, sampleReplica, sampleService, sampleStack } from './sample-status.ts';

const demo = '/v1/stacks/demo';

function logLine(instance: string, text: string): object {
  return { service: instance.replace(/-\d+$/, ''), instance, stream: 'stdout', time: sampleNow, text };
}

/** Says one thing and then nothing more until the caller goes away. */
async function* endless(first: unknown, gone: AbortSignal): AsyncGenerator {
  yield first;
  await new Promise<void>((resolve) => gone.addEventListener('abort', () => resolve(), { once: true }));
}

async function withDemo(work: (daemon: FakeDaemon) => Promise<void>): Promise<void> {
  await using daemon = await startFakeDaemon();
  const ended = sampleReplica(4, { state: 'exited', exitCode: 1, reason: 'killed' });
  const web = sampleService({ replicas: [sampleReplica(1), ended] });
  daemon.answer(`GET ${demo}`, {
    json: sampleStack({ services: [web, ...sampleStack().services.slice(1)] }),
  });
  await work(daemon);
}

describe('ps', () => {
  test('leaves out replicas that have ended, and says so', () =>
    withDemo(async ({ environment }) => {
      const { stdout, stderr } = await runInProcess(['ps', '-p', 'demo'], environment);
      assert.match(stdout, /^INSTANCE .*\nweb-1 .*\ndb-1 .*\n$/);
      assert.equal(stderr, '1 that has ended: tenfold ps -a\n');
    }));

  test('shows those too with -a, and only those of the services that were named', () =>
    withDemo(async ({ environment }) => {
      const { stdout } = await runInProcess(['ps', '-a', '-p', 'demo', 'web'], environment);
      assert.match(stdout, /^INSTANCE .*\nweb-1 .*\nweb-4 +exited \(1\) .*\n! web-4: killed\n$/);
    }));

  test('prints ids, or names of services, for scripts', () =>
    withDemo(async ({ environment }) => {
      const ids = await runInProcess(['ps', '-q', '-p', 'demo'], environment);
      assert.equal(ids.stdout, `p-1\n${'c0ffee'.padEnd(64, '0')}\n`);
      const names = await runInProcess(['ps', '--services', '-p', 'demo'], environment);
      assert.equal(names.stdout, 'web\ndb\n');
    }));

  test('prints one JSON document with the service of each replica', () =>
    withDemo(async ({ environment }) => {
      const { stdout, stderr } = await runInProcess(['-p', 'demo', 'ps', '--json'], environment);
      assert.equal(stderr, '');
      assert.partialDeepStrictEqual(JSON.parse(stdout), {
        stack: 'demo',
        replicas: [
          { service: 'web', instance: 'web-1', state: 'in rotation' },
          { service: 'db', instance: 'db-1' },
        ],
      });
    }));
});

describe('ls, status, version', () => {
  test('ls prints all stacks, as a table, as names and as JSON', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('GET /v1/stacks', { json: [sampleStack()] });
    assert.match((await runInProcess(['ls'], daemon.environment)).stdout, /^STACK .*\ndemo +running +4\/4 /);
    assert.equal((await runInProcess(['ls', '-q'], daemon.environment)).stdout, 'demo\n');
    const { stdout } = await runInProcess(['ls', '--json'], daemon.environment);
    assert.deepEqual(JSON.parse(stdout), { stacks: [sampleStack()] });
  });

  test('status prints the stack as the daemon has it', () =>
    withDemo(async ({ environment }) => {
      assert.match((await runInProcess(['status', '-p', 'demo'], environment)).stdout, /^demo {2}steady/);
      const { stdout } = await runInProcess(['status', '-p', 'demo', '--json'], environment);
      assert.partialDeepStrictEqual(JSON.parse(stdout), { name: 'demo', isSteady: true });
    }));

  test('version tells of the daemon that runs', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('GET /v1/version', { json: { version: '9.9.9', pid: 77, home: '/h', proxyPid: 78 } });
    const { stdout } = await runInProcess(['version'], daemon.environment);
    assert.match(stdout, /daemon {3}9\.9\.9, pid 77\nproxy {4}pid 78\n/);
  });

  test('a daemon of another version earns a warning that says what to do', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('GET /v1/version', { json: { version: '9.9.9', pid: 77, home: '/h' } });
    daemon.answer('GET /v1/stacks', { json: [] });
    const { exitCode, stderr } = await runInProcess(['ls'], daemon.environment);
    assert.equal(exitCode, 0);
    assert.match(
      stderr,
      /^warning: the daemon is tenfold 9\.9\.9 and this is tenfold .*`kill 77` ends the daemon/,
    );
  });
});

describe('logs', () => {
  test('prints lines with the instance before them, and asks for what was said', () =>
    withDemo(async (daemon) => {
      daemon.answer(`GET ${demo}/logs`, { stream: [logLine('web-1', 'hello'), logLine('db-1', 'ready')] });
      const words = ['-p', 'demo', 'logs', '-n', '5', '--since', '1970-01-01T00:00:07Z', 'web', 'db'];
      const { stdout } = await runInProcess(words, daemon.environment);
      assert.equal(stdout, 'web-1  | hello\ndb-1   | ready\n');
      assert.equal(
        daemon.requests.find(({ path }) => path.endsWith('/logs'))?.query.toString(),
        'tail=5&since=7000&service=web&service=db',
      );
    }));

  test('of one instance leave the others out', () =>
    withDemo(async (daemon) => {
      daemon.answer(`GET ${demo}/logs`, { stream: [logLine('web-1', 'hello'), logLine('web-4', 'bye')] });
      const { stdout } = await runInProcess(
        ['logs', '-p', 'demo', 'web-4', '--no-log-prefix'],
        daemon.environment,
      );
      assert.equal(stdout, 'bye\n');
    }));

  test('are JSON lines with --json', () =>
    withDemo(async (daemon) => {
      daemon.answer(`GET ${demo}/logs`, { stream: [logLine('web-1', 'hello')] });
      const { stdout } = await runInProcess(['logs', '-p', 'demo', '--json'], daemon.environment);
      assert.deepEqual(JSON.parse(stdout), logLine('web-1', 'hello'));
    }));

  test('that are followed end with 130 when interrupted, and the daemon notices', () =>
    withDemo(async (daemon) => {
      daemon.answer(`GET ${demo}/logs`, ({ gone }) => ({ stream: endless(logLine('web-1', 'hello'), gone) }));
      const terminal = fakeTerminal(daemon.environment);
      const running = runCli(['logs', '-f', '-p', 'demo'], terminal.surroundings);
      await eventually(() => assert.match(terminal.stdout.text, /hello/));
      terminal.interrupt();
      assert.equal(await running, 130);
      assert.equal(terminal.stderr.text, '');
      await eventually(() =>
        assert.ok(daemon.requests.some(({ path, gone }) => path.endsWith('/logs') && gone.aborted)),
      );
    }));

  test('that nobody reads any more end quietly', () =>
    withDemo(async (daemon) => {
      daemon.answer(`GET ${demo}/logs`, ({ gone }) => ({ stream: endless(logLine('web-1', 'hello'), gone) }));
      const terminal = fakeTerminal(daemon.environment);
      const running = runCli(['logs', '-f', '-p', 'demo'], terminal.surroundings);
      await eventually(() => assert.match(terminal.stdout.text, /hello/));
      terminal.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      assert.equal(await running, 0);
      assert.equal(terminal.stderr.text, '');
    }));

  for (const word of ['many', '-1', '1.5']) {
    test(`refuse \`--tail ${word}\``, async () => {
      const { exitCode, stderr } = await runInProcess(['logs', '-p', 'demo', `--tail=${word}`]);
      assert.equal(exitCode, 2);
      assert.match(stderr, /It is neither a number of lines nor `all`/);
    });
  }
});

test('events print the journal of the stack, or of all', () =>
  withDemo(async (daemon) => {
    const event = sampleEvent('replica.started', 'web-1', 'pid 7');
    daemon.answer('GET /v1/events', { stream: [event] });
    const { stdout } = await runInProcess(['events', '-p', 'demo'], daemon.environment);
    assert.match(stdout, /^2026-11-\d\d \d\d:00:00 {2}demo {2}web-1 {2}replica\.started {2}pid 7\n$/);
    const all = await runInProcess(['events', '--all', '--json'], daemon.environment);
    assert.deepEqual(JSON.parse(all.stdout), event);
    const queries = daemon.requests.filter(({ path }) => path === '/v1/events');
    assert.deepEqual(
      queries.map(({ query }) => query.toString()),
      ['stack=demo', ''],
    );
  }));

describe('exec', () => {
  const output = (stream: string, text: string): object => ({
    type: 'output',
    stream,
    base64: Buffer.from(text).toString('base64'),
  });

  test('passes output and the exit code on, and options of the command are the command’s', () =>
    withDemo(async (daemon) => {
      daemon.answer(`POST ${demo}/exec`, {
        stream: [output('stdout', 'out'), output('stderr', 'err'), { type: 'exit', exitCode: 42 }],
      });
      const words = [
        '-p',
        'demo',
        'exec',
        '-e',
        'A=b=c',
        '-e',
        'PATH',
        '-w',
        '/tmp',
        'web',
        'ls',
        '-f',
        '--json',
      ];
      const run = await runInProcess(words, { ...daemon.environment, PATH: '/bin' });
      assert.deepEqual(run, { exitCode: 42, stdout: 'out', stderr: 'err' });
      const request = daemon.requests.find(({ path }) => path.endsWith('/exec'))?.query.get('request') ?? '';
      assert.deepEqual(JSON.parse(request), {
        target: 'web',
        command: ['ls', '-f', '--json'],
        environment: { A: 'b=c', PATH: '/bin' },
        isPrivileged: false,
        workingDir: '/tmp',
      });
    }));

  test('takes one instance by its index', () =>
    withDemo(async (daemon) => {
      daemon.answer(`POST ${demo}/exec`, { stream: [{ type: 'exit', exitCode: 0 }] });
      const found = await runInProcess(
        ['exec', '--index', '4', '-p', 'demo', 'web', 'id'],
        daemon.environment,
      );
      assert.equal(found.exitCode, 0);
      const missing = await runInProcess(
        ['exec', '--index', '9', '-p', 'demo', 'web', 'id'],
        daemon.environment,
      );
      assert.equal(missing.exitCode, 2);
      assert.match(missing.stderr, /neither a service nor an instance `web-9`/);
    }));

  test('says so when the command is too long', () =>
    withDemo(async ({ environment }) => {
      const words = ['exec', '-p', 'demo', 'web', 'echo', 'x'.repeat(20_000)];
      const { exitCode, stderr } = await runInProcess(words, environment);
      assert.equal(exitCode, 2);
      assert.match(stderr, /^error: the command is too long/);
    }));

  test('passes what is typed on to the command', () =>
    withDemo(async (daemon) => {
      daemon.answer(`POST ${demo}/exec`, { stream: [{ type: 'exit', exitCode: 0 }] });
      const terminal = fakeTerminal(daemon.environment);
      terminal.stdin.end('typed\n');
      assert.equal(await runCli(['exec', '-p', 'demo', 'db', 'cat'], terminal.surroundings), 0);
      assert.equal(terminal.stdin.destroyed, true);
    }));
});
