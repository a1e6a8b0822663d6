import type { EndpointState } from '../endpoint-state.ts';
import { hashOf, mix } from './hash.ts';

/** Points of an endpoint of weight 1 (as ketama has it): parts differ by some 8 % from each other. */
const pointsPerEndpoint = 160;
const maxPointsPerEndpoint = 1_600;
/** Points carry their endpoint's index in their lower bits; 32 + 16 bits are exact in a double. */
const indexRange = 65_536;

/**
 * A consistent-hash ring: a key belongs to the first point after it. When an endpoint comes or goes, only keys that it
 * gains or had change their place. An endpoint's points come from the name of its instance, so that every worker, and a
 * replica that takes over from one of the same name, has the same.
 */
export class HashRing {
  readonly #endpoints: readonly EndpointState[];
  readonly #points: Float64Array;

  constructor(endpoints: readonly EndpointState[]) {
    this.#endpoints = endpoints;
    const points: number[] = [];
    const names = new Map<string, number>();
    for (const [index, { instance, weight }] of endpoints.entries()) {
      const earlier = names.get(instance) ?? 0;
      names.set(instance, earlier + 1);
      const seed = hashOf(earlier === 0 ? instance : `${instance}#${earlier}`);
      const count = Math.min(maxPointsPerEndpoint, Math.max(1, Math.round(pointsPerEndpoint * weight)));
      for (let point = 0; point < count; point++) points.push(mix(seed, point) * indexRange + index);
    }
    this.#points = Float64Array.from(points).sort();
  }

  /** The first endpoint from the key's place on for which `isOpen` holds; each is asked about at most a few times. */
  find(hash: number, isOpen: (endpoint: EndpointState) => boolean): EndpointState | undefined {
    const points = this.#points;
    let low = 0;
    let high = points.length;
    const sought = hash * indexRange;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] ?? 0) < sought) low = middle + 1;
      else high = middle;
    }
    const seen = new Set<EndpointState>();
    for (let step = 0; step < points.length && seen.size < this.#endpoints.length; step++) {
      const endpoint = this.#endpoints[(points[(low + step) % points.length] ?? 0) % indexRange];
      if (endpoint === undefined || seen.has(endpoint)) continue;
      if (isOpen(endpoint)) return endpoint;
      seen.add(endpoint);
    }
    return undefined;
  }
}
