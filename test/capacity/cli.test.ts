import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CapacityReport } from '../../src/capacity/report/capacity-report.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { startFakeDaemon, type FakeDaemon } from '../cli/fake-daemon.ts';
import { fakeTerminal, runInProcess } from '../cli/run-in-process.ts';
import { sampleChange, sampleListener, sampleService, sampleStack } from '../cli/sample-status.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { startTarget } from '../load/http-target.ts';

const scalePath = '/v1/stacks/demo/scale';

/** A daemon with a service of three replicas whose listener is the port; it scales at once. */
async function startDaemonOf(port: number): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon();
  const listener = { ...sampleListener, hostIp: '127.0.0.1', port };
  daemon.answer('GET /v1/stacks/demo', {
    json: sampleStack({ services: [sampleService({ listeners: [listener] })] }),
  });
  daemon.answer(`POST ${scalePath}`, { stream: sampleChange([]) });
  return daemon;
}

/** The numbers of replicas that the daemon was asked for, in order. */
function scaledTo({ requests }: FakeDaemon): number[] {
  return requests
    .filter(({ path }) => path === scalePath)
    .map(({ text }) => Number(/"web":(\d+)/.exec(text)?.[1]));
}

const ok: RequestListener = (request, response) => {
  response.statusCode = request.url === '/work?n=1' ? 200 : 404;
  setTimeout(() => response.end('done'), 2);
};

const quick = ['--path', '/work?n=1', '--step', '150ms'] as const;

describe('tenfold capacity of a service', () => {
  test('steps through the replicas, reports what it saw, and puts the number back that was there', async () => {
    await using folder = await temporaryFolder();
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target.port);
    const html = join(folder.path, 'capacity.html');
    const run = await runInProcess(
      ['--json', '-p', 'demo', 'capacity', 'web', '--max', '2', '--html', html, ...quick],
      daemon.environment,
    );
    assert.equal(run.exitCode, 0, run.stderr);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
    const report = JSON.parse(run.stdout) as CapacityReport;
    assert.deepEqual(scaledTo(daemon), [1, 2, 3]);
    assert.deepEqual(
      report.steps.map(({ replicas }) => replicas),
      [1, 2],
    );
    assert.ok(report.steps.every(({ throughput, failedShare }) => throughput > 0 && failedShare === 0));
    assert.ok(report.fit !== null && report.limit !== null && report.curve.length === 4);
    const page = await readFile(html, 'utf8');
    assert.ok(page.includes('<h1>Capacity of web</h1>') && page.includes(`"words":`));
    assert.equal([...page.matchAll(/<circle /g)].length, 2);
    assert.ok(!/NaN|Infinity|undefined/.test(page.replace(/<script.*<\/script>/s, '')));
  });

  test('prints a table, a plot, the limit, the knee and the answer', async () => {
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target.port);
    const words = [
      '-p',
      'demo',
      'capacity',
      'web',
      '--max',
      '2',
      '--target-rate',
      '20',
      '--p95',
      '10s',
      ...quick,
    ];
    const { stdout, exitCode } = await runInProcess(words, daemon.environment);
    assert.equal(exitCode, 0);
    assert.match(stdout, /REPLICAS +USERS +ANSWERS\/S/);
    assert.match(stdout, /\n {3}1 [█▏▎▍▌▋▊▉]+ .*\/s\n {3}2 /);
    assert.match(stdout, /\nlimit {3}\w/);
    assert.match(stdout, /\nknee {4}\w/);
    assert.match(stdout, /\nanswer {2}20 requests per second at p95 < 10 s: 1 replica, tried/);
    assert.deepEqual(scaledTo(daemon), [1, 2, 1, 3]);
  });

  test('puts the number back when a replica does not come up, and says what went wrong', async () => {
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target.port);
    daemon.answer(`POST ${scalePath}`, ({ text }) =>
      text.includes('"web":2')
        ? { stream: [{ error: { code: 'replica-failed', message: 'web-2 ended' } }] }
        : { stream: sampleChange([]) },
    );
    const { exitCode, stderr } = await runInProcess(
      ['-p', 'demo', 'capacity', 'web', ...quick],
      daemon.environment,
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, /web could not be scaled to 2: web-2 ended \[replica-failed\]/);
    assert.deepEqual(scaledTo(daemon), [1, 2, 3]);
  });

  test('puts the number back on Ctrl-C, and shows what it has', async () => {
    await using target = await startTarget(ok);
    await using daemon = await startDaemonOf(target.port);
    const terminal = fakeTerminal(daemon.environment);
    const running = runCli(
      ['-p', 'demo', 'capacity', 'web', '--path', '/work?n=1', '--step', '10m'],
      terminal.surroundings,
    );
    await eventually(() => assert.match(terminal.stderr.text, /one user/));
    terminal.interrupt();
    assert.equal(await running, 130);
    assert.deepEqual(scaledTo(daemon), [1, 3]);
    assert.match(terminal.stdout.text, /! it was ended early/);
  });

  const wrong: readonly (readonly [words: string, says: RegExp])[] = [
    ['capacity', /nothing to calculate with/],
    ['capacity --rate 10', /`--rate` and `--response-time`/],
    ['capacity web --rate 10', /`--rate` cannot stand beside a service/],
    ['capacity --max 3', /`--max` cannot stand without a service/],
    ['capacity web --p95 1s', /`--p95` alone is no question/],
    ['capacity web --max 0', /whole number from 1/],
    ['capacity --rate -1 --response-time 1s', /not a number above 0/],
    ['capacity --rate 1 --response-time soon', /not a duration/],
    ['capacity --rate 1 --response-time 1s --headroom much', /not a share/],
    ['capacity --rate 1 --response-time 1s --memory big', /not a size/],
  ];
  for (const [words, says] of wrong) {
    test(`does not take: ${words}`, async () => {
      const { exitCode, stderr } = await runInProcess(words.split(' '));
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, says);
    });
  }
});

describe('tenfold capacity without a service', () => {
  test('calculates by Little’s law, and says what all workers being busy means', async () => {
    const { stdout, exitCode } = await runInProcess(
      'capacity --rate 10 --response-time 5s --workers 2'.split(' '),
    );
    assert.equal(exitCode, 0);
    assert.match(stdout, /in flight {2}50 /);
    assert.match(stdout, /workers {4}50 /);
    assert.match(stdout, /instances {2}25 {2}of 2 workers/);
    assert.match(stdout, /! every worker is busy all the time/);
  });

  test('keeps headroom, and holds what it takes against this machine', async () => {
    const words =
      'capacity --rate 10 --response-time 5s --workers 2 --per-worker 2 --headroom 20% --cpus 1000 --memory 1m';
    const { stdout } = await runInProcess(words.split(' '));
    assert.match(stdout, /workers {4}30 /);
    assert.match(stdout, /instances {2}15 /);
    assert.match(
      stdout,
      /✖ cpu 15000 cores of the \d+ cores of this machine, which has room for 0 instances/,
    );
    assert.match(stdout, /✔ memory 15\.7 MB of the/);
  });

  test('prints the same as JSON', async () => {
    const { stdout } = await runInProcess(
      'capacity --json --rate 100 --response-time 80ms --workers 4 --headroom 0.25'.split(' '),
    );
    const wanted = { inFlight: 8, workers: 10, instances: 3, utilisation: 8 / 12, highestRate: 150 };
    assert.partialDeepStrictEqual(JSON.parse(stdout), wanted);
  });
});
