import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseScenario } from '../../src/load/scenario/read-scenario.ts';
import { TenfoldError } from '../../src/shared/errors.ts';

/** `line:column path` of every fault, with what was expected. */
function faultsIn(text: string): string[] {
  try {
    parseScenario(text, 'test.yaml');
  } catch (thrown) {
    assert.ok(thrown instanceof TenfoldError);
    assert.equal(thrown.code, 'invalid-scenario');
    const errors = thrown.errors.length > 0 ? thrown.errors : [thrown];
    return errors.map(({ where, expected, message }) => {
      const place =
        where?.line === undefined ? '' : `${where.line}:${where.column} ${where.path ?? ''}`.trim();
      return `${place} | ${expected ?? message}`;
    });
  }
  return [];
}

describe('a scenario', () => {
  test('of one line is one request to / with a check on its status', () => {
    const { requests, shape, thresholds, target } = parseScenario(
      'load: {rate: 50, for: 1m30s}',
      '/srv/checkout.yaml',
    );
    assert.deepEqual(shape, { model: 'open', level: 50, stages: [{ kind: 'hold', durationMs: 90_000 }] });
    assert.deepEqual([requests.length, requests[0]?.name, requests[0]?.checks.length], [1, 'GET /', 1]);
    assert.deepEqual([thresholds, target], [[], undefined]);
  });

  test('has the name of its file unless it says its own', () => {
    assert.equal(parseScenario('load: {rate: 1, for: 1s}', '/srv/checkout.yaml').name, 'checkout');
    assert.equal(parseScenario('name: x\nload: {rate: 1, for: 1s}', '/srv/checkout.yaml').name, 'x');
  });

  test('takes stages, weights, headers, bodies, checks, think times and thresholds', () => {
    const scenario = parseScenario(
      `
target: http://localhost:8080/api
load:
  users: 1
  stages:
    - { ramp: 2m, to: 10 }
    - { hold: 5m }
    - { spike: 10s, to: 50 }
headers: { X-Team: a, Authorization: Bearer x }
think: 1s
timeout: 5s
requests:
  - name: ask
    weight: 3
    method: post
    path: /query?a=1
    headers: { Authorization: Bearer y, X-Count: 3 }
    body: { query: What is 2+2?, deep: [1, null, true] }
    checks: { status: [2xx, 404], body_contains: [a, b], json: { answer.text: 4, '$.list[0]': {a: 1} }, max_duration: 500ms }
    think: { from: 0s, to: 2s }
  - { path: /plain, method: PUT, body: text, timeout: 1m }
thresholds: [p99<1s, failed(ask) < 2%]
max_in_flight: 7
`,
      'x.yaml',
    );
    const [ask, plain] = scenario.requests;
    assert.deepEqual(
      scenario.shape.stages.map(({ kind, durationMs }) => [kind, durationMs]),
      [
        ['ramp', 120_000],
        ['hold', 300_000],
        ['spike', 10_000],
      ],
    );
    assert.deepEqual(
      [ask?.method, ask?.weight, ask?.timeoutMs, ask?.think],
      ['POST', 3, 5000, { fromMs: 0, toMs: 2000 }],
    );
    assert.deepEqual(ask?.headers, {
      'X-Team': 'a',
      Authorization: 'Bearer y',
      'X-Count': '3',
      'Content-Type': 'application/json',
    });
    assert.deepEqual(JSON.parse(ask?.body ?? ''), { query: 'What is 2+2?', deep: [1, null, true] });
    assert.deepEqual(
      ask?.checks.map(({ kind }) => kind),
      ['status', 'body contains', 'body contains', 'json', 'json', 'max duration'],
    );
    assert.deepEqual(
      [plain?.name, plain?.body, plain?.timeoutMs, plain?.think],
      ['PUT /plain', 'text', 60_000, { fromMs: 1000, toMs: 1000 }],
    );
    assert.equal(plain?.headers['Content-Type'], undefined);
    assert.deepEqual(
      scenario.thresholds.map(({ request }) => request),
      [undefined, 'ask'],
    );
    assert.equal(scenario.maxInFlight, 7);
  });
});

describe('a fault in a scenario is told with its line, column and path', () => {
  const cases: readonly (readonly [name: string, text: string, faults: readonly string[]])[] = [
    [
      'an unknown key',
      'load: {rate: 1, for: 1s}\nrequsts: []\n',
      [
        '2:1 requsts | one of name, target, load, requests, think, timeout, headers, thresholds, max_in_flight',
      ],
    ],
    ['no load', 'name: x\n', ['1:1 load | `rate` or `users`, with `for` or `stages`']],
    ['both models', 'load:\n  rate: 1\n  users: 1\n  for: 1s\n', ['1:1 load | one of `rate` and `users`']],
    ['neither length nor stages', 'load:\n  rate: 1\n', ['1:1 load | one of `for` and `stages`']],
    [
      'a duration without a unit',
      'load:\n  rate: 1\n  for: 10\n',
      ['3:3 load.for | a duration such as 30s, 250ms or 1m30s'],
    ],
    [
      'a stage that is two',
      'load:\n  rate: 1\n  stages:\n    - {hold: 1s}\n    - {hold: 1s, ramp: 1s}\n',
      ['5:7 load.stages[1] | one of `ramp`, `hold` and `spike`'],
    ],
    [
      'a ramp that leads nowhere',
      'load:\n  rate: 1\n  stages:\n    - ramp: 1s\n',
      ['4:7 load.stages[0] | `to`, the level that the stage leads to'],
    ],
    ['no load at all', 'load: {users: 0, for: 1s}\n', ['1:1 load | a number of users above 0']],
    ['a negative rate', 'load: {rate: -1, for: 1s}\n', ['1:8 load.rate | a number, 0 or more']],
    ['half a user', 'load: {users: 1.5, for: 1s}\n', ['1:1 load | whole numbers of users']],
    [
      'a header with a line break',
      'load: {rate: 1, for: 1s}\nheaders:\n  X-A: "a\\r\\nb"\n',
      ['3:3 headers.X-A | a text of one line, in Latin-1'],
    ],
    [
      'a path with a blank',
      'load: {rate: 1, for: 1s}\nrequests:\n  - path: /a b\n',
      ['3:5 requests[0].path | a path that begins with / and is percent-encoded'],
    ],
    [
      'a JSON path that is none',
      'load: {rate: 1, for: 1s}\nrequests:\n  - checks:\n      json:\n        "a[": 1\n',
      ['5:9 requests[0].checks.json.a[ | a path such as $.items[0].name'],
    ],
    [
      'a request name twice',
      'load: {rate: 1, for: 1s}\nrequests:\n  - path: /a\n  - path: /a\n',
      ['4:5 requests[1] | a name of its own for each request'],
    ],
    [
      'a threshold on a request that there is not',
      'load: {rate: 1, for: 1s}\nthresholds:\n  - p99(b)<1s\n',
      ['3:5 thresholds[0] | the name of a request: GET /'],
    ],
    ['not YAML', 'load: {rate: 1\nname: x\n', []],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => {
      const faults = faultsIn(text);
      if (expected.length > 0) assert.deepEqual(faults, expected);
      else assert.match(faults.join('\n'), /^\d+:\d+ \| this is not YAML/);
    });
  }

  test('and all of them at once, in the order of their lines', () => {
    const faults = faultsIn(
      'load: {rate: 1, for: ten}\nrequests:\n  - method: "G T"\n    weight: 0\nthresholds: [fast]\n',
    );
    assert.deepEqual(
      faults.map((fault) => fault.slice(0, 3)),
      ['1:1', '3:5', '4:5', '5:1'],
    );
  });

  test('an empty file says so', () => {
    assert.match(faultsIn('# nothing\n').join(), /`load` and what it is made of/);
  });
});
