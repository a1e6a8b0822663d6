import type { ActiveHealthPolicy } from '../../../model/balancing.ts';
import type { WorkerEndpoint, WorkerTable } from '../worker/worker-protocol.ts';
import { checkOnce, type Verdict } from './health-check.ts';

interface Probe {
  endpoint: WorkerEndpoint;
  policy: ActiveHealthPolicy;
  isDown: boolean;
  /** The first result decides by itself. */
  isUnchecked: boolean;
  /** Results in a row that speak against the present verdict. */
  streak: number;
  readonly stop: AbortController;
  timer: NodeJS.Timeout | undefined;
}

/** Checks every endpoint that is in rotation and healthy by its own account, for as long as it is. */
export class ActiveHealth {
  readonly #probes = new Map<string, Probe>();
  readonly #onChange: (id: string, isDown: boolean, reason: Verdict) => void;

  constructor(onChange: (id: string, isDown: boolean, reason: Verdict) => void) {
    this.#onChange = onChange;
  }

  follow(table: WorkerTable): void {
    const wanted = new Set<string>();
    for (const pool of table.pools) {
      for (const endpoint of pool.endpoints) {
        if (endpoint.rotation !== 'active' || !endpoint.isHealthy) continue;
        wanted.add(endpoint.id);
        const probe = this.#probes.get(endpoint.id);
        if (probe === undefined) this.#begin(endpoint, pool.policy.activeHealth);
        else {
          probe.endpoint = endpoint;
          probe.policy = pool.policy.activeHealth;
        }
      }
    }
    for (const [id, probe] of this.#probes) {
      if (wanted.has(id)) continue;
      probe.stop.abort();
      clearTimeout(probe.timer);
      this.#probes.delete(id);
    }
  }

  #begin(endpoint: WorkerEndpoint, policy: ActiveHealthPolicy): void {
    const probe: Probe = {
      endpoint,
      policy,
      isDown: endpoint.isDown,
      isUnchecked: endpoint.isDown && policy.mustPass === true,
      streak: 0,
      stop: new AbortController(),
      timer: undefined,
    };
    this.#probes.set(endpoint.id, probe);
    // Spread, so that many endpoints are not all asked at once; unless nothing comes to it before.
    this.#schedule(probe, probe.isUnchecked ? 0 : Math.random() * policy.intervalMs);
  }

  #schedule(probe: Probe, inMs: number): void {
    probe.timer = setTimeout(() => {
      void this.#check(probe);
    }, inMs);
  }

  async #check(probe: Probe): Promise<void> {
    const verdict = await checkOnce(probe.endpoint, probe.policy, probe.stop.signal);
    if (probe.stop.signal.aborted) return;
    this.#judge(probe, verdict);
    this.#schedule(probe, probe.policy.intervalMs);
  }

  #judge(probe: Probe, verdict: Verdict): void {
    if (probe.isUnchecked) {
      probe.isUnchecked = false;
      probe.isDown = verdict !== undefined;
      this.#onChange(probe.endpoint.id, probe.isDown, verdict);
      return;
    }
    const isAgainst = (verdict !== undefined) !== probe.isDown;
    probe.streak = isAgainst ? probe.streak + 1 : 0;
    if (probe.streak < (probe.isDown ? probe.policy.rise : probe.policy.fall)) return;
    if (!isAgainst) return;
    probe.isDown = !probe.isDown;
    probe.streak = 0;
    this.#onChange(probe.endpoint.id, probe.isDown, verdict);
  }
}
