import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serviceHash } from '../../src/compose/config-hash.ts';
import { renderConfig } from '../../src/compose/render-config.ts';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import type { Listener, Service } from '../../src/model/service.ts';
import { loadText, refusals } from './helpers/load-text.ts';

async function dbOf(ports: readonly string[], own = '{}', top = ''): Promise<Service> {
  const list = ports.map((port) => `      - ${port}\n`).join('');
  const text = `${top}\nservices:\n  db:\n    image: a\n    x-tenfold: ${own}\n    ports:\n${list}`;
  const { db } = resolveStack(await loadText(text), {}).stack.services;
  assert.ok(db);
  return db;
}

const published = (number: number, tenfold: string, more = ''): string =>
  `{ target: 6379, published: "${number}", x-tenfold: ${tenfold}${more} }`;

function ownPolicy({ listeners }: Service, port: number): NonNullable<Listener['ownPool']>['policy'] {
  const policy = listeners.find((listener) => listener.port === port)?.ownPool?.policy;
  assert.ok(policy);
  return policy;
}

describe('what a port says of its own balancing', () => {
  test('wins over its service, which wins over the file', async () => {
    const db = await dbOf(
      [published(1, '{ algorithm: round_robin, health: { interval: 1s } }')],
      '{ algorithm: ip_hash, retries: 4, health: { rise: 7 } }',
      'x-tenfold: { retries: 9, max_fails: 8, health: { interval: 9s, fall: 6 } }',
    );
    const policy = ownPolicy(db, 1);
    assert.partialDeepStrictEqual(policy, { algorithm: 'round_robin', retries: 4, maxFails: 8 });
    assert.partialDeepStrictEqual(policy.activeHealth, { intervalMs: 1_000, rise: 7, fall: 6 });
    assert.equal(db.balancing.algorithm, 'ip_hash');
  });

  test('makes a pool of its own for the ports of that entry, and none where it comes to the same', async () => {
    const db = await dbOf(
      [
        published(1, '{ algorithm: round_robin }'),
        published(2, '{ algorithm: least_conn }'),
        published(3, '{}'),
        '"4:6379"',
        '{ target: 6379, published: "5-6", host_ip: 127.0.0.1, x-tenfold: { retries: 3 } }',
      ],
      '{ protocol: tcp }',
    );
    assert.deepEqual(
      db.listeners.map(({ port, ownPool }) => [port, ownPool?.name]),
      [
        [1, '1'],
        [2, undefined],
        [3, undefined],
        [4, undefined],
        [5, '127.0.0.1_5'],
        [6, '127.0.0.1_5'],
      ],
    );
  });

  test('leaves out what its service says of another kind of check, hash or protocol', async () => {
    const service =
      '{ algorithm: hash, hash_on: path, sticky: pin, health: { path: /up, status: [204], fall: 5 } }';
    const db = await dbOf(
      [
        published(
          1,
          '{ algorithm: round_robin, health: { send: "ROLE\\r\\n", expect: master } }',
          ', app_protocol: redis',
        ),
        published(2, '{ retries: 0 }', ', app_protocol: http'),
      ],
      service,
    );
    const tcp = ownPolicy(db, 1);
    assert.deepEqual([tcp.hashKey, tcp.sticky], [undefined, undefined]);
    assert.deepEqual(tcp.activeHealth, {
      path: undefined,
      intervalMs: 2_000,
      timeoutMs: 2_000,
      rise: 2,
      fall: 5,
      expected: { kind: 'contains', text: 'master' },
      send: 'ROLE\r\n',
      mustPass: true,
    });
    const http = ownPolicy(db, 2);
    assert.deepEqual([http.hashKey, http.sticky?.cookie], [{ from: 'path' }, 'pin']);
    assert.equal(http.activeHealth.path, '/up');
  });

  test('asks for a role strictly, unless it says otherwise; its service does so only when it says so', async () => {
    const of = async (port: string, own = '{ protocol: tcp }'): Promise<true | undefined> =>
      ownPolicy(await dbOf([published(1, port)], own), 1).activeHealth.mustPass;
    assert.equal(await of('{ health: { expect: master } }'), true);
    assert.equal(await of('{ health: { expect_regex: mas+ } }'), true);
    assert.equal(await of('{ health: { expect: master, fail_open: true } }'), undefined);
    assert.equal(
      await of('{ health: { fall: 1 } }', '{ protocol: tcp, health: { expect: PONG } }'),
      undefined,
    );
    assert.equal(
      await of('{ health: { fall: 1 } }', '{ protocol: tcp, health: { fail_open: false } }'),
      true,
    );
    const { balancing } = await dbOf(['"1:1"'], '{ protocol: tcp, health: { expect: master } }');
    assert.equal(balancing.activeHealth.mustPass, undefined);
  });

  test('is found between containers under the numbers of its ports', async () => {
    const text = (ports: string): string =>
      `services:\n  app: { image: a }\n  db:\n    image: a\n    x-tenfold: { protocol: tcp }\n    ports: [${ports}]\n`;
    const named = async (ports: string): Promise<readonly unknown[]> => {
      const { db } = resolveStack(await loadText(text(ports)), {}).stack.services;
      return (db?.listeners ?? [])
        .filter(({ exposure }) => exposure === 'network')
        .map(({ port, target, ownPool }) => `${port}->${target} ${ownPool?.name}`);
    };
    const primary = published(6379, '{ health: { expect: master } }');
    const replicas = published(6380, '{ health: { expect: slave } }');
    assert.deepEqual(await named(`${primary}, ${replicas}`), ['6379->6379 6379', '6380->6379 6380']);
    const elsewhere = published(7000, '{ health: { expect: master } }');
    assert.deepEqual(await named(elsewhere), ['6379->6379 7000', '7000->6379 7000']);
    assert.deepEqual(await named(`${elsewhere}, ${replicas}`), [
      '6379->6379 undefined',
      '7000->6379 7000',
      '6380->6379 6380',
    ]);
    assert.deepEqual(await named(`"6379:6379", ${replicas}`), ['6379->6379 undefined', '6380->6379 6380']);
  });

  test('is no part of the config hash, and stays in what config prints', async () => {
    const text = (tenfold: string): string =>
      `services: { db: { image: a, ports: [{ target: 1, published: "2"${tenfold} }] } }`;
    const plain = await loadText(text(''));
    const own = await loadText(text(', x-tenfold: { max_fails: "${FAILS}", retries: 2 }'), {
      environment: { FAILS: '5' },
    });
    const hashOf = ({ services }: typeof plain): string => serviceHash(services['db'] ?? {});
    assert.equal(hashOf(own), hashOf(plain));
    const view = { view: 'model', isInterpolated: true } as const;
    assert.match(
      renderConfig(own, { ...view, format: 'yaml' }),
      /x-tenfold:\n\s+max_fails: 5\n\s+retries: 2\n/,
    );
    // As docker compose, whose JSON has no extensions below the top.
    assert.equal(
      renderConfig(own, { ...view, format: 'json' }),
      renderConfig(plain, { ...view, format: 'json' }),
    );
    assert.equal(resolveStack(own, {}).stack.services['db']?.listeners[0]?.ownPool?.policy.maxFails, 5);
  });
});

describe('what a port cannot say', () => {
  const refused = async (port: string, own = '{ protocol: tcp }'): Promise<string> => {
    const [error] = await refusals(dbOf([port], own));
    assert.ok(error);
    const { line, column } = error.where ?? {};
    return `${line}:${column} ${error.message}; ${error.expected ?? ''}`;
  };

  test('is refused where it stands, with where it belongs', async () => {
    for (const [key, where] of [
      ['weights: [1]', 'weights under x-tenfold of the service'],
      ['autoscale: {}', 'autoscale under x-tenfold of the service'],
      ['edge: {}', 'edge under x-tenfold of the service'],
      ['protocol: tcp', 'app_protocol of the port'],
    ] as const) {
      const message = await refused(published(1, `{ ${key} }`));
      assert.match(message, /^7:54 .*is not for a port/);
      assert.ok(message.includes(where), message);
    }
    assert.match(await refused(published(1, '{ algoritm: hash }')), /^7:54 .*algoritm/);
  });

  test('is what contradicts itself, at the key that does not fit', async () => {
    assert.match(await refused(published(1, '{ health: { send: x } }')), /^7:64 .*health\.send does not fit/);
    assert.match(
      await refused(published(1, '{ health: { status: [200] } }')),
      /^7:64 .*health\.path beside it/,
    );
    assert.match(await refused(published(1, '{ queue: { size: 1 } }')), /^7:54 .*max_connections beside it/);
  });

  test('is what only requests have, on a port that carries bytes', async () => {
    assert.match(await refused(published(1, '{ sticky: pin }')), /^7:54 .*sticky .* carried as bytes/);
    assert.match(
      await refused(published(1, '{ algorithm: hash, hash_on: path }')),
      /^7:\d+ .*hash_on .* carried as bytes/,
    );
  });

  test('is anything where nothing balances the port', async () => {
    assert.match(
      await refused(published(1, '{ retries: 1 }'), '{ publish: direct }'),
      /^7:54 .*its runtime publishes it/,
    );
    assert.match(
      await refused('{ target: 53, published: "53", protocol: udp, x-tenfold: { retries: 1 } }'),
      /^7:\d+ .*its runtime publishes it/,
    );
  });

  test('is what HAProxy has no like of, with `balancer: haproxy`', async () => {
    assert.match(
      await refused(published(1, '{ algorithm: least_time }'), '{ balancer: haproxy }'),
      /^7:54 .*algorithm does not go with `balancer: haproxy`/,
    );
  });
});
