import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { RoomLedger } from '../../src/balancer/proxy/primary/room-ledger.ts';
import type { EndpointState, InFlight } from '../../src/balancer/proxy/worker/endpoint-state.ts';
import type { PoolState } from '../../src/balancer/proxy/worker/pool-state.ts';
import { selectEndpoint } from '../../src/balancer/proxy/worker/selection/select-endpoint.ts';
import type { Waiter } from '../../src/balancer/proxy/worker/waiting-room.ts';
import { endpointEntry, poolEntry, poolStateOf, samplePolicy } from './routing-samples.ts';

const now = 1_000_000;

/** Some workers and the ledger between them; what they tell each other arrives one message at a time, in order. */
class Simulation {
  readonly served: number[] = [];
  readonly #messages: (() => void)[] = [];
  readonly #ledger: RoomLedger;
  readonly #pools: PoolState[] = [];
  readonly #running: { readonly work: InFlight; readonly endpoint: EndpointState }[] = [];
  readonly #policy: BalancingPolicy;

  constructor(workers: number, endpoints: number, limit: number) {
    this.#policy = { ...samplePolicy, maxConnections: limit, queue: { size: 1_000, timeoutMs: 1 } };
    const entries = Array.from({ length: endpoints }, (_, index) => endpointEntry(`web-${index}`));
    this.#ledger = new RoomLedger(workers, (worker, order) => {
      this.#messages.push(() => {
        const pool = this.#pools[worker];
        const endpoint = pool?.endpoints.find(({ id }) => id === order.id);
        if (pool === undefined || endpoint === undefined) return;
        if (order.type === 'room') pool.roomChanged(endpoint, order.change);
        else pool.roomWanted(endpoint);
      });
    });
    const pool = poolEntry(entries, { policy: this.#policy });
    const known = entries.map((entry) => ({ ...entry, isDown: false, activeSince: 0 }));
    const joined = Array.from({ length: workers }, (_, worker) => worker);
    this.#ledger.follow({ listeners: [], pools: [{ ...pool, endpoints: known }] }, joined);
    for (let worker = 0; worker < workers; worker++) {
      const state = poolStateOf(
        entries,
        {
          policy: this.#policy,
          surroundings: {
            workers,
            wantRoom: () => this.#messages.push(() => this.#ledger.want(worker, 'web')),
            spareRoom: (id, count) => this.#messages.push(() => this.#ledger.spared(worker, id, count)),
          },
        },
        now,
      );
      for (const endpoint of state.endpoints) endpoint.room = this.#ledger.roomOf(endpoint.id, worker) ?? 0;
      this.#pools.push(state);
    }
  }

  /** In flight to each endpoint, over all workers. */
  get loads(): number[] {
    const [first] = this.#pools;
    return (first?.endpoints ?? []).map((_, index) =>
      this.#pools.reduce((sum, pool) => sum + (pool.endpoints[index]?.inFlight.size ?? 0), 0),
    );
  }

  get waiting(): number {
    return this.#pools.reduce((sum, pool) => sum + (pool.waitingRoom?.size ?? 0), 0);
  }

  get running(): number {
    return this.#running.length;
  }

  get messages(): number {
    return this.#messages.length;
  }

  request(worker: number, number: number): void {
    const pool = this.#pools[worker];
    assert.ok(pool);
    const waiter: Waiter = {
      isRetry: false,
      tryNow: () => {
        const endpoint = selectEndpoint(pool, now, []);
        if (endpoint === undefined) return false;
        const work: InFlight = { isStream: () => false, dismiss: () => {}, cut: () => {} };
        endpoint.begin(work);
        this.#running.push({ work, endpoint });
        this.served.push(number);
        return true;
      },
    };
    if (pool.waitingRoom?.size === 0 && waiter.tryNow()) return;
    pool.wantRoom();
    pool.waitingRoom?.enter(waiter);
  }

  finish(index: number): void {
    const [done] = this.#running.splice(index, 1);
    done?.endpoint.end(done.work, false);
  }

  deliver(): void {
    this.#messages.shift()?.();
  }
}

describe('the room that workers share', () => {
  for (const [workers, endpoints, limit] of [
    [1, 1, 1],
    [3, 1, 1],
    [3, 2, 5],
    [8, 4, 2],
  ] as const) {
    test(`of ${endpoints} × ${limit} is never exceeded by ${workers} workers, and everybody is served`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        let state = seed;
        const chance = (below: number): number => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          return Math.floor((state / 0x1_0000_0000) * below);
        };
        const simulation = new Simulation(workers, endpoints, limit);
        let requests = 0;
        for (let step = 0; step < 600; step++) {
          const what = chance(4);
          if (what === 0) simulation.request(chance(workers), requests++);
          else if (what === 1 && simulation.running > 0) simulation.finish(chance(simulation.running));
          else simulation.deliver();
          assert.ok(Math.max(...simulation.loads) <= limit, simulation.loads.join());
        }
        for (let step = 0; simulation.waiting + simulation.running + simulation.messages > 0; step++) {
          assert.ok(step < 100_000, `seed ${seed}: ${simulation.waiting} wait for ever`);
          if (simulation.messages > 0) simulation.deliver();
          else if (simulation.running > 0) simulation.finish(0);
          else assert.fail(`seed ${seed}: ${simulation.waiting} wait, and nothing is under way`);
        }
        assert.equal(simulation.served.length, requests);
        if (workers === 1) {
          assert.deepEqual(
            simulation.served,
            simulation.served.toSorted((one, other) => one - other),
            'first come, first served',
          );
        }
      }
    });
  }
});
