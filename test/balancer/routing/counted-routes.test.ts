import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask } from '../../contracts/balancer/clients.ts';
import { deadReplica, never } from '../../contracts/balancer/harness.ts';
import { edgeOf, echoReplica, listen, useProxy } from '../edge/edge-harness.ts';
import { plainRoute } from '../../../src/shared/plain-route.ts';

const driver = useProxy();

describe('requests on a listener with routes', () => {
  test('are counted at the pool that they were for, and those for nobody at the listener alone', async (t) => {
    const [web, api] = [await echoReplica('web-1'), await echoReplica('api-1')];
    t.after(() => [web, api].forEach((replica) => replica.kill()));
    const { port } = await listen(driver(), {
      pools: {
        web: [web],
        api: [api],
        gone: [await deadReplica('gone-1')],
      },
      edge: edgeOf({ access: [{ path: '/secret', allow: undefined, deny: ['127.0.0.0/8'] }] }),
      routes: [
        ...['api', 'gone'].map((id) =>
          plainRoute({
            id,
            match: { kind: 'path-prefix', prefix: `/${id}` },
            action: { kind: 'forward', to: { pool: id } },
          }),
        ),
        plainRoute({
          id: 'teapot',
          match: { kind: 'path', path: '/teapot' },
          action: {
            kind: 'respond',
            status: 418,
            page: { contentType: 'text/plain', body: '' },
            headers: [],
          },
        }),
      ],
    });
    const statuses: number[] = [];
    for (const path of ['/', '/api', '/api/b', '/api', '/gone', '/teapot', '/secret'])
      statuses.push((await ask(port, { path })).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 502, 418, 403]);

    const { pools, listeners } = await driver().observe(never);
    assert.deepEqual(
      pools.map(({ id, requests, failures }) => [id, requests, failures]),
      [
        ['web', 1, {}],
        ['api', 3, {}],
        ['gone', 1, { connect: 1 }],
      ],
    );
    assert.deepEqual(
      listeners.map(({ requests, failed, failures }) => [requests, failed, failures]),
      [[7, 1, { connect: 1 }]],
    );
  });
});
