import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointEntry, ListenerEntry, PoolEntry } from '../../../src/balancer/balancer-driver.ts';
import { createFleet } from '../../../src/balancer/fleet/fleet.ts';
import { isTenfoldError, TenfoldError } from '../../../src/shared/errors.ts';
import { MemoryBalancer } from '../../helpers/simulated/memory-balancer.ts';
import { samplePolicy } from '../routing-samples.ts';
import { plainRoute } from '../../../src/shared/plain-route.ts';

const { signal } = new AbortController();

/** Refuses what the test tells it to, and two holders of one port among all that share `ports`. */
class StrictBalancer extends MemoryBalancer {
  readonly #ports: Map<number, StrictBalancer>;
  refusal: TenfoldError | undefined;

  constructor(ports: Map<number, StrictBalancer>) {
    super();
    this.#ports = ports;
  }

  override apply(table: Parameters<MemoryBalancer['apply']>[0]): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const taken = table.listeners.find(({ port }) => (this.#ports.get(port) ?? this) !== this);
    if (taken !== undefined)
      return Promise.reject(new TenfoldError('port-taken', `port ${taken.port} is taken`));
    for (const [port, holder] of this.#ports) if (holder === this) this.#ports.delete(port);
    for (const { port } of table.listeners) this.#ports.set(port, this);
    return super.apply(table);
  }
}

function fleetOf(...carriers: string[]): {
  fleet: ReturnType<typeof createFleet>;
  member: (carrier: string) => StrictBalancer;
} {
  const ports = new Map<number, StrictBalancer>();
  const members = carriers.map((carrier) => ({ carrier, driver: new StrictBalancer(ports) }));
  return {
    fleet: createFleet(members),
    member: (carrier) => {
      const found = members.find((each) => each.carrier === carrier)?.driver;
      assert.ok(found);
      return found;
    },
  };
}

function listener(port: number, pool: string, carrier?: string): ListenerEntry {
  const base = { id: `demo/${pool}:${port}`, hostIp: '', port, protocol: 'http' as const, pool };
  return carrier === undefined ? base : { ...base, carrier };
}

function pool(id: string, ...instances: string[]): PoolEntry {
  const endpoints = instances.map((instance): EndpointEntry => ({
    id: `${id}/${instance}`,
    instance,
    revision: 'r',
    host: '127.0.0.1',
    port: 1,
    rotation: 'active',
    isHealthy: true,
  }));
  return { id, stack: 'demo', service: id, policy: samplePolicy, endpoints, emptyReason: '' };
}

function shown(balancer: MemoryBalancer): { listeners: string[]; pools: string[] } {
  const { listeners, pools } = balancer.tables.at(-1) ?? { listeners: [], pools: [] };
  return { listeners: listeners.map(({ id }) => id), pools: pools.map(({ id }) => id) };
}

describe('a fleet', () => {
  test('gives each carrier its listeners and the pools they and their routes lead to, the first one the rest', async () => {
    const { fleet, member } = fleetOf('proxy', 'haproxy', 'ambassador');
    const routed: ListenerEntry = {
      ...listener(81, 'api', 'haproxy'),
      routes: [
        plainRoute({
          id: 'files',
          match: { kind: 'path-prefix', prefix: '/files' },
          action: { kind: 'forward', to: { pool: 'files' } },
        }),
      ],
    };
    const listeners = [listener(80, 'web'), routed, listener(5000, 'api', 'ambassador')];
    const pools = ['web', 'api', 'files', 'idle'].map((id) => pool(id));
    await fleet.apply({ listeners, pools }, signal);
    assert.deepEqual(shown(member('proxy')), { listeners: ['demo/web:80'], pools: ['web', 'idle'] });
    assert.deepEqual(shown(member('haproxy')), { listeners: ['demo/api:81'], pools: ['api', 'files'] });
    assert.deepEqual(shown(member('ambassador')), { listeners: ['demo/api:5000'], pools: ['api'] });
    const whole = await fleet.table(signal);
    assert.deepEqual(whole?.listeners, listeners);
    assert.deepEqual(whole.pools.map(({ id }) => id).sort(), ['api', 'files', 'idle', 'web']);
  });

  test('does not speak to a member that carries nothing, nor again to one whose part is the same', async () => {
    const { fleet, member } = fleetOf('proxy', 'haproxy');
    await fleet.apply({ listeners: [listener(80, 'web')], pools: [pool('web')] }, signal);
    assert.equal(member('haproxy').tables.length, 0);
    member('haproxy').refusal = new TenfoldError('balancer-unreachable', 'not there');
    await fleet.apply({ listeners: [listener(80, 'web')], pools: [pool('web')] }, signal);
    assert.equal(member('proxy').tables.length, 1);
    await fleet.apply({ listeners: [], pools: [] }, signal);
    assert.deepEqual(shown(member('proxy')), { listeners: [], pools: [] });
  });

  test('takes over what its members carry already', async () => {
    const ports = new Map<number, StrictBalancer>();
    const proxy = new StrictBalancer(ports);
    const haproxy = new StrictBalancer(ports);
    await haproxy.apply({ listeners: [listener(81, 'api', 'haproxy')], pools: [pool('api')] });
    const fleet = createFleet([
      { carrier: 'proxy', driver: proxy },
      { carrier: 'haproxy', driver: haproxy },
    ]);
    assert.deepEqual(
      (await fleet.observe(signal)).listeners.map(({ id }) => id),
      ['demo/api:81'],
    );
    await fleet.apply({ listeners: [], pools: [] }, signal);
    assert.deepEqual(shown(haproxy), { listeners: [], pools: [] });
    assert.equal(proxy.tables.length, 0);
  });

  test('changes nothing when one member refuses its part', async () => {
    const { fleet, member } = fleetOf('proxy', 'haproxy');
    const before = {
      listeners: [listener(80, 'web'), listener(81, 'api', 'haproxy')],
      pools: [pool('web', 'web-1'), pool('api')],
    };
    await fleet.apply(before, signal);
    member('haproxy').refusal = new TenfoldError('port-taken', 'port 82 is taken');
    const after = {
      listeners: [listener(79, 'web'), listener(82, 'api', 'haproxy')],
      pools: [pool('web', 'web-2'), pool('api')],
    };
    await assert.rejects(fleet.apply(after, signal), (thrown) => isTenfoldError(thrown, 'port-taken'));
    assert.deepEqual(shown(member('proxy')), { listeners: ['demo/web:80'], pools: ['web'] });
    assert.deepEqual(member('proxy').inRotation(), ['web-1']);
    member('haproxy').refusal = undefined;
    await fleet.apply(after, signal);
    assert.deepEqual(member('proxy').inRotation(), ['web-2']);
    assert.deepEqual(shown(member('haproxy')).listeners, ['demo/api:82']);
  });

  test('hands a port from one member to another, and back when that one refuses', async () => {
    const { fleet, member } = fleetOf('proxy', 'haproxy');
    const pools = [pool('web', 'web-1')];
    await fleet.apply({ listeners: [listener(80, 'web')], pools }, signal);
    await fleet.apply({ listeners: [listener(80, 'web', 'haproxy')], pools }, signal);
    assert.deepEqual(shown(member('haproxy')).listeners, ['demo/web:80']);
    // What is in flight at the proxy is not cut.
    assert.deepEqual(shown(member('proxy')), { listeners: [], pools: ['web'] });
    member('proxy').refusal = new TenfoldError('port-taken', 'no');
    await assert.rejects(fleet.apply({ listeners: [listener(80, 'web')], pools }, signal));
    assert.deepEqual(shown(member('haproxy')).listeners, ['demo/web:80']);
    member('proxy').refusal = undefined;
    await fleet.apply({ listeners: [listener(80, 'web')], pools }, signal);
    assert.deepEqual(shown(member('proxy')).listeners, ['demo/web:80']);
    assert.deepEqual(shown(member('haproxy')), { listeners: [], pools: ['web'] });
    await fleet.apply({ listeners: [], pools: [] }, signal);
    assert.deepEqual(shown(member('haproxy')), { listeners: [], pools: [] });
  });

  test('swaps the ports of two members', async () => {
    const { fleet, member } = fleetOf('proxy', 'haproxy');
    const pools = [pool('a'), pool('b')];
    await fleet.apply({ listeners: [listener(80, 'a'), listener(81, 'b', 'haproxy')], pools }, signal);
    await fleet.apply({ listeners: [listener(81, 'b'), listener(80, 'a', 'haproxy')], pools }, signal);
    assert.deepEqual(shown(member('proxy')).listeners, ['demo/b:81']);
    assert.deepEqual(shown(member('haproxy')).listeners, ['demo/a:80']);
  });

  test('shows an endpoint of several members as one: drained when all have drained it, with the sum of the counters', async () => {
    const { fleet, member } = fleetOf('proxy', 'ambassador');
    const leaving = pool('web', 'web-1');
    const draining = {
      ...leaving,
      endpoints: leaving.endpoints.map((endpoint) => ({ ...endpoint, rotation: 'draining' as const })),
    };
    const listeners = [listener(80, 'web'), listener(5000, 'web', 'ambassador')];
    member('ambassador').inFlight.set('web-1', 2);
    member('proxy').responses.set('web-1', [0, 5, 0, 1, 0]);
    member('ambassador').responses.set('web-1', [0, 2, 0, 0, 3]);
    await fleet.apply({ listeners, pools: [leaving] }, signal);
    assert.equal((await fleet.observe(signal)).endpoints[0]?.state, 'active');
    await fleet.apply({ listeners, pools: [draining] }, signal);
    const [endpoint, ...others] = (await fleet.observe(signal)).endpoints;
    assert.deepEqual(others, []);
    assert.equal(endpoint?.state, 'draining');
    assert.equal(endpoint.inFlight, 2);
    assert.deepEqual(endpoint.responses, [0, 7, 0, 1, 3]);
    member('ambassador').inFlight.clear();
    assert.equal((await fleet.observe(signal)).endpoints[0]?.state, 'drained');
  });

  test('tells of a change of any member', () => {
    const { fleet, member } = fleetOf('proxy', 'haproxy');
    let changes = 0;
    fleet.watch(() => (changes += 1), signal);
    member('proxy').changed();
    member('haproxy').changed();
    assert.equal(changes, 2);
  });
});
