import type { EndpointState } from '../endpoint-state.ts';
import { HashRing } from './hash-ring.ts';
import { rank } from './rank.ts';

/** Endpoints over which requests are spread: all of a pool, or a canary's part of it. */
export class Spread {
  endpoints: readonly EndpointState[] = [];
  /** Those of the best rank there is. */
  candidates: readonly EndpointState[] = [];
  rank: number = rank.never;
  /** Where the next turn begins. */
  cursor: number;
  /** Their shares differ now. */
  isWeighted = false;
  #ring: HashRing | undefined;

  /** `start`, from 0 to 1: workers begin at different places, so that together they spread evenly. */
  constructor(start: number) {
    this.cursor = Math.floor(start * 1_000);
  }

  /** Takes these from now on; their ranks are given anew afterwards. */
  assign(endpoints: readonly EndpointState[]): void {
    if (this.cursor >= endpoints.length) this.cursor %= Math.max(1, endpoints.length);
    this.endpoints = endpoints;
    this.#ring = undefined;
  }

  /** Where the keys of requests have their place; made when it is first asked for. Drained endpoints have none. */
  get ring(): HashRing {
    this.#ring ??= new HashRing(this.endpoints.filter((endpoint) => !endpoint.isDraining));
    return this.#ring;
  }

  /** Called when the rank or share of one of them may have changed. */
  refresh(now: number): void {
    this.rank = Math.min(rank.never, ...this.endpoints.map((endpoint) => endpoint.rank));
    this.candidates =
      this.rank === rank.never ? [] : this.endpoints.filter((endpoint) => endpoint.rank === this.rank);
    const first = this.candidates[0]?.share(now);
    this.isWeighted = this.candidates.some((endpoint) => endpoint.share(now) !== first);
  }
}
