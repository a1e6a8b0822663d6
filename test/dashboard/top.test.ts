import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicaOf } from './sample-replica.ts';
import { startFakeDaemon } from '../cli/fake-daemon.ts';
import { fakeTerminal, runInProcess } from '../cli/run-in-process.ts';
import { eventually } from '../helpers/eventually.ts';
import { plainStyle } from '../../src/cli/render/style.ts';
import { renderTop, type SortOrder, type TopPicture } from '../../src/cli/render/render-top.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { ReplicaStatus } from '../../src/daemon/control-api.ts';
import type { ReplicaMetrics } from '../../src/daemon/metrics-api.ts';

function replica(index: number, fields: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return replicaOf(index, { inFlight: index, requests: 100, ...fields });
}

function figures(index: number): ReplicaMetrics {
  return {
    instance: `web-${index}`,
    replicaId: `id-${index}`,
    revision: 'a'.repeat(64),
    isReady: true,
    requestsPerSecond: 10 * index,
    failedPerSecond: 0,
    responsesPerSecond: [0, 10, 0, 0, 0],
    p50Ms: 12,
    p95Ms: 40 - index,
    p99Ms: 80,
    inFlight: index,
    cpu: index / 10,
    memoryBytes: index * 2 ** 20,
  };
}

function pictureOf(replicas: readonly ReplicaStatus[]): TopPicture {
  const all = replicas.map(({ index }) => figures(index));
  return {
    status: {
      name: 'demo',
      workingDir: '/srv/demo',
      configFiles: ['/srv/demo/compose.yaml'],
      phase: 'running',
      isSteady: true,
      pending: 'nothing to do',
      services: [
        {
          name: 'web',
          kind: 'process',
          revision: 'a'.repeat(64),
          desired: replicas.length,
          fileReplicas: replicas.length,
          scaleSource: 'file',
          running: replicas.length,
          inRotation: replicas.filter(({ state }) => state === 'in rotation').length,
          listeners: [
            {
              hostIp: '',
              port: 8080,
              target: 80,
              protocol: 'http',
              exposure: 'published',
              isOpen: true,
              requests: 100,
              failed: 0,
            },
          ],
          traffic: { drained: 0, forced: 0, retried: 0 },
          replicas,
        },
      ],
      runtimes: [{ name: 'process', isReachable: true }],
      balancer: { isReachable: true },
    },
    metrics: {
      stack: 'demo',
      from: 0,
      to: 10_000,
      stepMs: 10_000,
      services: [
        {
          service: 'web',
          points: [
            {
              ...figures(6),
              from: 0,
              to: 10_000,
              desired: replicas.length,
              ready: replicas.length,
              waiting: 0,
              waitedMs: 0,
              replicas: all,
            },
          ],
        },
      ],
    },
  };
}

const wide = { style: plainStyle, width: undefined, now: 10_000, maxLines: undefined };
const three = [1, 2, 3].map((index) => replica(index));

test('top has a line for each service and replica, with its figures', () => {
  const lines = renderTop(pictureOf(three), { order: 'name', hasReplicas: true }, wide);
  assert.deepEqual(lines, [
    'demo  steady  1 service, 3 replicas',
    '',
    'NAME     STATE        REQ/S  FAIL/S    P50    P95  IN FLIGHT   CPU  MEMORY  RESTARTS',
    'web      3/3             60       0  12 ms  34 ms          6  60 %   6 MiB',
    '· web-1  in rotation     10       0  12 ms  39 ms          1  10 %   1 MiB',
    '· web-2  in rotation     20       0  12 ms  38 ms          2  20 %   2 MiB',
    '· web-3  in rotation     30       0  12 ms  37 ms          3  30 %   3 MiB',
  ]);
});

test('top puts the largest first, by whatever column is asked for, and can leave the replicas out', () => {
  const named = (order: SortOrder): string[] =>
    renderTop(pictureOf(three), { order, hasReplicas: true }, wide).flatMap(
      (line) => /^· (web-\d)/.exec(line)?.[1] ?? [],
    );
  assert.deepEqual(named('requests'), ['web-3', 'web-2', 'web-1']);
  assert.deepEqual(named('p95'), ['web-1', 'web-2', 'web-3']);
  assert.deepEqual(named('in-flight'), ['web-3', 'web-2', 'web-1']);
  assert.deepEqual(named('memory'), ['web-3', 'web-2', 'web-1']);
  assert.equal(renderTop(pictureOf(three), { order: 'name', hasReplicas: false }, wide).length, 4);
});

test('top says what is wrong above the figures, and how many lines a small terminal has no room for', () => {
  const sick = [replica(1, { state: 'exited', exitCode: 3, restarts: 4 }), ...three.slice(1)];
  const lines = renderTop(pictureOf(sick), { order: 'name', hasReplicas: true }, { ...wide, maxLines: 6 });
  assert.equal(lines[1], '! web-1 has ended with exit code 3: 2 of 3 serve. It was started again 4 times.');
  assert.equal(lines.length, 6);
  assert.equal(lines.at(-1), '… 3 more lines');
});

test('top prints once where nobody can type, and everything as JSON', async () => {
  await using daemon = await startFakeDaemon();
  const { status, metrics } = pictureOf(three);
  daemon.answer('GET /v1/stacks/demo', { json: status });
  daemon.answer('GET /v1/stacks/demo/metrics', { json: metrics });
  const plain = await runInProcess(['top', 'demo'], daemon.environment);
  assert.equal(plain.exitCode, 0, plain.stderr);
  assert.match(plain.stdout, /^demo {2}steady/);
  const json = await runInProcess(['top', 'demo', '--json'], daemon.environment);
  assert.deepEqual(JSON.parse(json.stdout), { stack: status, metrics });
});

test('top on a terminal is sorted by a key that is typed and left with q', async () => {
  await using daemon = await startFakeDaemon();
  const { status, metrics } = pictureOf(three);
  daemon.answer('GET /v1/stacks/demo', { json: status });
  daemon.answer('GET /v1/stacks/demo/metrics', { json: metrics });
  const terminal = fakeTerminal({ ...daemon.environment, TERM: 'xterm' }, { columns: 120, rows: 30 });
  const running = runCli(['top', 'demo'], terminal.surroundings);
  await eventually(() => assert.match(terminal.stdout.text, /q quit/));
  terminal.stdin.write('r');
  await eventually(() => assert.match(terminal.stdout.text, /web-3.*\n.*web-2.*\n.*web-1/));
  terminal.stdin.write('q');
  assert.equal(await running, 0);
});
