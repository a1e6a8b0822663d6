import type { BalancingPolicy } from '../../../../model/balancing.ts';
import type { EndpointState } from '../endpoint-state.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { findLatencyOutlier } from './latency-outlier.ts';

/** Watches how the endpoints of a pool answer, where its policy wants more than failed attempts counted. */
export class Scrutiny {
  #policy: BalancingPolicy;
  circuit: CircuitBreaker | undefined;
  #windowEndsAt: number;

  /** Every answer costs a little where this is true, and nothing where it is not. */
  static isAskedFor(policy: BalancingPolicy): boolean {
    const { algorithm, max5xx = 0, latencyOutlier, circuitBreaker } = policy;
    return (
      algorithm === 'least_time' || max5xx > 0 || latencyOutlier !== undefined || circuitBreaker !== undefined
    );
  }

  constructor(policy: BalancingPolicy, now: number) {
    this.#policy = policy;
    this.#windowEndsAt = now + (policy.latencyOutlier?.windowMs ?? 0);
    this.policy = policy;
  }

  set policy(policy: BalancingPolicy) {
    this.#policy = policy;
    const { circuitBreaker } = policy;
    if (circuitBreaker === undefined) this.circuit = undefined;
    else if (this.circuit === undefined) this.circuit = new CircuitBreaker(circuitBreaker);
    else this.circuit.policy = circuitBreaker;
  }

  /** Returns true when the endpoint was ejected by this answer, or came back by it. */
  answered(endpoint: EndpointState, status: number, tookMs: number, now: number): boolean {
    const { max5xx = 0, failTimeoutMs, latencyOutlier } = this.#policy;
    endpoint.pace.answered(now, tookMs);
    this.circuit?.note(now, status < 500);
    if (latencyOutlier !== undefined) endpoint.recent.add(tookMs);
    if (status < 500 || max5xx === 0) {
      endpoint.errorsInRow = 0;
      return endpoint.ejection.succeeded(now);
    }
    if (endpoint.ejection.until !== 0) return endpoint.ejection.failed(now, { maxFails: 1, failTimeoutMs });
    if (++endpoint.errorsInRow < max5xx || !endpoint.isSpareable) return false;
    endpoint.errorsInRow = 0;
    endpoint.ejection.eject(now + failTimeoutMs, `${max5xx} responses of 5xx in a row`);
    return true;
  }

  /** An attempt got no response. */
  failed(now: number): void {
    this.circuit?.note(now, false);
  }

  /** Called from time to time; returns the endpoint that was ejected for its latency. */
  judge(endpoints: readonly EndpointState[], now: number): EndpointState | undefined {
    const { latencyOutlier, failTimeoutMs } = this.#policy;
    if (latencyOutlier === undefined || now < this.#windowEndsAt) return undefined;
    this.#windowEndsAt = now + latencyOutlier.windowMs;
    const found = findLatencyOutlier(endpoints, latencyOutlier);
    for (const { recent } of endpoints) recent.clear();
    if (found === undefined) return undefined;
    const { endpoint, meanMs, usualMs } = found;
    const reason = `it took ${meanMs.toFixed(0)} ms to answer where the others took ${usualMs.toFixed(0)} ms`;
    endpoint.ejection.eject(now + failTimeoutMs, reason);
    return endpoint;
  }
}
