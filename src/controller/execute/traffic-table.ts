import { isDeepStrictEqual } from 'node:util';
import { emptyTable } from '../reconcile/routing.ts';
import type { BalancerDriver, BalancerObservation, RoutingTable } from '../../balancer/balancer-driver.ts';

/**
 * The one routing table of all stacks. Each stack publishes its own part; parts of the others stay as they are.
 * Calls are serialised, so that no apply overtakes another.
 */
export class TrafficTable {
  readonly #driver: BalancerDriver;
  readonly #parts = new Map<string, RoutingTable>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(driver: BalancerDriver) {
    this.#driver = driver;
  }

  /**
   * Puts one stack's part in force and resolves when the balancer has acknowledged it; returns whether anything
   * changed. Throws what the driver throws; then the part before it still stands.
   */
  publish(stackName: string, part: RoutingTable, signal: AbortSignal): Promise<boolean> {
    return this.#enqueue(async () => {
      const before = this.#parts.get(stackName);
      if (isDeepStrictEqual(before ?? emptyTable, part)) return false;
      this.#parts.set(stackName, part);
      try {
        await this.#driver.apply(this.#whole(), signal);
      } catch (thrown) {
        if (before === undefined) this.#parts.delete(stackName);
        else this.#parts.set(stackName, before);
        throw thrown;
      }
      if (part.listeners.length === 0 && part.pools.length === 0) this.#parts.delete(stackName);
      return true;
    });
  }

  /**
   * Takes the table that the balancer carries already for what was published: what a daemon that starts again does
   * before its first look. Entries belong to the stack that their id begins with.
   */
  async adopt(signal: AbortSignal): Promise<void> {
    const { listeners, pools } = (await this.#driver.table(signal)) ?? emptyTable;
    const stackOf = (id: string): string => id.slice(0, id.indexOf('/'));
    for (const name of new Set([...listeners, ...pools].map(({ id }) => stackOf(id)))) {
      this.#parts.set(name, {
        listeners: listeners.filter(({ id }) => stackOf(id) === name),
        pools: pools.filter(({ id }) => stackOf(id) === name),
      });
    }
  }

  /** What a stack has in force. */
  part(stackName: string): RoutingTable {
    return this.#parts.get(stackName) ?? emptyTable;
  }

  observe(signal: AbortSignal): Promise<BalancerObservation> {
    return this.#driver.observe(signal);
  }

  #whole(): RoutingTable {
    const parts = [...this.#parts.values()];
    return {
      listeners: parts.flatMap(({ listeners }) => listeners),
      pools: parts.flatMap(({ pools }) => pools),
    };
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
