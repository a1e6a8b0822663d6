import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type {
  BalancerDriver,
  EndpointEntry,
  EndpointObservation,
  ListenerEntry,
  ListenerObservation,
  PoolEntry,
  RoutingTable,
  TrafficSplit,
} from '../../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../../src/model/balancing.ts';
import { freePort } from '../../helpers/free-port.ts';
import { poolEntry, samplePolicy } from '../../balancer/routing-samples.ts';
import { httpReplica, type TestReplica } from './replicas.ts';

export interface ServiceOptions {
  readonly protocol?: 'http' | 'tcp';
  readonly policy?: Partial<BalancingPolicy>;
  readonly emptyReason?: string;
  readonly split?: TrafficSplit;
  readonly holdMs?: number;
}

/** What one balancer does and another cannot, for a reason that stands in its documentation. */
export type Capability =
  | 'least_time'
  /** Listeners speak plain HTTP and TCP themselves, on the ports of the table. */
  | 'plain-listeners'
  /** Requests wait for the first endpoint of an empty pool. */
  | 'hold'
  /** A canary's part of the requests. */
  | 'split'
  | 'latency-outlier'
  | 'circuit-breaker'
  | 'consecutive-5xx'
  | 'panic-threshold'
  /** What could be read in two ways is refused; else it is mended before a replica sees it. */
  | 'strict-requests'
  /** Fields that `Connection` names stay on their hop. */
  | 'nominated-fields'
  /** A client that has ended its side is still answered. */
  | 'half-closed-clients'
  /** Another policy takes effect in the same process, however often. */
  | 'policy-in-place'
  /** A response that comes before its request is complete ends the connection. */
  | 'early-close'
  /** Streams are closed one by one before the drain deadline. */
  | 'stream-spread';

/** By capability, why a balancer lacks it. */
export type Lacks = Partial<Readonly<Record<Capability, string>>>;

let serial = 0;

/** One service behind one listener, in a table of its own, on the driver under test. */
export class BalancedService {
  readonly listener: ListenerEntry;
  readonly #driver: BalancerDriver;
  #pool: PoolEntry;
  #endpoints: readonly EndpointEntry[];

  private constructor(
    driver: BalancerDriver,
    port: number,
    options: ServiceOptions,
    endpoints: readonly EndpointEntry[],
  ) {
    const id = `web-${++serial}`;
    const { protocol = 'http', policy = {}, emptyReason = 'no replica of web is healthy yet' } = options;
    const { split, holdMs } = options;
    this.#driver = driver;
    this.#endpoints = endpoints;
    this.#pool = poolEntry([], {
      id,
      emptyReason,
      policy: { ...samplePolicy, ...policy },
      ...(split === undefined ? {} : { split }),
      ...(holdMs === undefined ? {} : { holdMs }),
    });
    this.listener = { id: `${id}:${port}`, hostIp: '127.0.0.1', port, protocol, pool: id };
  }

  static async open(
    driver: BalancerDriver,
    replicas: readonly TestReplica[],
    options: ServiceOptions = {},
  ): Promise<BalancedService> {
    const endpoints = replicas.map((replica) => replica.entry);
    const service = new BalancedService(driver, await freePort(), options, endpoints);
    await service.apply();
    return service;
  }

  get port(): number {
    return this.listener.port;
  }

  get table(): RoutingTable {
    return { listeners: [this.listener], pools: [{ ...this.#pool, endpoints: this.#endpoints }] };
  }

  async apply(): Promise<void> {
    await this.#driver.apply(this.table, never);
  }

  /** Changes the endpoint of the replica. */
  async set(replica: TestReplica, change: Partial<EndpointEntry>): Promise<void> {
    this.#endpoints = this.#endpoints.map((entry) =>
      entry.id === replica.entry.id ? { ...entry, ...change } : entry,
    );
    await this.apply();
  }

  async setEntries(endpoints: readonly EndpointEntry[]): Promise<void> {
    this.#endpoints = endpoints;
    await this.apply();
  }

  async setPolicy(change: Partial<BalancingPolicy>): Promise<void> {
    this.#pool = { ...this.#pool, policy: { ...this.#pool.policy, ...change } };
    await this.apply();
  }

  async setReplicas(replicas: readonly TestReplica[]): Promise<void> {
    this.#endpoints = replicas.map((replica) => replica.entry);
    await this.apply();
  }

  async observe(replica: TestReplica): Promise<EndpointObservation> {
    const { endpoints } = await this.#driver.observe(never);
    const found = endpoints.find(({ id }) => id === replica.entry.id);
    if (found === undefined) throw new Error(`${replica.entry.id} is not observed`);
    return found;
  }

  /** Whatever came in on it was for its pool, and is counted there too. */
  async observeListener(): Promise<ListenerObservation> {
    const { listeners, pools } = await this.#driver.observe(never);
    const found = listeners.find(({ id }) => id === this.listener.id);
    if (found === undefined) throw new Error(`${this.listener.id} is not observed`);
    const { id: _id, isOpen: _isOpen, ...figures } = found;
    assert.deepEqual(
      pools.find(({ id }) => id === this.listener.pool),
      { id: this.listener.pool, ...figures },
    );
    return found;
  }
}

export const never = new AbortController().signal;

/** A replica that is gone: its port refuses. */
export async function deadReplica(instance: string): Promise<TestReplica> {
  const replica = await httpReplica(instance, () => {});
  replica.kill();
  return replica;
}

/** Holds a port, as another program does. */
export async function occupy(): Promise<{ readonly port: number; release(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return { port: address.port, release: () => new Promise((resolve) => server.close(() => resolve())) };
}
