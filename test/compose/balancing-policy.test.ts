import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { loadText, refusals } from './helpers/load-text.ts';

async function policyOf(tenfold: string, top = ''): Promise<BalancingPolicy> {
  const text = `${top}\nservices:\n  web:\n    image: a\n    x-tenfold: ${tenfold}\n`;
  const web = resolveStack(await loadText(text), {}).stack.services['web'];
  assert.ok(web);
  return web.balancing;
}

describe('how x-tenfold says that a service is balanced', () => {
  test('says nothing of what is off', async () => {
    const policy = await policyOf('{}');
    assert.deepEqual(Object.keys(policy), [
      'algorithm',
      'maxFails',
      'failTimeoutMs',
      'slowStartMs',
      'drainTimeoutMs',
      'connectTimeoutMs',
      'responseTimeoutMs',
      'retries',
      'responseHeaders',
      'activeHealth',
    ]);
  });

  test('takes what the request is hashed on', async () => {
    for (const [text, hashKey] of [
      ['header:X-User', { from: 'header', name: 'X-User' }],
      ['cookie:sid', { from: 'cookie', name: 'sid' }],
      ['path', { from: 'path' }],
    ] as const) {
      assert.deepEqual((await policyOf(`{algorithm: hash, hash_on: ${text}}`)).hashKey, hashKey);
    }
  });

  test('takes a sticky cookie by its name, or with its age and reach', async () => {
    assert.deepEqual((await policyOf('{sticky: route}')).sticky, { cookie: 'route', sameSite: 'Lax' });
    assert.deepEqual((await policyOf('{sticky: {cookie: r, max_age: 1h, same_site: strict}}')).sticky, {
      cookie: 'r',
      maxAgeMs: 3_600_000,
      sameSite: 'Strict',
    });
  });

  test('has a queue wherever there is a limit, unless its size is nought', async () => {
    assert.deepEqual((await policyOf('{max_connections: 9}')).queue, { size: 128, timeoutMs: 5_000 });
    assert.deepEqual((await policyOf('{max_connections: 9, queue: {timeout: 1s}}')).queue, {
      size: 128,
      timeoutMs: 1_000,
    });
    assert.equal((await policyOf('{max_connections: 9, queue: {size: 0}}')).queue, undefined);
  });

  test('fills in what a breaker or an outlier is not told', async () => {
    assert.deepEqual((await policyOf('{circuit_breaker: {errors: 20%}}')).circuitBreaker, {
      errorShare: 0.2,
      minRequests: 20,
      windowMs: 10_000,
      openMs: 5_000,
      probes: 3,
    });
    assert.deepEqual((await policyOf('{latency_outlier: {}}')).latencyOutlier, {
      factor: 3,
      minRequests: 20,
      windowMs: 10_000,
    });
  });

  test('takes what a check expects', async () => {
    const { activeHealth } = await policyOf(
      '{health: {path: /up, method: HEAD, host: app, status: [200, 300-302, 4xx], body_regex: "^ok"}}',
    );
    assert.partialDeepStrictEqual(activeHealth, {
      path: '/up',
      method: 'HEAD',
      host: 'app',
      statuses: [
        [200, 200],
        [300, 302],
        [400, 499],
      ],
      expected: { kind: 'matches', pattern: '^ok' },
    });
    const role = await policyOf('{protocol: tcp, health: {send: "ROLE\\r\\n", expect: master}}');
    assert.partialDeepStrictEqual(role.activeHealth, {
      path: undefined,
      send: 'ROLE\r\n',
      expected: { kind: 'contains', text: 'master' },
    });
  });

  const contradictory: readonly (readonly [name: string, tenfold: string, at: RegExp])[] = [
    ['a hash of nothing', '{algorithm: hash}', /algorithm/],
    ['something to hash that is not hashed', '{hash_on: path}', /hash_on/],
    ['a queue without a limit', '{queue: {size: 3}}', /queue/],
    ['a cookie in TCP', '{protocol: tcp, sticky: a}', /sticky/],
    ['a status without a request', '{health: {status: 200}}', /health\.status/],
    ['bytes to send beside a request', '{health: {path: /, send: a, expect: b}}', /health\.send/],
    ['bytes to send that nobody waits for', '{health: {send: a}}', /health\.send/],
    ['two ways to judge a body', '{health: {path: /, body: a, body_regex: b}}', /health\.body_regex/],
  ];
  for (const [name, tenfold, at] of contradictory) {
    test(`refuses ${name}, with its place`, async () => {
      const [error] = await refusals(policyOf(tenfold));
      assert.match(error?.message ?? '', at);
      assert.equal(error?.where?.line, 5);
    });
  }

  const malformed: readonly (readonly [tenfold: string, message: RegExp])[] = [
    ['{algorithm: fastest}', /must be one of/],
    ['{algorithm: hash, hash_on: "body:x"}', /names nothing of a request/],
    ['{sticky: "a b"}', /does not match/],
    ['{max_connections: 0}', /greater than or equal to 1/],
    ['{panic_threshold: 120%}', /share/],
    ['{health: {path: /, status: 299-200}}', /no status or range/],
    ['{health: {path: /, body_regex: "("}}', /health\.body_regex/],
    ['{circuit_breaker: {threshold: 3}}', /'threshold' is not allowed/],
  ];
  for (const [tenfold, message] of malformed) {
    test(`refuses ${tenfold}`, async () => {
      const [error] = await refusals(policyOf(tenfold));
      assert.match(error?.message ?? '', message);
      assert.equal(error?.where?.line, 5);
    });
  }

  test('finds a contradiction between the file and a service where the file says its part', async () => {
    const [error] = await refusals(policyOf('{algorithm: least_conn}', 'x-tenfold: {hash_on: path}'));
    assert.equal(error?.where?.line, 1);
  });
});
