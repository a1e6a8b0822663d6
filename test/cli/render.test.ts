import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAge, formatElapsed } from '../../src/cli/render/durations.ts';
import { renderError } from '../../src/cli/render/render-error.ts';
import { LogRenderer } from '../../src/cli/render/render-log-line.ts';
import { renderOutages, renderReplicas } from '../../src/cli/render/render-replicas.ts';
import { renderReport } from '../../src/cli/render/render-report.ts';
import { renderServices } from '../../src/cli/render/render-services.ts';
import { renderStacks, renderStatus } from '../../src/cli/render/render-status.ts';
import { colouredStyle, plainStyle } from '../../src/cli/render/style.ts';
import { renderTable } from '../../src/cli/render/table.ts';
import { oneLine, textWidth, truncateText } from '../../src/cli/render/text-width.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import {
  sampleDatabase,
  sampleListener,
  sampleNow,
  sampleReplica,
  sampleReport,
  sampleService,
  sampleStack,
} from './sample-status.ts';

const wide = { style: plainStyle, width: undefined };

function assertLines(actual: readonly string[], expected: string): void {
  assert.equal(`\n${actual.join('\n')}\n`, expected);
}

describe('a table', () => {
  const options = { paintTitle: plainStyle.dim, width: undefined };

  test('has columns as wide as their widest cell, numbers on the right, and no blanks at the end', () => {
    const columns = [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'NOTE' }] as const;
    assertLines(
      renderTable(
        columns,
        [
          ['a', '7', ''],
          ['long-name', '1234', 'x'],
        ],
        options,
      ),
      `
NAME          N  NOTE
a             7
long-name  1234  x
`,
    );
  });

  test('counts columns of the terminal, not characters', () => {
    assertLines(
      renderTable(
        [{ title: 'NAME' }, { title: 'NOTE' }],
        [
          ['服务', 'x'],
          ['café', 'y'],
          ['🚀', 'z'],
        ],
        options,
      ),
      `
NAME  NOTE
服务  x
café  y
🚀    z
`,
    );
  });

  test('takes from the widest column when the terminal is too narrow', () => {
    const lines = renderTable(
      [{ title: 'NAME' }, { title: 'WHY' }],
      [['web-1', 'a long explanation of what went wrong']],
      { ...options, width: 24 },
    );
    assertLines(lines, '\nNAME   WHY\nweb-1  a long explanati…\n');
    assert.ok(lines.every((line) => textWidth(line) <= 24));
  });

  test('leaves out what can be spared before it cuts anything', () => {
    const columns = [{ title: 'NAME' }, { title: 'ID', dropRank: 1 }, { title: 'NOTE', dropRank: 2 }];
    const rows = [['web-1', '0123456789', 'note']];
    const titles = (width: number): string | undefined =>
      renderTable(columns, rows, { ...options, width })[0];
    assert.equal(titles(23), 'NAME   ID          NOTE');
    assert.equal(titles(22), 'NAME   NOTE');
    assert.equal(titles(10), 'NAME');
  });

  test('pads by what is seen when cells are painted', () => {
    const [, row] = renderTable(
      [{ title: 'STATE' }, { title: 'ID' }],
      [[{ text: 'ok', paint: colouredStyle.good }, '1']],
      options,
    );
    assert.equal(row, `${colouredStyle.good('ok')}     1`);
  });
});

describe('text', () => {
  test('is cut at the width, with an ellipsis', () => {
    assert.equal(truncateText('abcdef', 6), 'abcdef');
    assert.equal(truncateText('abcdef', 4), 'abc…');
    assert.equal(truncateText('服务服务', 5), '服务…');
    assert.equal(truncateText('abc', 0), '');
  });

  test('from outside becomes one line without control characters', () => {
    assert.equal(oneLine('\u001B[31mred\u001B[0m\n\tand\u0007 more '), 'red and more');
  });

  test('durations read as people say them', () => {
    assert.deepEqual([0, 420, 12_000, 59_940, 125_000].map(formatElapsed), [
      '0.0 s',
      '0.4 s',
      '12.0 s',
      '59.9 s',
      '2 min 05 s',
    ]);
    assert.deepEqual([12_000, 300_000, 11_220_000, 352_800_000].map(formatAge), [
      '12 s',
      '5 min',
      '3 h 07 min',
      '4 d 2 h',
    ]);
  });
});

describe('the report of a change', () => {
  for (const [report, expected] of [
    [sampleReport(), '3 → 5 replicas in 1.2 s · 412 requests, 0 failed, 3 drained, 0 forced'],
    [
      sampleReport({
        services: [
          { service: 'web', before: 3, after: 1 },
          { service: 'api', before: 1, after: 2 },
          { service: 'db', before: 1, after: 1 },
        ],
      }),
      'web 3 → 1, api 1 → 2 replicas in 1.2 s · 412 requests, 0 failed, 3 drained, 0 forced',
    ],
    [
      sampleReport({
        services: [{ service: 'web', before: 0, after: 1 }],
        traffic: {
          requests: 0,
          drained: 0,
          forced: 0,
          forcedStreams: 0,
          retried: 0,
          failed: 0,
          failures: {},
        },
      }),
      '0 → 1 replica in 1.2 s',
    ],
    [
      sampleReport({
        traffic: {
          requests: 9,
          drained: 1,
          forced: 2,
          forcedStreams: 1,
          retried: 4,
          failed: 3,
          failures: { connect: 2, timeout: 1, 'no-endpoint': 0 },
        },
      }),
      '3 → 5 replicas in 1.2 s · 9 requests, 3 failed (2 connect, 1 timeout), 4 retried, 1 drained, 2 forced (1 of them streams)',
    ],
    [
      sampleReport({ command: 'restart', services: [{ service: 'web', before: 3, after: 3 }] }),
      'restart done in 1.2 s · 412 requests, 0 failed, 3 drained, 0 forced',
    ],
  ] as const) {
    test(`reads \`${expected}\``, () => assert.equal(renderReport(report, plainStyle), expected));
  }

  test('says so when there was nothing to change', () => {
    assert.match(
      renderReport(sampleReport({ hasChanged: false, services: [] }), plainStyle),
      /^nothing to change: everything is so already in 1\.2 s/,
    );
  });
});

describe('the table after up', () => {
  test('shows replicas in rotation, listeners as URLs and a short revision', () => {
    assertLines(
      renderServices([sampleService(), sampleDatabase], wide),
      `
SERVICE  REPLICAS  LISTENERS              REVISION
web      3/3       http://localhost:8080  3f2a9c01
db       1/1       tcp://localhost:5432   b81c77e2
`,
    );
  });

  test('shows addresses as they can be typed, and why one is closed', () => {
    const listeners = [
      { ...sampleListener, hostIp: '::1', port: 8081 },
      { ...sampleListener, hostIp: '192.0.2.7', port: 8082, protocol: 'tcp' as const },
      { ...sampleListener, port: 8083, isOpen: false, note: 'the balancer starts' },
      { ...sampleListener, port: 9000, exposure: 'internal' as const },
    ];
    const [, row = ''] = renderServices([sampleService({ listeners })], wide);
    assert.match(
      row,
      /http:\/\/\[::1\]:8081 tcp:\/\/192\.0\.2\.7:8082 http:\/\/localhost:8083 \(closed: the balancer starts\)/,
    );
    assert.doesNotMatch(row, /9000/);
  });
});

describe('ps', () => {
  test('shows one line per replica with what it carries, and why one is down', () => {
    const replicas = [
      sampleReplica(1),
      sampleReplica(2, { state: 'draining', isObsolete: true }),
      sampleReplica(3, {
        state: 'exited',
        exitCode: 137,
        restarts: 2,
        reason: 'killed',
        failed: 4,
        endpoints: [],
      }),
    ];
    assertLines(
      renderReplicas([sampleService({ replicas }), sampleDatabase], { ...wide, now: sampleNow }),
      `
INSTANCE  STATE                               UP  REVISION        ENDPOINT              IN FLIGHT  REQUESTS  FAILED  ID
web-1     in rotation                      1 min  3f2a9c01        127.0.0.1:40001               0       140       0  pid 4001
web-2     draining                         2 min  3f2a9c01 (old)  127.0.0.1:40002               1       140       0  pid 4002
web-3     exited (137), 2× restarted              3f2a9c01                                      2       140       4  pid 4003
db-1      healthy                     3 h 00 min  b81c77e2        tcp://localhost:5432          0         0       0  c0ffee000000
! web-3: killed
`,
    );
  });

  test('says which parts do not answer', () => {
    const status = sampleStack({
      runtimes: [{ name: 'docker', isReachable: false, reason: 'connection refused' }],
      balancer: { isReachable: false },
    });
    assertLines(
      renderOutages(status, plainStyle),
      `
! runtime docker does not answer: connection refused
! the balancer does not answer
`,
    );
  });
});

describe('status and ls', () => {
  test('status shows services, listeners, and what is still to be done', () => {
    const status = sampleStack({
      isSteady: false,
      pending: 'start web-4 (scale 3 → 4)\n',
      services: [sampleService({ desired: 4, scaleSource: 'command' }), sampleDatabase],
    });
    assertLines(
      renderStatus(status, wide),
      `
demo  changing  /srv/demo/compose.yaml

SERVICE  KIND       REPLICAS  SCALE FROM         REVISION
web      process    3/4       command (file: 3)  3f2a9c01
db       container  1/1       file               b81c77e2

LISTENER               LEADS TO  FOR       REQUESTS  FAILED
http://localhost:8080  web:80    everyone       412       0

still to be done:
start web-4 (scale 3 → 4)
`,
    );
  });

  test('status names who takes a port that is balanced in a way of its own', () => {
    const listeners = [['web-1'], ['web-2', 'web-3'], []].map((takenBy) => ({
      ...sampleListener,
      takenBy,
    }));
    const lines = renderStatus(sampleStack({ services: [{ ...sampleService(), listeners }] }), wide);
    for (const who of ['web:80 (web-1) ', 'web:80 (web-2, web-3) ', 'web:80 (nobody) '])
      assert.ok(
        lines.some((line) => line.includes(who)),
        lines.join('\n'),
      );
  });

  test('ls shows one line per stack', () => {
    const stopped = sampleStack({
      name: 'old',
      phase: 'stopped',
      services: [],
      configFiles: ['/srv/old/compose.yaml'],
    });
    assertLines(
      renderStacks([sampleStack(), stopped], wide),
      `
STACK  STATUS   REPLICAS  LISTENERS                                   FILES
demo   running  4/4       http://localhost:8080 tcp://localhost:5432  /srv/demo/compose.yaml
old    stopped  0/0                                                   /srv/old/compose.yaml
`,
    );
  });
});

describe('log lines', () => {
  const line = {
    service: 'web',
    instance: 'web-1',
    stream: 'stdout',
    time: sampleNow,
    text: 'hello',
  } as const;

  test('have an aligned prefix, which widens when a longer name turns up', () => {
    const renderer = new LogRenderer(plainStyle, { hasPrefix: true, hasTimestamp: false });
    renderer.expect(['web-1', 'redis-1']);
    assert.equal(renderer.render(line), 'web-1    | hello');
    assert.equal(renderer.render({ ...line, instance: 'scheduler-1' }), 'scheduler-1  | hello');
    assert.equal(renderer.render(line), 'web-1        | hello');
  });

  test('can have a time, and be bare', () => {
    const timed = new LogRenderer(plainStyle, { hasPrefix: true, hasTimestamp: true });
    assert.equal(timed.render(line), 'web-1  | 2026-11-22T12:00:00.000Z hello');
    const bare = new LogRenderer(plainStyle, { hasPrefix: false, hasTimestamp: false });
    assert.equal(bare.render(line), 'hello');
  });

  test('give neighbours different colours', () => {
    const renderer = new LogRenderer(colouredStyle, { hasPrefix: true, hasTimestamp: false });
    renderer.expect(['web-1', 'web-2']);
    assert.notEqual(
      renderer.prefix('web-1').replace('web-1', ''),
      renderer.prefix('web-2').replace('web-2', ''),
    );
  });
});

test('an error that holds several shows each of them with its place, and one hint for all at the end', () => {
  const error = new TenfoldError('invalid-compose', 'the compose file is not valid', {
    hint: 'the Compose specification names every key',
    errors: [
      new TenfoldError('invalid-compose', '`prots` is no key of a service', {
        where: { file: '/srv/demo/compose.yaml', line: 3, column: 5, path: 'services.web.prots' },
        hint: 'did you mean `ports`?',
      }),
      new TenfoldError('invalid-compose', 'no number of replicas', {
        where: { file: '/etc/elsewhere.yaml', line: 9 },
        expected: 'a whole number',
        got: '"three"',
      }),
    ],
  });
  assertLines(
    renderError(error, { style: plainStyle, workingDir: '/srv/demo' }),
    `
error: the compose file is not valid [invalid-compose]

  • \`prots\` is no key of a service
    at compose.yaml:3:5 (services.web.prots)
    hint: did you mean \`ports\`?

  • no number of replicas
    at /etc/elsewhere.yaml:9
    expected a whole number
    got "three"

  hint: the Compose specification names every key
`,
  );
});
