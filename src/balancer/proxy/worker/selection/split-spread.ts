import type { TrafficSplit } from '../../../balancer-driver.ts';
import type { EndpointState } from '../endpoint-state.ts';
import type { RequestTraits } from '../request-traits.ts';
import { asShare, mix } from './hash.ts';
import { Spread } from './spread.ts';

/** A pool of which one revision, the canary, gets its own part of the requests. */
export class SplitSpread {
  entry: TrafficSplit;
  readonly #canary: Spread;
  readonly #rest: Spread;
  /** What the canary is owed, in requests. */
  #owed: number;

  constructor(entry: TrafficSplit, start: number) {
    this.entry = entry;
    this.#canary = new Spread(start);
    this.#rest = new Spread(start);
    this.#owed = start;
  }

  assign(endpoints: readonly EndpointState[]): void {
    const { revision } = this.entry;
    this.#canary.assign(endpoints.filter((endpoint) => endpoint.revision === revision));
    this.#rest.assign(endpoints.filter((endpoint) => endpoint.revision !== revision));
  }

  refresh(now: number): void {
    this.#canary.refresh(now);
    this.#rest.refresh(now);
  }

  /**
   * Where the request goes: what it demands, else by its key, so that one key stays on one side, else by turns that come to
   * the share exactly. One that the canary has failed goes to the others, and a side that is worse off leaves its requests
   * to the other one.
   */
  choose(traits: RequestTraits | undefined, tried: readonly EndpointState[]): Spread {
    const isForCanary =
      traits?.demandsCanary === true || (!this.#hasFailed(tried) && this.#isCanarysTurn(traits?.hash));
    const [wanted, other] = isForCanary ? [this.#canary, this.#rest] : [this.#rest, this.#canary];
    return wanted.rank <= other.rank ? wanted : other;
  }

  /** Whether the endpoint is on the side that gives all of its requests to the other one, those of pinned clients too. */
  hasLeft({ revision }: EndpointState): boolean {
    return this.entry.share === 1 && revision !== this.entry.revision;
  }

  #hasFailed(tried: readonly EndpointState[]): boolean {
    return tried.some(({ revision }) => revision === this.entry.revision);
  }

  #isCanarysTurn(hash: number | undefined): boolean {
    const { share } = this.entry;
    if (hash !== undefined) return asShare(mix(hash, 1)) < share;
    this.#owed += share;
    if (this.#owed < 1) return false;
    this.#owed -= 1;
    return true;
  }
}
