import { isDeepStrictEqual } from 'node:util';
import type { BalancerDriver, BalancerObservation, RoutingTable } from '../balancer-driver.ts';
import { mergeObservations } from './merge-observations.ts';
import {
  emptyTable,
  isEmpty,
  joinTables,
  poolsLedTo,
  splitTable,
  withoutMoved,
  type Parts,
  type PoolsByCarrier,
} from './split-table.ts';

/** How long undoing a refused table may take; the caller's own signal may be what ended it. */
const undoTimeoutMs = 10_000;

export interface FleetMember {
  /** What `ListenerEntry.carrier` calls it. */
  readonly carrier: string;
  readonly driver: BalancerDriver;
}

/**
 * One balancer made of several. The first member carries the listeners that name no carrier. A member that carries nothing is
 * not spoken to, so that it need not be there. Its members belong to whoever made them; `apply` is called by one at a time.
 */
export function createFleet(members: readonly FleetMember[]): BalancerDriver {
  return new Fleet(members);
}

class Fleet implements BalancerDriver {
  readonly name: string;
  readonly #members: readonly FleetMember[];
  /** What each member has in force; a carrier that is not in it has to be asked. */
  readonly #parts = new Map<string, RoutingTable>();
  /** Members that have acknowledged their part to us, and need not do it again. */
  readonly #settled = new Set<string>();
  #ledTo: PoolsByCarrier = new Map();

  constructor(members: readonly FleetMember[]) {
    this.#members = members;
    this.name = members.map(({ carrier }) => carrier).join('+');
  }

  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const before = await this.#partsInForce(signal);
    const carriers = this.#members.map(({ carrier }) => carrier);
    const once = poolsLedTo(before, this.#ledTo);
    const parts = splitTable(table, carriers, once);
    try {
      // An address that goes from one member to another has to be let go before it is taken.
      await this.#applyParts(withoutMoved(parts, before), signal);
      await this.#applyParts(parts, signal);
      this.#ledTo = poolsLedTo(parts, once);
    } catch (thrown) {
      await this.#undo(before);
      throw thrown;
    }
  }

  async table(signal: AbortSignal): Promise<RoutingTable | undefined> {
    const tables = await Promise.all(this.#members.map(({ driver }) => driver.table(signal)));
    for (const [index, { carrier }] of this.#members.entries()) {
      this.#parts.set(carrier, tables[index] ?? emptyTable);
    }
    return joinTables(tables);
  }

  async observe(signal: AbortSignal): Promise<BalancerObservation> {
    const parts = await this.#partsInForce(signal);
    const carrying = this.#members.filter(({ carrier }) => !isEmpty(parts.get(carrier) ?? emptyTable));
    return mergeObservations(
      await Promise.all(
        carrying.map(async ({ carrier, driver }) => {
          const observation = await driver.observe(signal);
          return { ...observation, pools: observation.pools.map((pool) => ({ ...pool, carrier })) };
        }),
      ),
    );
  }

  watch(onChange: () => void, signal: AbortSignal): void {
    for (const { driver } of this.#members) driver.watch(onChange, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #partsInForce(signal: AbortSignal): Promise<Parts> {
    for (const { carrier, driver } of this.#members) {
      if (this.#parts.has(carrier)) continue;
      const table = (await driver.table(signal)) ?? emptyTable;
      // An apply may have ended meanwhile, and knows better.
      if (!this.#parts.has(carrier)) this.#parts.set(carrier, table);
    }
    return new Map(this.#parts);
  }

  async #applyParts(parts: Parts, signal: AbortSignal): Promise<void> {
    // Those that may refuse something go first, while there is little to undo.
    const inOrder = this.#members.toSorted(
      (a, b) => Number(this.#opensAny(b, parts)) - Number(this.#opensAny(a, parts)),
    );
    for (const { carrier, driver } of inOrder) {
      const part = parts.get(carrier) ?? emptyTable;
      const inForce = this.#parts.get(carrier) ?? emptyTable;
      if (isEmpty(part) && isEmpty(inForce)) continue;
      if (this.#settled.has(carrier) && isDeepStrictEqual(part, inForce)) continue;
      this.#settled.delete(carrier);
      await driver.apply(part, signal);
      this.#parts.set(carrier, part);
      this.#settled.add(carrier);
    }
  }

  #opensAny({ carrier }: FleetMember, parts: Parts): boolean {
    const open = new Set(this.#parts.get(carrier)?.listeners.map(({ id }) => id));
    return parts.get(carrier)?.listeners.some(({ id }) => !open.has(id)) ?? false;
  }

  /** Gives each member that has taken something new what it had before. */
  async #undo(before: Parts): Promise<void> {
    const signal = AbortSignal.timeout(undoTimeoutMs);
    for (const parts of [withoutMoved(before, this.#parts), before]) {
      for (const { carrier, driver } of this.#members) {
        const part = parts.get(carrier) ?? emptyTable;
        if (isDeepStrictEqual(this.#parts.get(carrier), part)) continue;
        this.#parts.set(carrier, part);
        this.#settled.delete(carrier);
        try {
          await driver.apply(part, signal);
          this.#settled.add(carrier);
        } catch {
          // What made the table be refused is the error to show; the next one goes to this member in any case.
        }
      }
    }
  }
}
