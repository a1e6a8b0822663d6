import { isDeepStrictEqual } from 'node:util';
import type { BalancerDriver, BalancerObservation, RoutingTable } from '../balancer-driver.ts';
import { isTenfoldError, TenfoldError } from '../../shared/errors.ts';
import { Ambassador } from './ambassador.ts';
import type { AmbassadorHost, AmbassadorName, AmbassadorSpec } from './ambassador-host.ts';
import { partsByService, type AmbassadorPart } from './parts-by-service.ts';

/** How long undoing what failed may take; the caller's own signal may be what ended it. */
const undoTimeoutMs = 10_000;

/**
 * Carries the listeners of exposure `network`: one ambassador for each service that has any. They outlive this driver, as
 * the proxy does.
 */
export function createAmbassadorDriver(host: AmbassadorHost): BalancerDriver {
  return new Driver(host);
}

class Driver implements BalancerDriver {
  readonly name = 'ambassador';
  readonly #host: AmbassadorHost;
  /** By `stack/service`. */
  readonly #ambassadors = new Map<string, Ambassador>();
  readonly #watchers = new Set<() => void>();
  #adopted: Promise<void> | undefined;

  constructor(host: AmbassadorHost) {
    this.#host = host;
  }

  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    try {
      await this.#apply(partsByService(table), signal);
    } catch (thrown) {
      if (!isTenfoldError(thrown, 'runtime-unreachable')) throw thrown;
      throw new TenfoldError('balancer-unreachable', thrown.message, { cause: thrown });
    }
  }

  async #apply(parts: ReadonlyMap<string, AmbassadorPart>, signal: AbortSignal): Promise<void> {
    await this.#adopt(signal);
    await this.#open(
      [...parts].filter(([key, { spec }]) => !this.#stands(key, spec)),
      signal,
    );
    const standing = [...this.#ambassadors];
    await Promise.all(
      standing.map(async ([key, ambassador]) => {
        const part = parts.get(key);
        if (part !== undefined) return ambassador.apply(part.table, signal);
        // Before it is gone, or it would be brought back.
        ambassador.close();
        await this.#remove(ambassador.spec, signal);
        this.#ambassadors.delete(key);
      }),
    );
  }

  async table(signal: AbortSignal): Promise<RoutingTable | undefined> {
    await this.#adopt(signal);
    const tables = [...this.#ambassadors.values()].flatMap(({ table }) => table ?? []);
    if (tables.length === 0) return undefined;
    return {
      listeners: tables.flatMap(({ listeners }) => listeners),
      pools: tables.flatMap(({ pools }) => pools),
    };
  }

  async observe(signal: AbortSignal): Promise<BalancerObservation> {
    const all = await Promise.all([...this.#ambassadors.values()].map((each) => each.observe(signal)));
    return {
      endpoints: all.flatMap(({ endpoints }) => endpoints),
      pools: all.flatMap(({ pools }) => pools),
      listeners: all.flatMap(({ listeners }) => listeners),
    };
  }

  watch(onChange: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watcher = (): void => onChange();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.clear();
    for (const ambassador of this.#ambassadors.values()) ambassador.close();
    return Promise.resolve();
  }

  #stands(key: string, spec: AmbassadorSpec): boolean {
    const ambassador = this.#ambassadors.get(key);
    return ambassador !== undefined && !ambassador.isClosed && isDeepStrictEqual(ambassador.spec, spec);
  }

  /** Starts those that are new or stand elsewhere now; when one cannot be started, those that were new are removed again. */
  async #open(parts: readonly (readonly [string, AmbassadorPart])[], signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled(
      parts.map(async ([key, { spec, table }]) => {
        this.#ambassadors.get(key)?.close();
        const ambassador = this.#create(spec);
        this.#ambassadors.set(key, ambassador);
        await ambassador.open(table, signal);
      }),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure === undefined) return;
    for (const [key, { spec }] of parts) {
      this.#ambassadors.get(key)?.close();
      this.#ambassadors.delete(key);
      await this.#removeQuietly(spec);
    }
    throw failure.reason;
  }

  /** Throws `balancer-unreachable` for whatever keeps it from being removed: the next table tries again. */
  async #remove(name: AmbassadorName, signal: AbortSignal): Promise<void> {
    try {
      await this.#host.remove(name, signal);
    } catch (thrown) {
      if (!isTenfoldError(thrown)) throw thrown;
      throw new TenfoldError('balancer-unreachable', thrown.message, { cause: thrown });
    }
  }

  async #removeQuietly(name: AmbassadorName): Promise<void> {
    try {
      await this.#host.remove(name, AbortSignal.timeout(undoTimeoutMs));
    } catch {
      // Why it could not be started is the error to show; what is left of it is removed with the next attempt.
    }
  }

  /** Finds those that an earlier driver started; one that does not answer is started anew when it is next needed. */
  #adopt(signal: AbortSignal): Promise<void> {
    this.#adopted ??= this.#adoptAll(signal).catch((thrown: unknown) => {
      this.#adopted = undefined;
      throw thrown;
    });
    return this.#adopted;
  }

  async #adoptAll(signal: AbortSignal): Promise<void> {
    for (const spec of await this.#host.list()) {
      const ambassador = this.#create(spec);
      if (await ambassador.adopt(signal)) this.#ambassadors.set(keyOf(spec), ambassador);
      else ambassador.close();
    }
  }

  #create(spec: AmbassadorSpec): Ambassador {
    const onChange = (): void => {
      for (const watcher of this.#watchers) watcher();
    };
    return new Ambassador({ spec, host: this.#host, onChange });
  }
}

function keyOf({ stack, service }: AmbassadorName): string {
  return `${stack}/${service}`;
}
