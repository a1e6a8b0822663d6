import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli } from '../../src/cli/run-cli.ts';
import type { StackStatus } from '../../src/daemon/control-api.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { startFakeDaemon, type FakeDaemon } from './fake-daemon.ts';
import { fakeTerminal, type FakeTerminal } from './run-in-process.ts';
import { sampleChange, sampleEvent, sampleNow, sampleReport, sampleStack } from './sample-status.ts';

const demo = '/v1/stacks/demo';

interface AttachedRun {
  readonly daemon: FakeDaemon;
  readonly terminal: FakeTerminal;
  /** Exit code, once it has ended. */
  readonly ended: Promise<number>;
  readonly paths: () => string[];
}

/** Runs an attached `up` of a stack that logs one line and then keeps silent; the stack is as `status()` says. */
async function withAttachedUp(
  words: readonly string[],
  prepare: (daemon: FakeDaemon) => void,
  work: (run: AttachedRun) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  await writeFile(
    join(folder.path, 'compose.yaml'),
    'name: demo\nservices:\n  web: { command: "node web.js" }\n  db: { command: "node db.js" }\n',
  );
  await using daemon = await startFakeDaemon();
  let status: StackStatus | undefined;
  daemon.answer(`GET ${demo}`, () =>
    status === undefined
      ? { status: 404, json: { error: { code: 'unknown-stack', message: 'no such stack' } } }
      : { json: status },
  );
  daemon.answer(`POST ${demo}/up`, () => {
    status = sampleStack();
    return { stream: sampleChange([sampleEvent('replica.in-rotation', 'web-1', '')]) };
  });
  daemon.answer(`POST ${demo}/stop`, () => {
    status = sampleStack({ phase: 'stopped' });
    return {
      stream: sampleChange(
        [sampleEvent('replica.stopped', 'web-1', '')],
        sampleReport({ command: 'stop', services: [{ service: 'web', before: 3, after: 0 }] }),
      ),
    };
  });
  daemon.answer(`GET ${demo}/logs`, ({ gone }) => ({
    stream: followed(
      { service: 'web', instance: 'web-1', stream: 'stdout', time: sampleNow, text: 'listening' },
      gone,
    ),
  }));
  daemon.answer('GET /v1/events', ({ gone }) => ({ stream: followed(undefined, gone) }));
  prepare(daemon);
  const terminal = fakeTerminal(daemon.environment);
  const surroundings = { ...terminal.surroundings, workingDir: folder.path };
  const ended = runCli(['up', ...words], surroundings);
  await work({
    daemon,
    terminal,
    ended,
    paths: () => daemon.requests.filter(({ method }) => method === 'POST').map(({ path }) => path),
  });
}

async function* several(messages: readonly unknown[], gone: AbortSignal): AsyncGenerator {
  yield* messages;
  await untilAborted(gone);
}

async function* followed(first: unknown, gone: AbortSignal): AsyncGenerator {
  if (first !== undefined) yield first;
  await untilAborted(gone);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const nothing = (): void => {};

describe('an attached up', () => {
  test('prints the report, the table and then the logs, and Ctrl-C stops the stack and ends with 0', () =>
    withAttachedUp([], nothing, async ({ terminal, ended, paths }) => {
      await eventually(() => assert.match(terminal.stdout.text, /web-1 +\| listening\n/));
      terminal.interrupt();
      assert.equal(await ended, 0);
      const { text } = terminal.stdout;
      assert.match(text, /in rotation.*\n3 → 5 replicas.*\nSERVICE .*\nweb .*http:\/\/localhost:8080/);
      assert.match(text, /web-1 {2}stopped.*\n3 → 0 replicas/);
      assert.match(terminal.stderr.text, /^Stopping demo; Ctrl-C again stops it at once\.\n$/);
      assert.deepEqual(paths(), [`${demo}/up`, `${demo}/stop`, '/v1/exit']);
    }));

  test('takes a signal that arrives twice at once for one', () =>
    withAttachedUp([], nothing, async ({ terminal, ended, paths }) => {
      await eventually(() => assert.match(terminal.stdout.text, /listening/));
      terminal.interrupt('SIGINT');
      terminal.interrupt('SIGINT');
      assert.equal(await ended, 0);
      assert.ok(!paths().includes(`${demo}/kill`));
    }));

  for (const interruption of ['SIGTERM', 'SIGHUP'] as const) {
    test(`stops the stack on ${interruption} too`, () =>
      withAttachedUp([], nothing, async ({ terminal, ended, paths }) => {
        await eventually(() => assert.match(terminal.stdout.text, /listening/));
        terminal.interrupt(interruption);
        assert.equal(await ended, 0);
        assert.ok(paths().includes(`${demo}/stop`));
      }));
  }

  test('kills on a second Ctrl-C, and ends with 130', () => {
    const killed = new AbortController();
    return withAttachedUp(
      [],
      (daemon) => {
        let stops = 0;
        daemon.answer(`POST ${demo}/stop`, () => {
          stops += 1;
          return { stream: stops === 1 ? afterKill() : sampleChange([]) };
        });
        async function* afterKill(): AsyncGenerator {
          await untilAborted(killed.signal);
          yield* sampleChange([]);
        }
        daemon.answer(`POST ${demo}/kill`, () => {
          killed.abort();
          return { stream: sampleChange([]) };
        });
      },
      async ({ daemon, terminal, ended, paths }) => {
        await eventually(() => assert.match(terminal.stdout.text, /listening/));
        terminal.interrupt();
        await eventually(() => assert.ok(paths().includes(`${demo}/stop`)));
        await eventually(() => {
          terminal.interrupt();
          assert.ok(paths().includes(`${demo}/kill`));
        });
        assert.equal(await ended, 130);
        assert.partialDeepStrictEqual(daemon.bodies(`${demo}/kill`), [{ signal: 'SIGKILL' }]);
        assert.partialDeepStrictEqual(daemon.bodies(`${demo}/stop`), [{}, { graceMs: 0 }]);
      },
    );
  });

  test('stops what has begun when it is interrupted before the stack is up', () =>
    withAttachedUp(
      [],
      (daemon) =>
        daemon.answer(`POST ${demo}/up`, ({ gone }) => ({
          stream: followed({ type: 'event', event: sampleEvent('replica.started', 'web-1', '') }, gone),
        })),
      async ({ terminal, ended, paths }) => {
        await eventually(() => assert.match(terminal.stdout.text, /started/));
        terminal.interrupt();
        assert.equal(await ended, 130);
        assert.deepEqual(paths(), [`${demo}/up`, `${demo}/stop`, '/v1/exit']);
      },
    ));

  test('ends with the error of an up that fails', () =>
    withAttachedUp(
      [],
      (daemon) =>
        daemon.answer(`POST ${demo}/up`, {
          stream: [{ error: { code: 'port-taken', message: 'port 8080 is taken' } }],
        }),
      async ({ terminal, ended, paths }) => {
        assert.equal(await ended, 4);
        assert.match(terminal.stderr.text, /^error: port 8080 is taken \[port-taken\]/);
        assert.deepEqual(paths(), [`${demo}/up`, '/v1/exit']);
      },
    ));

  test('ends when somebody else stops the stack', () =>
    withAttachedUp(
      [],
      (daemon) =>
        daemon.answer('GET /v1/events', ({ gone }) => {
          daemon.answer(`GET ${demo}`, { json: sampleStack({ phase: 'stopped' }) });
          return { stream: followed(sampleEvent('command.finished', undefined, 'stop took 1.0 s'), gone) };
        }),
      async ({ terminal, ended, paths }) => {
        assert.equal(await ended, 0);
        assert.match(terminal.stdout.text, /tenfold +\| finished {2}stop took 1\.0 s\n/);
        assert.ok(!paths().includes(`${demo}/stop`));
      },
    ));

  test('follows on when the daemon goes away and comes back, and prints each line once', () =>
    withAttachedUp(
      [],
      (daemon) => {
        let opened = 0;
        daemon.answer(`GET ${demo}/logs`, ({ gone }) => {
          opened += 1;
          const line = {
            service: 'web',
            instance: 'web-1',
            stream: 'stdout',
            time: sampleNow,
            text: 'before',
          };
          const other = { ...line, instance: 'web-2', time: sampleNow + 5, text: 'of another' };
          const later = { ...line, time: sampleNow + 1, text: 'after' };
          return opened === 1
            ? { stream: [other, line], breaksOff: true }
            : { stream: several([line, later, other], gone) };
        });
      },
      async ({ daemon, terminal, ended }) => {
        await eventually(() => assert.match(terminal.stdout.text, /before\n(.*\n)*.*after\n/));
        terminal.interrupt();
        assert.equal(await ended, 0);
        const [, again] = daemon.requests.filter(({ path }) => path.endsWith('/logs'));
        assert.equal(again?.query.get('since'), String(sampleNow));
        for (const text of ['before', 'of another', 'after']) {
          assert.equal(terminal.stdout.text.split(`| ${text}\n`).length, 2, `${text} is printed once`);
        }
      },
    ));

  test('stops the stack when nobody reads its output any more', () =>
    withAttachedUp([], nothing, async ({ terminal, ended, paths }) => {
      await eventually(() => assert.match(terminal.stdout.text, /listening/));
      terminal.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      assert.equal(await ended, 0);
      assert.ok(paths().includes(`${demo}/stop`));
    }));
});

describe('a detached up', () => {
  test('returns when the stack is up, with the table, and leaves it running', () =>
    withAttachedUp(['-d', '--scale', 'web=5', '--remove-orphans', 'web'], nothing, async (run) => {
      assert.equal(await run.ended, 0);
      assert.match(run.terminal.stdout.text, /3 → 5 replicas.*\nSERVICE .*\nweb .*\ndb .*\n$/);
      assert.partialDeepStrictEqual(run.daemon.bodies(`${demo}/up`), [
        { scale: { web: 5 }, services: ['web'], removeOrphans: true, stack: { name: 'demo' } },
      ]);
      assert.deepEqual(run.paths(), [`${demo}/up`]);
    }));

  test('gives up after --wait-timeout and says what is still to be done', () =>
    withAttachedUp(
      ['--wait', '--wait-timeout', '0.2'],
      (daemon) => {
        daemon.answer(`POST ${demo}/up`, ({ gone }) => ({ stream: followed(undefined, gone) }));
        daemon.answer(`GET ${demo}`, {
          json: sampleStack({ pending: 'wait for web-1 (not healthy yet)\n' }),
        });
      },
      async ({ terminal, ended }) => {
        assert.equal(await ended, 1);
        assert.match(terminal.stderr.text, /^error: demo is not up after 0\.2 s \[replica-failed\]\n/);
        assert.match(terminal.stderr.text, /│ wait for web-1 \(not healthy yet\)\n/);
      },
    ));

  test('refuses a service that the file does not have before it speaks to the daemon', () =>
    withAttachedUp(['-d', '--scale', 'wib=2'], nothing, async ({ daemon, terminal, ended }) => {
      assert.equal(await ended, 2);
      assert.match(terminal.stderr.text, /no service `wib` \[unknown-service\](\n.*)+did you mean `web`\?/);
      assert.deepEqual(daemon.requests, []);
    }));

  test('interrupted, leaves the work to the daemon and ends with 130', () =>
    withAttachedUp(
      ['-d'],
      (daemon) => daemon.answer(`POST ${demo}/up`, ({ gone }) => ({ stream: followed(undefined, gone) })),
      async ({ daemon, terminal, ended }) => {
        await eventually(() => assert.equal(daemon.bodies(`${demo}/up`).length, 1));
        terminal.interrupt();
        assert.equal(await ended, 130);
        assert.match(terminal.stderr.text, /the daemon goes on to bring the stack up/);
      },
    ));
});
