import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { PoolEntry } from '../../../src/balancer/balancer-driver.ts';
import { writeErrorFiles } from '../../../src/balancer/haproxy/config/error-files.ts';
import { serverName } from '../../../src/balancer/haproxy/config/names.ts';
import { renderConfig, shapeOf } from '../../../src/balancer/haproxy/config/render-config.ts';
import { alignment } from '../../../src/balancer/haproxy/group/align-servers.ts';
import { writeMaps } from '../../../src/balancer/haproxy/group/maps.ts';
import { wantedServers } from '../../../src/balancer/haproxy/group/wanted-servers.ts';
import { isNewEnough } from '../../../src/balancer/haproxy/process/binary.ts';
import { checkConfiguration } from '../../../src/balancer/haproxy/process/instance.ts';
import { parseStatistics } from '../../../src/balancer/haproxy/process/statistics.ts';
import { refuseUnsupported } from '../../../src/balancer/haproxy/refusals.ts';
import type { ServiceTable } from '../../../src/balancer/haproxy/service-tables.ts';
import type { BalancingPolicy } from '../../../src/model/balancing.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import { findProgram, skipWithout } from '../../helpers/parts.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { endpointEntry, poolEntry, samplePolicy } from '../routing-samples.ts';

function tableOf(
  pool: Partial<PoolEntry> & { readonly policy?: BalancingPolicy } = {},
  protocol: 'http' | 'tcp' = 'http',
): ServiceTable {
  const entry = poolEntry([endpointEntry('web-1', { port: 8001 })], { id: 'demo/web:80', ...pool });
  const listener = { id: 'demo/web:8080->80', hostIp: '', port: 8080, protocol, pool: entry.id };
  return { key: 'demo/web', listeners: [listener], pools: [entry] };
}

const policies: Readonly<Record<string, Partial<BalancingPolicy>>> = {
  least_conn: {},
  'round_robin without retries or ejection': { algorithm: 'round_robin', retries: 0, maxFails: 0 },
  ip_hash: { algorithm: 'ip_hash' },
  random_two: { algorithm: 'random_two' },
  'hash on a header': { algorithm: 'hash', hashKey: { from: 'header', name: 'X-User' } },
  'hash on a cookie': { algorithm: 'hash', hashKey: { from: 'cookie', name: 'user' } },
  'hash on the path': { algorithm: 'hash', hashKey: { from: 'path' } },
  'hash on the URI': { algorithm: 'hash', hashKey: { from: 'uri' } },
  'a sticky cookie': { sticky: { cookie: 'route', maxAgeMs: 60_000, sameSite: 'None' } },
  limits: { maxConnections: 7, queue: { size: 9, timeoutMs: 100 } },
  'limits without a queue': { maxConnections: 7 },
  'slow start and PROXY protocol': { slowStartMs: 9_000, sendProxyProtocol: 'v2' },
  'a check with all that there is': {
    activeHealth: {
      ...samplePolicy.activeHealth,
      path: "/up?a=b c'd",
      method: 'HEAD',
      host: 'app.example',
      statuses: [
        [204, 204],
        [300, 399],
      ],
      expected: { kind: 'matches', pattern: `it's "(all|very) well" #1$` },
    },
  },
  'a check of a role over TCP': {
    activeHealth: {
      ...samplePolicy.activeHealth,
      send: 'ROLE\r\n',
      expected: { kind: 'contains', text: 'master' },
    },
  },
};

describe('a configuration', { skip: await skipWithout('haproxy') }, () => {
  const check = async (table: ServiceTable): Promise<void> => {
    await using folder = await temporaryFolder();
    const path = (name: string): string => join(folder.path, name);
    const places = {
      socketPath: path('run.sock'),
      reasonsPath: path('reasons.map'),
      sharesPath: path('shares.map'),
      errorsFolder: path('errors'),
      cookieKey: 'key',
    };
    await writeErrorFiles(places.errorsFolder);
    await writeMaps(places, table.pools);
    await writeFile(path('haproxy.cfg'), renderConfig(table, table.pools.flatMap(wantedServers), places));
    await checkConfiguration(findProgram('haproxy') ?? '', path('haproxy.cfg'), 'web');
  };

  for (const [name, policy] of Object.entries(policies)) {
    test(`with ${name} is one that HAProxy takes`, async () => {
      await check(tableOf({ policy: { ...samplePolicy, ...policy } }));
    });
  }

  test('of TCP, and of a canary by header, cookie and share, is one that HAProxy takes', async () => {
    await check(tableOf({}, 'tcp'));
    const header = { name: 'X-Canary', value: `it's "me"` };
    const split = { revision: 'r2', share: 0.25, header, cookie: { name: 'canary', value: 'on' } };
    await check(tableOf({ split }));
    await check(tableOf({ split }, 'tcp'));
  });

  test('with reasons and names of any text is one that HAProxy takes', async () => {
    const pool = { id: 'demo/a b"c%d:80', service: `50% "off" it's`, emptyReason: 'a "b" %c\n\'d\'; \\e' };
    await check(tableOf({ ...pool, policy: { ...samplePolicy, maxConnections: 1 } }));
  });
});

test('what changes at run time needs no other configuration; the rest does', () => {
  const before = shapeOf(tableOf());
  const same: readonly Partial<PoolEntry>[] = [
    { endpoints: [] },
    { endpoints: [endpointEntry('web-2'), endpointEntry('web-3', { weight: 3 })] },
    { emptyReason: 'another' },
    { policy: { ...samplePolicy, drainTimeoutMs: 1 } },
  ];
  for (const pool of same) assert.equal(shapeOf(tableOf(pool)), before);
  const others: readonly Partial<BalancingPolicy>[] = [
    { algorithm: 'ip_hash' },
    { slowStartMs: 5 },
    { maxFails: 9 },
    { responseTimeoutMs: 9 },
    { activeHealth: { ...samplePolicy.activeHealth, rise: 9 } },
  ];
  for (const policy of others)
    assert.notEqual(shapeOf(tableOf({ policy: { ...samplePolicy, ...policy } })), before);
  const limited = (maxConnections: number): string =>
    shapeOf(tableOf({ policy: { ...samplePolicy, maxConnections } }));
  assert.equal(limited(5), limited(50));
});

describe('the way from what runs to what is wanted', () => {
  const [web] = tableOf().pools;
  assert.ok(web !== undefined);
  const backends = (...names: readonly string[]): string =>
    names.map((name) => `${name},BACKEND,0,,UP,\n`).join('');
  const wanted = wantedServers(web);
  const [rest = '', open = ''] = wanted.map(({ backend }) => backend);
  const [endpoint] = web.endpoints;
  assert.ok(endpoint !== undefined);
  const name = serverName(endpoint);
  const rows = (text: string) => parseStatistics(`# pxname,svname,slim,weight,status,bck\n${text}`);

  test('adds a server, its checks, and only then lets it take requests', () => {
    const commands = alignment(rows(backends(rest, open)), wanted);
    assert.match(
      commands[0] ?? '',
      new RegExp(`^add server ${rest}/${name} 127\\.0\\.0\\.1:8001 check inter `),
    );
    assert.deepEqual(commands.slice(1, 3), [
      `enable health ${rest}/${name}`,
      `set server ${rest}/${name} state ready`,
    ]);
  });

  test('is nothing where all is as it should be', () => {
    const text = `${rest},${name},,16,UP,0\n${open},${name},,16,no check,0\n`;
    assert.deepEqual(alignment(rows(backends(rest, open) + text), wanted), []);
  });

  test('adds first and removes last, and cuts what a removed server still has', () => {
    const text = `${rest},old:1,,16,UP,0\n`;
    const commands = alignment(rows(backends(rest) + text), wanted);
    assert.match(commands[0] ?? '', /^add server/);
    assert.deepEqual(commands.slice(-4), [
      `set server ${rest}/old:1 state maint`,
      `disable health ${rest}/old:1`,
      `shutdown sessions server ${rest}/old:1`,
      `del server ${rest}/old:1`,
    ]);
  });

  test('lets a server that is wanted in another backend finish what it has in this one', () => {
    const inBoth = (status: string): string =>
      `${rest},${name},,16,UP,0\n${open},${name},,16,no check,0\ncanary,${name},,16,${status},0\n`;
    const commandsAt = (status: string): readonly string[] =>
      alignment(rows(backends(rest, open, 'canary') + inBoth(status)), wanted);
    assert.deepEqual(commandsAt('UP'), [
      `set server canary/${name} state maint`,
      `disable health canary/${name}`,
    ]);
    assert.deepEqual(commandsAt('MAINT'), []);
  });

  test('asks nothing of an HAProxy for backends that it does not have', () => {
    assert.deepEqual(alignment(rows(''), wanted), []);
  });
});

test('2.6 and what comes after it is new enough', () => {
  assert.deepEqual(['2.4.22', '2.5.1', '2.6.12-1+deb12u4', '2.10', '3.0.5', '1.9'].map(isNewEnough), [
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
});

test('what HAProxy cannot do is refused by name, all of it at once', () => {
  const policy: BalancingPolicy = { ...samplePolicy, algorithm: 'least_time', panicShare: 0.5 };
  assert.throws(
    () => refuseUnsupported(tableOf({ policy })),
    (error) => {
      assert.ok(isTenfoldError(error, 'invalid-compose'));
      assert.match(error.errors.map(({ message }) => message).join('\n'), /least_time[\s\S]*panic_/);
      return true;
    },
  );
});
