import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeRoutes } from '../../src/daemon/stack/route-request.ts';
import type { Match, Route } from '../../src/model/routing.ts';
import { plainRoute } from '../../src/shared/plain-route.ts';

function routeTo(service: string, match: Match): Route {
  return plainRoute({ id: service, match, action: { kind: 'forward', to: { service, target: 80 } } });
}

const all = (...of: Match[]): Match => ({ kind: 'all', of });
const host = (name: string): Match => ({ kind: 'host', host: name });
const below = (path: string): Match => ({
  kind: 'any',
  of: [
    { kind: 'path', path },
    { kind: 'path-prefix', prefix: `${path}/` },
  ],
});

describe('a route is reached', () => {
  const cases: readonly (readonly [
    what: string,
    match: Match,
    request: { host?: string; path?: string } | undefined,
  ])[] = [
    ['by anything where it demands nothing', all(), {}],
    ['by its host', host('a.test'), { host: 'a.test' }],
    ['by a name below its wildcard', host('*.a.test'), { host: 'www.a.test' }],
    ['by its path', below('/api'), { path: '/api' }],
    ['by host and path together', all(host('a.test'), below('/api')), { host: 'a.test', path: '/api' }],
    ['by one of its hosts', { kind: 'any', of: [host('a.test'), host('b.test')] }, { host: 'a.test' }],
    [
      'by the path that fits the pattern too',
      all({ kind: 'path-regex', pattern: '^/b' }, { kind: 'any', of: [below('/a'), below('/b')] }),
      { path: '/b' },
    ],
    [
      'by what it does not exclude',
      all(host('a.test'), { kind: 'not', of: below('/x') }),
      { host: 'a.test' },
    ],
    ['by GET where that is among its methods', { kind: 'method', methods: ['POST', 'GET'] }, {}],
    ['by no GET where it is not', { kind: 'method', methods: ['POST'] }, undefined],
    ['by nothing that is known where it wants a header', { kind: 'header', name: 'x-beta' }, undefined],
    ['by nothing where it contradicts itself', all(host('a.test'), host('b.test')), undefined],
  ];
  for (const [what, match, request] of cases) {
    test(what, () => {
      assert.deepEqual(describeRoutes([routeTo('api', match)], true), [
        { id: 'api', service: 'api', ...(request !== undefined && { request }) },
      ]);
    });
  }

  test('only by what no route before it takes', () => {
    const routes = [
      routeTo('web', below('/api')),
      routeTo('api', { kind: 'any', of: [below('/api'), below('/v2')] }),
    ];
    assert.deepEqual(describeRoutes(routes, true)[1]?.request, { path: '/v2' });
    assert.equal(
      describeRoutes([routeTo('web', all()), routeTo('api', below('/api'))], true)[1]?.request,
      undefined,
    );
  });

  test('by nothing where the address sends everybody on to another one', () => {
    assert.deepEqual(describeRoutes([routeTo('api', all())], false), [{ id: 'api', service: 'api' }]);
  });
});
