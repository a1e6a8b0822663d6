import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver, PoolEntry, RoutingTable } from '../../../src/balancer/balancer-driver.ts';
import { poolEntry, samplePolicy } from '../../balancer/routing-samples.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/free-port.ts';
import { ask, nextChunk } from './clients.ts';
import { BalancedService, never } from './harness.ts';
import { httpReplica, rawReplica, type TestReplica } from './replicas.ts';

const quick = { path: undefined, intervalMs: 30, timeoutMs: 500, rise: 1, fall: 1, mustPass: true } as const;

type Roles = Map<string, string>;

/** Answers a question for its role, and anything else with its name. */
async function database(t: TestContext, name: string, roles: Roles): Promise<TestReplica> {
  const replica = await rawReplica(name, (socket) => {
    socket.on('data', (bytes) => {
      socket.write(bytes.toString().includes('ROLE?') ? `role:${roles.get(name)}\r\n` : name);
    });
    socket.on('end', () => socket.end());
  });
  t.after(() => replica.kill());
  return replica;
}

/** Who answers a new connection; the empty string when it is closed without an answer. */
async function whoAnswers(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write('who?');
    return await new Promise((resolve) => {
      socket.on('data', (bytes) => resolve(bytes.toString()));
      socket.on('error', () => {});
      socket.on('close', () => resolve(''));
    });
  } finally {
    socket.destroy();
  }
}

let serial = 0;

/** Two ports that lead to the same replicas, each to those of one role. */
class TwoPorts {
  readonly primary: number;
  readonly replicas: number;
  readonly #service = `db-${++serial}`;
  readonly #driver: BalancerDriver;
  readonly #databases: readonly TestReplica[];

  private constructor(
    driver: BalancerDriver,
    databases: readonly TestReplica[],
    ports: readonly [number, number],
  ) {
    this.#driver = driver;
    this.#databases = databases;
    [this.primary, this.replicas] = ports;
  }

  static async open(driver: BalancerDriver, databases: readonly TestReplica[]): Promise<TwoPorts> {
    const ports = new TwoPorts(driver, databases, [await freePort(), await freePort()]);
    await ports.apply();
    return ports;
  }

  /** `more` are further ports of the primary's pool. */
  async apply(...more: readonly number[]): Promise<void> {
    const listeners = [this.primary, this.replicas, ...more].map((port, index) => ({
      id: `${this.#service}:${port}`,
      hostIp: '127.0.0.1',
      port,
      protocol: 'tcp' as const,
      pool: this.#poolId(index === 1 ? 'slave' : 'master'),
    }));
    const table: RoutingTable = { listeners, pools: [this.#pool('master'), this.#pool('slave')] };
    await this.#driver.apply(table, never);
  }

  async conditions(role: string): Promise<readonly string[]> {
    const { endpoints } = await this.#driver.observe(never);
    return endpoints.filter(({ pool }) => pool === this.#poolId(role)).map(({ condition }) => condition);
  }

  #poolId(role: string): string {
    return `${this.#service}:1/${role}`;
  }

  #pool(role: string): PoolEntry {
    const activeHealth = {
      ...quick,
      send: 'ROLE?\r\n',
      expected: { kind: 'contains', text: `role:${role}` },
    } as const;
    const endpoints = this.#databases.map(({ entry }) => ({ ...entry, id: `${entry.id}/${role}` }));
    return poolEntry(endpoints, {
      id: this.#poolId(role),
      service: this.#service,
      policy: { ...samplePolicy, algorithm: 'round_robin', activeHealth },
    });
  }
}

/** Pools that ask only replicas which pass their check, such as those of a role. */
export function testRoles(driver: () => BalancerDriver): void {
  describe('two ports for two roles of the same replicas', () => {
    const begin = async (t: TestContext): Promise<{ readonly roles: Roles; readonly ports: TwoPorts }> => {
      const roles: Roles = new Map([
        ['db-1', 'master'],
        ['db-2', 'slave'],
        ['db-3', 'slave'],
      ]);
      const databases = await Promise.all(Array.from(roles.keys(), (name) => database(t, name, roles)));
      return { roles, ports: await TwoPorts.open(driver(), databases) };
    };
    const isServed = (ports: TwoPorts, primary: string): Promise<void> =>
      eventually(async () => {
        assert.equal(await whoAnswers(ports.primary), primary);
        assert.notEqual(await whoAnswers(ports.replicas), '');
      });

    test('nobody is asked before its first check, and then those of the role only', async (t) => {
      const { ports } = await begin(t);
      const primaries = new Set<string>();
      const replicas = new Set<string>();
      await eventually(async () => {
        primaries.add(await whoAnswers(ports.primary));
        replicas.add(await whoAnswers(ports.replicas));
        assert.deepEqual(await ports.conditions('master'), ['up', 'down', 'down']);
        assert.deepEqual(await ports.conditions('slave'), ['down', 'up', 'up']);
      });
      for (let count = 0; count < 8; count++) {
        primaries.add(await whoAnswers(ports.primary));
        replicas.add(await whoAnswers(ports.replicas));
      }
      primaries.delete('');
      replicas.delete('');
      assert.deepEqual([...primaries], ['db-1']);
      assert.deepEqual([...replicas].toSorted(), ['db-2', 'db-3']);
    });

    test('a port follows its role to another replica, and what was open to the old one is closed', async (t) => {
      const { roles, ports } = await begin(t);
      await isServed(ports, 'db-1');
      const held: Socket = connect(ports.primary, '127.0.0.1');
      t.after(() => held.destroy());
      held.on('error', () => {});
      held.write('who?');
      assert.equal((await nextChunk(held)).toString(), 'db-1');
      const closed = new Promise((resolve) => held.once('close', resolve));
      roles.set('db-1', 'slave').set('db-2', 'master');
      await closed;
      await isServed(ports, 'db-2');
      assert.deepEqual(await ports.conditions('master'), ['down', 'up', 'down']);
    });

    test('while nobody has the role, nobody is asked', async (t) => {
      const { roles, ports } = await begin(t);
      await isServed(ports, 'db-1');
      roles.set('db-1', 'slave');
      await eventually(async () =>
        assert.deepEqual(await ports.conditions('master'), ['down', 'down', 'down']),
      );
      assert.equal(await whoAnswers(ports.primary), '');
      assert.notEqual(await whoAnswers(ports.replicas), '');
      roles.set('db-3', 'master');
      await isServed(ports, 'db-3');
    });

    test('another port is opened, and those that are there go on as they were', async (t) => {
      const { ports } = await begin(t);
      await isServed(ports, 'db-1');
      const more = await freePort();
      await ports.apply(more);
      assert.equal(await whoAnswers(ports.primary), 'db-1');
      assert.equal(await whoAnswers(more), 'db-1');
    });
  });

  test('a request that no replica may take is told why', async (t) => {
    const replica = await httpReplica('web-1', (incoming, outgoing) => {
      outgoing.statusCode = incoming.url === '/up' ? 418 : 200;
      outgoing.end();
    });
    t.after(() => replica.kill());
    const activeHealth = { ...quick, path: '/up', statuses: [[200, 299]] as const };
    const service = await BalancedService.open(driver(), [replica], { policy: { activeHealth } });
    await eventually(async () => assert.equal((await service.observe(replica)).condition, 'down'));
    const { status, body } = await ask(service.port);
    assert.equal(status, 503);
    assert.match(body, /no replica of web passes its check/);
  });
}
