import type { NetworkAlias } from '../../model/service.ts';

/** An ambassador stands for one service of one stack. */
export interface AmbassadorName {
  readonly stack: string;
  readonly service: string;
}

export interface AmbassadorSpec extends AmbassadorName {
  /** Where it stands, and as what; in an order of their own. */
  readonly networks: readonly NetworkAlias[];
}

/**
 * Runs ambassadors: proxies in containers of their own, which answer on a control socket of this machine. Errors are
 * TenfoldErrors; `runtime-unreachable` means that nothing is known and nothing was changed.
 */
export interface AmbassadorHost {
  /**
   * Makes one run on its networks; one that differs from the specification is replaced. One that is made anew has its names
   * at once when it `isKnown`: others have its address already. Idempotent.
   */
  start(spec: AmbassadorSpec, isKnown: boolean, signal: AbortSignal): Promise<void>;

  /** Gives a running one the names that it lacks, so that others find it. Idempotent. */
  announce(spec: AmbassadorSpec, signal: AbortSignal): Promise<void>;

  /** Removes one, whatever it is doing. Idempotent. */
  remove(name: AmbassadorName, signal: AbortSignal): Promise<void>;

  /** Those that were started here and not removed, as far as this machine remembers them; asks no engine. */
  list(): Promise<readonly AmbassadorSpec[]>;

  /** Where an ambassador answers, once it does. */
  socketPath(name: AmbassadorName): string;
}
