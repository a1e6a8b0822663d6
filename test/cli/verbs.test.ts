import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakeDaemon } from './fake-daemon.ts';
import { runInProcess } from './run-in-process.ts';
import { sampleChange, sampleEvent, sampleReport, sampleStack } from './sample-status.ts';

const demo = '/v1/stacks/demo';

describe('scale', () => {
  test('asks for the numbers of replicas, prints a line per event and the report', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    daemon.answer(`POST ${demo}/scale`, {
      stream: sampleChange([
        sampleEvent('command.started', undefined, 'scale web=5'),
        sampleEvent('replica.started', 'web-4', 'pid 4711'),
        sampleEvent('replica.in-rotation', 'web-4', 'port check passed'),
      ]),
    });
    const { exitCode, stdout, stderr } = await runInProcess(
      ['-p', 'demo', 'scale', 'web=5'],
      daemon.environment,
    );
    assert.equal(stderr, '');
    assert.equal(exitCode, 0);
    assert.match(stdout, /web-4 {2}started {2}pid 4711\n.*web-4 {2}in rotation {2}port check passed\n/);
    assert.match(stdout, /\n3 → 5 replicas in 1\.2 s · 412 requests, 0 failed, 3 drained, 0 forced\n$/);
    const [body] = daemon.bodies(`${demo}/scale`);
    assert.partialDeepStrictEqual(body, {
      scale: { web: 5 },
      isDryRun: false,
      requester: { commandLine: 'tenfold -p demo scale web=5' },
    });
  });

  test('names the nearest service and asks for nothing when the stack has no such service', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    const { exitCode, stderr } = await runInProcess(['-p', 'demo', 'scale', 'webb=5'], daemon.environment);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: the stack demo has no service `webb` \[unknown-service\]\n/);
    assert.match(stderr, /hint: did you mean `web`\?/);
    assert.deepEqual(daemon.bodies(`${demo}/scale`), []);
  });

  test('prints the plan of a dry run', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    daemon.answer(`POST ${demo}/scale`, {
      stream: [{ type: 'plan', text: 'start web-4 (scale 3 → 4)\n', operations: [] }],
    });
    const { exitCode, stdout } = await runInProcess(
      ['scale', '--dry-run', '-p', 'demo', 'web=4'],
      daemon.environment,
    );
    assert.equal(exitCode, 0);
    assert.equal(stdout, 'start web-4 (scale 3 → 4)\n');
    assert.partialDeepStrictEqual(daemon.bodies(`${demo}/scale`)[0], { isDryRun: true });
  });

  test('prints the messages themselves as JSON lines, and nothing else', async () => {
    await using daemon = await startFakeDaemon();
    const messages = sampleChange([sampleEvent('replica.started', 'web-4', 'pid 4711')]);
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    daemon.answer(`POST ${demo}/scale`, { stream: messages });
    const { stdout, stderr } = await runInProcess(
      ['--json', '-p', 'demo', 'scale', 'web=5'],
      daemon.environment,
    );
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
      messages,
    );
    assert.equal(stderr, '');
  });

  for (const [word, fault] of [
    ['web', /does not say which service gets how many replicas/],
    ['=3', /does not say which service gets how many replicas/],
    ['web=-1', /it is negative/],
    ['web=1.5', /it is not whole/],
    ['web=lots', /it is not a number/],
    ['web=', /it is not a number/],
    ['web=1e9', /it is not a number/],
    ['web=10001', /it is more than 10000/],
  ] as const) {
    test(`refuses \`${word}\` before it speaks to any daemon`, async () => {
      const { exitCode, stderr } = await runInProcess(['-p', 'demo', 'scale', word], {
        TENFOLD_HOME: '/nonexistent/tenfold',
      });
      assert.equal(exitCode, 2);
      assert.match(stderr, fault);
      assert.match(stderr, /\[invalid-scale\]/);
    });
  }
});

describe('a change that fails', () => {
  test('shows the error of the daemon with all that it says, and ends with its exit code', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    daemon.answer(`POST ${demo}/scale`, {
      stream: [
        ...sampleChange([sampleEvent('replica.started', 'web-4', 'pid 4711')]).slice(0, 1),
        {
          error: {
            code: 'port-taken',
            message: 'port 8080 is taken',
            where: { file: '/srv/demo/compose.yaml', line: 5, column: 7, path: 'services.web.ports[0]' },
            got: 'nginx, pid 17',
            hint: 'end it, or publish another port',
            details: ['bind: address in use'],
            errors: [],
          },
        },
      ],
    });
    const { exitCode, stderr } = await runInProcess(['-p', 'demo', 'scale', 'web=5'], daemon.environment);
    assert.equal(exitCode, 4);
    assert.equal(
      stderr,
      [
        'error: port 8080 is taken [port-taken]',
        '  at compose.yaml:5:7 (services.web.ports[0])',
        '  got nginx, pid 17',
        '  │ bind: address in use',
        '  hint: end it, or publish another port',
        '',
      ].join('\n'),
    );
  });

  test('says that the daemon went away when the stream breaks off', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    daemon.answer(`POST ${demo}/scale`, { stream: [], breaksOff: true });
    const { exitCode, stderr } = await runInProcess(['-p', 'demo', 'scale', 'web=5'], daemon.environment);
    assert.equal(exitCode, 4);
    assert.match(stderr, /the daemon went away/);
    assert.match(stderr, /\[daemon-unreachable\]/);
  });

  test('is reported as a bug when the daemon had one', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, {
      status: 500,
      json: {
        error: { message: 'x is not a function', stack: 'TypeError: x is not a function\n    at y.ts:1' },
      },
    });
    const { exitCode, stderr } = await runInProcess(['-p', 'demo', 'ps'], daemon.environment);
    assert.equal(exitCode, 70);
    assert.match(stderr, /this is a bug in tenfold; please report it/);
    assert.match(stderr, /at y\.ts:1/);
  });
});

describe('down', () => {
  test('passes its options on and asks the daemon to end when it has nothing left to do', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`POST ${demo}/down`, {
      stream: sampleChange([], sampleReport({ command: 'down', services: [] })),
    });
    daemon.answer('POST /v1/exit', { json: { isExiting: true, runningStacks: [] } });
    const { exitCode, stderr } = await runInProcess(
      ['-p', 'demo', 'down', '-v', '--remove-orphans', '-t', '0.5'],
      daemon.environment,
    );
    assert.equal(stderr, '');
    assert.equal(exitCode, 0);
    assert.partialDeepStrictEqual(daemon.bodies(`${demo}/down`), [
      { removeVolumes: true, removeOrphans: true, graceMs: 500 },
    ]);
    assert.equal(daemon.requests.at(-1)?.path, '/v1/exit');
  });
});

describe('down of a stack that nobody knows', () => {
  const unknown = { status: 404, json: { error: { code: 'unknown-stack', message: 'no stack demo' } } };

  test('is done already, with a warning', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`POST ${demo}/down`, unknown);
    const { exitCode, stdout, stderr } = await runInProcess(['-p', 'demo', 'down'], daemon.environment);
    assert.equal(exitCode, 0);
    assert.equal(stdout, '');
    assert.equal(stderr, 'warning: no stack demo is known, so there is nothing to take down\n');
  });

  test('is a report that nothing changed with --json', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`POST ${demo}/down`, unknown);
    const { stdout } = await runInProcess(['-p', 'demo', 'down', '--json'], daemon.environment);
    assert.partialDeepStrictEqual(JSON.parse(stdout), { type: 'report', report: { hasChanged: false } });
  });
});

describe('stop, start, restart, kill, drain, undrain', () => {
  for (const [words, path, expected] of [
    [['stop', '-t', '3', 'web'], 'stop', { services: ['web'], graceMs: 3000 }],
    [['start'], 'start', { isDryRun: false }],
    [['restart', 'web', 'db'], 'restart', { services: ['web', 'db'] }],
    [['kill', '-s', 'term', 'web-2'], 'kill', { targets: ['web-2'], signal: 'SIGTERM' }],
    [['kill'], 'kill', { signal: 'SIGKILL' }],
    [['drain', 'web-2', '--force'], 'drain', { instance: 'web-2', isForced: true }],
    [['undrain', 'web-2'], 'undrain', { instance: 'web-2' }],
  ] as const) {
    test(`\`${words.join(' ')}\` asks for ${path} with what was said`, async () => {
      await using daemon = await startFakeDaemon();
      daemon.answer(`GET ${demo}`, { json: sampleStack() });
      daemon.answer(`POST ${demo}/${path}`, { stream: sampleChange([]) });
      const { exitCode, stderr } = await runInProcess(
        [...words, '--project-name', 'demo'],
        daemon.environment,
      );
      assert.equal(stderr, '');
      assert.equal(exitCode, 0);
      assert.partialDeepStrictEqual(daemon.bodies(`${demo}/${path}`), [expected]);
    });
  }

  test('an instance that does not exist is refused with the nearest one', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer(`GET ${demo}`, { json: sampleStack() });
    const { exitCode, stderr } = await runInProcess(['drain', 'web_2', '-p', 'demo'], daemon.environment);
    assert.equal(exitCode, 2);
    assert.match(stderr, /has no instance `web_2` \[unknown-instance\]/);
    assert.match(stderr, /did you mean `web-2`\?/);
  });

  test('a signal that does not exist is refused', async () => {
    const { exitCode, stderr } = await runInProcess(['kill', '-s', 'SIGNOPE', '-p', 'demo']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /It is not the name or number of a signal\./);
  });
});
