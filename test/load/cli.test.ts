import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli } from '../../src/cli/run-cli.ts';
import type { LoadReport } from '../../src/load/report/load-report.ts';
import { startFakeDaemon } from '../cli/fake-daemon.ts';
import { fakeTerminal, runInProcess } from '../cli/run-in-process.ts';
import { sampleListener, sampleService, sampleStack } from '../cli/sample-status.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { startTarget, type HttpTarget } from './http-target.ts';

/** A daemon that says that the target is the listener of the service `web` of the stack `demo`. */
async function startDaemonOf({ port }: HttpTarget): Promise<Awaited<ReturnType<typeof startFakeDaemon>>> {
  const daemon = await startFakeDaemon();
  const listener = { ...sampleListener, hostIp: '127.0.0.1', port };
  const stack = sampleStack({ services: [sampleService({ listeners: [listener], replicas: [] })] });
  daemon.answer('GET /v1/stacks', { json: [stack] });
  daemon.answer('GET /v1/stacks/demo', { json: stack });
  return daemon;
}

const ok: RequestListener = (_, response) => {
  response.setHeader('X-Served-By', 'web-1');
  response.end('hello');
};

async function loadJson(words: readonly string[], environment: Readonly<Record<string, string>>) {
  const run = await runInProcess(['--json', '-p', 'demo', 'load', ...words], environment);
  const lines = run.stdout.trimEnd().split('\n');
  assert.equal(lines.length, 1, run.stdout + run.stderr);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
  return { ...run, report: JSON.parse(run.stdout) as LoadReport };
}

describe('tenfold load', () => {
  test('loads a service through its listener and says who answered', async () => {
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target);
    const { report, exitCode } = await loadJson(
      ['web', '--rate', '40', '--for', '500ms'],
      daemon.environment,
    );
    assert.equal(exitCode, 0);
    assert.deepEqual([report.sent, report.answered, report.failed], [20, 20, 0]);
    assert.deepEqual(
      report.replicas.map(({ instance, answered }) => [instance, answered]),
      [['web-1', 20]],
    );
    assert.equal(report.target, target.url);
  });

  test('keeps its rate over real connections while the target stalls, and reports the stall', async () => {
    const waiting: (() => void)[] = [];
    let requests = 0;
    let isStalled = false;
    let arrivedWhileStalled = 0;
    await using target = await startTarget((request, response) => {
      requests += 1;
      if (requests === 20) {
        isStalled = true;
        setTimeout(() => {
          isStalled = false;
          for (const each of waiting) each();
        }, 800);
      }
      if (!isStalled) return ok(request, response);
      arrivedWhileStalled += 1;
      waiting.push(() => ok(request, response));
    });
    await using daemon = await startDaemonOf(target);
    const { report } = await loadJson([target.url, '--rate', '50', '--for', '1600ms'], daemon.environment);
    assert.equal(report.sent, 80);
    assert.equal(report.answered, 80);
    // The first of them waited for nearly all of the stall, and nobody waited for the one before.
    assert.ok(arrivedWhileStalled > 20, String(arrivedWhileStalled));
    assert.ok(report.latencyMs.max > 700, String(report.latencyMs.max));
    assert.ok(report.latencyMs.p90 > 350, String(report.latencyMs.p90));
  });

  test('sends nothing to a target that is not a stack of this machine, unless its owner vouches for it', async () => {
    let requests = 0;
    await using foreign = await startTarget((request, response) => {
      requests += 1;
      ok(request, response);
    });
    await using own = await startTarget(ok);
    await using daemon = await startDaemonOf(own);
    const words = ['load', foreign.url, '--users', '1', '--for', '200ms'];
    const refused = await runInProcess(words, daemon.environment);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /does not lead to a stack of yours \[foreign-target\]/);
    assert.ok(refused.stderr.includes(own.url));
    assert.equal(requests, 0);
    const vouched = await runInProcess([...words, '--i-own-this-target'], daemon.environment);
    assert.equal(vouched.exitCode, 0);
    assert.ok(requests > 0);
  });

  test('ends with 1 when a threshold is not met, and says what was measured', async () => {
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target);
    const words = ['load', target.url, '--rate', '20', '--for', '500ms', '--threshold', 'failed<1%'];
    assert.equal((await runInProcess(words, daemon.environment)).exitCode, 0);
    const missed = await runInProcess([...words, '--threshold', 'requests>50'], daemon.environment);
    assert.equal(missed.exitCode, 1);
    assert.match(missed.stdout, /✔ failed<1% {2}measured 0 %/);
    assert.match(missed.stdout, /✖ requests>50 {2}measured 10/);
  });

  test('runs a scenario file, and writes its reports', async () => {
    await using folder = await temporaryFolder();
    const bodies: string[] = [];
    await using target = await startTarget((request, response) => {
      request
        .setEncoding('utf8')
        .on('data', (text: string) => bodies.push(`${request.method} ${request.url} ${text}`));
      request.on('end', () => response.setHeader('content-type', 'application/json').end('{"sum": 4}'));
    });
    await using daemon = await startDaemonOf(target);
    const file = join(folder.path, 'query.yaml');
    await writeFile(
      file,
      [
        `target: ${target.url}/api`,
        'load: {users: 100, for: 1h}',
        'requests:',
        '  - {method: POST, path: /query, body: {query: 2+2}, checks: {json: {sum: 4}}}',
        '  - {path: /never, weight: 0.000000001, checks: {json: {sum: 5}}}',
      ].join('\n'),
    );
    const [csv, html] = [join(folder.path, 'a.csv'), join(folder.path, 'a.html')];
    const { report, exitCode } = await loadJson(
      [file, '--users', '2', '--for', '300ms', '--csv', csv, '--html', html],
      daemon.environment,
    );
    assert.equal(exitCode, 0);
    assert.equal(report.scenario, 'query');
    assert.deepEqual(new Set(bodies), new Set(['POST /api/query {"query":"2+2"}']));
    assert.equal(report.failed, 0);
    assert.match(await readFile(csv, 'utf8'), /^start_s,/);
    assert.match(await readFile(html, 'utf8'), /<h1>Load test: query<\/h1>/);
  });

  test('tells every fault of a scenario with file, line and column, and ends with 3', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'bad.yaml');
    await writeFile(file, 'load:\n  rate: fast\n  for: 1s\nthresholds: [p99]\n');
    const { exitCode, stderr } = await runInProcess(['load', file, '--target', 'web']);
    assert.equal(exitCode, 3);
    assert.match(stderr, /bad\.yaml:2:3 \(load\.rate\)/);
    assert.match(stderr, /bad\.yaml:4:1\d? \(thresholds\[0\]\)/);
  });

  test('ends on Ctrl-C with what it has', async () => {
    let requests = 0;
    await using target = await startTarget((request, response) => {
      requests += 1;
      ok(request, response);
    });
    await using daemon = await startDaemonOf(target);
    const terminal = fakeTerminal(daemon.environment);
    const running = runCli(['load', target.url, '--rate', '50', '--for', '10m'], terminal.surroundings);
    await eventually(() => assert.ok(requests > 10));
    terminal.interrupt();
    assert.equal(await running, 130);
    assert.match(terminal.stdout.text, /answered/);
    assert.match(terminal.stdout.text, /! it was ended early/);
  });

  test('shows on a terminal how it goes, and leaves only the report', async () => {
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target);
    const terminal = fakeTerminal(daemon.environment, { columns: 60, rows: 20 });
    assert.equal(
      await runCli(['load', target.url, '--users', '1', '--for', '600ms'], terminal.surroundings),
      0,
    );
    assert.match(terminal.stdout.text, /of 0\.6 s/);
    assert.match(terminal.stdout.text, /in flight/);
    assert.match(terminal.stdout.text, /REPLICA/);
  });

  const wrong: readonly (readonly [words: string, says: RegExp])[] = [
    ['', /nothing to load/],
    ['http://localhost:1/ --rate 5 --users 5', /one of `rate` and `users`/],
    ['http://localhost:1/ --for soon', /a duration such as/],
    ['http://localhost:1/ -H nothing', /not a header field/],
    ['http://localhost:1/a --path /b', /both the URL and --path/],
    ['http://localhost:1/ --threshold p99', /not a threshold/],
    ['http://localhost:1/ --threshold p99(b)<1s', /a request that there is not/],
    ['http://localhost:1/ --html /nowhere/at/all.html', /cannot write/],
    ['scenario.yaml --method POST', /cannot stand beside a scenario/],
  ];
  for (const [words, says] of wrong) {
    test(`does not take: ${words === '' ? 'nothing' : words}`, async () => {
      const { exitCode, stderr } = await runInProcess(['load', ...words.split(' ').filter(Boolean)]);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, says);
    });
  }
});
