import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { QueryAnswer } from './ask-prometheus.ts';
import { AutoscaleHistory } from './history.ts';
import { forgetState, loadState, saveState } from './kept-state.ts';
import { readInput } from './read-input.ts';
import { withReplicas } from './replica-counts.ts';
import { decide, stateAfter } from '../../autoscale/decide.ts';
import type { Decision } from '../../autoscale/decision.ts';
import type { MachineMemory } from '../../autoscale/measure/read-memory.ts';
import { noReadiness, noteReadiness, type ReadinessLog } from '../../autoscale/measure/readiness.ts';
import type { QueryReading } from '../../autoscale/reading.ts';
import type { AutoscaleRecord, PolicyRecord } from '../../autoscale/record.ts';
import type { AutoscaleState } from '../../autoscale/state.ts';
import type { MetricsSource, ServiceSample } from '../../metrics/metrics-source.ts';
import type { AutoscalePolicy, PrometheusTarget } from '../../model/autoscale.ts';
import type { Clock } from '../../shared/clock.ts';
import { isTenfoldError } from '../../shared/errors.ts';
import type { StackSession } from '../stack/stack-session.ts';

/** What is needed of a stack to scale its services. */
export type ScaledStack = Pick<StackSession, 'name' | 'controller' | 'amend' | 'record'>;

export interface ScalingOptions {
  readonly metrics: MetricsSource;
  readonly clock: Clock;
  /** Folder of the decisions of all stacks. */
  readonly directory: string;
  readonly machine: () => MachineMemory;
  readonly ask: (target: PrometheusTarget, signal: AbortSignal) => Promise<QueryAnswer>;
}

/** One service that scales by itself: what its next decision needs to know of those before it. */
export class ScaledService {
  readonly history: AutoscaleHistory;
  readonly #stack: ScaledStack;
  readonly #name: string;
  readonly #options: ScalingOptions;
  readonly #statePath: string;
  #policy: AutoscalePolicy | undefined;
  #state: AutoscaleState | undefined;
  /** What the journal was told last: what decided, and how many replicas it left. */
  #told = '';
  #readiness: ReadinessLog = noReadiness;
  #decision: Decision | undefined;
  #nextAt: number;

  constructor(stack: ScaledStack, name: string, options: ScalingOptions) {
    this.#stack = stack;
    this.#name = name;
    this.#options = options;
    const folder = join(options.directory, stack.name);
    this.history = new AutoscaleHistory(join(folder, `${name}.jsonl`));
    this.#statePath = join(folder, `${name}.state.json`);
    // Nothing is known of a service that was just brought up.
    this.#nextAt = options.clock.now() + (this.#current()?.policy.intervalMs ?? 0);
  }

  get decision(): Decision | undefined {
    return this.#decision;
  }

  /** When it is decided again, milliseconds since the epoch. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** At zero: a request that waits cannot wait for the next decision. */
  get isAsleep(): boolean {
    const { phase, replicas } = this.#stack.controller.desired.services[this.#name] ?? {};
    return phase === 'running' && replicas === 0;
  }

  note(sample: ServiceSample): void {
    this.#readiness = noteReadiness(this.#readiness, sample);
  }

  /** Makes one decision and carries it out. `waiting`: requests that are known to wait now. */
  async decide(waiting: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const before = this.#current();
    if (before === undefined) return;
    this.#nextAt = clock.now() + before.policy.intervalMs;
    if (!before.isRunning) return;
    const queries = await this.#ask(before.policy, signal);
    const state = this.#state ?? (await this.#load());
    // The file may have changed, and the service stopped, while others were asked.
    const { policy, isRunning } = this.#current() ?? before;
    if (!isRunning || signal.aborted) return;
    const beginning = this.#beginning(policy, state);
    const isNewPolicy = !isDeepStrictEqual(policy, this.#policy);
    this.#policy = policy;
    const { desired, last } = this.#stack.controller;
    const input = readInput({
      desired,
      observed: last?.observed,
      service: this.#name,
      policy,
      metrics: this.#options.metrics,
      readiness: this.#readiness,
      queries,
      machine: this.#options.machine(),
      waiting,
      now: clock.now(),
    });
    const decided = decide(policy, state, input);
    const { decision } = decided;
    const isChange = decision.to !== decision.from && !policy.isShadow;
    const isCarriedOut = !isChange || (await this.#carryOut(decision));
    this.#state = stateAfter(state, decided, isCarriedOut);
    this.#decision = decision;
    this.#tell(decision, isCarriedOut);
    const { name: stack } = this.#stack;
    const record: AutoscaleRecord = {
      type: 'decision',
      stack,
      service: this.#name,
      input,
      decision,
      isCarriedOut,
    };
    await this.history.append(isNewPolicy ? [beginning, record] : [record], beginning);
    await saveState(this.#statePath, { state: this.#state, told: this.#told });
  }

  /** The stack is gone: what was decided stays to be read, and counts no more. */
  async forget(): Promise<void> {
    await forgetState(this.#statePath);
  }

  #current(): { readonly policy: AutoscalePolicy; readonly isRunning: boolean } | undefined {
    const { stack, services } = this.#stack.controller.desired;
    const policy = stack.services[this.#name]?.autoscale;
    return policy && { policy, isRunning: services[this.#name]?.phase === 'running' };
  }

  async #load(): Promise<AutoscaleState> {
    const { state, told } = await loadState(this.#statePath);
    this.#told = told;
    return state;
  }

  #ask({ metrics }: AutoscalePolicy, signal: AbortSignal): Promise<QueryReading[]> {
    const asked = metrics.flatMap((target, metric) =>
      target.kind === 'prometheus'
        ? [this.#options.ask(target, signal).then((answer): QueryReading => ({ metric, ...answer }))]
        : [],
    );
    return Promise.all(asked);
  }

  /** Changes the number, unless a command has changed it since; returns whether it is now what was decided. */
  async #carryOut({ from, to, sentence }: Decision): Promise<boolean> {
    try {
      return await this.#stack.amend((desired) => {
        const wanted = desired.services[this.#name];
        const isStill =
          wanted?.phase === 'running' && wanted.replicas === from && wanted.isAutoscalePaused !== true;
        return isStill ? withReplicas(desired, this.#name, to) : undefined;
      });
    } catch (thrown) {
      if (!isTenfoldError(thrown)) throw thrown;
      const message = `not ${sentence}, because ${thrown.message}`;
      this.#stack.record({ kind: 'warning', service: this.#name, message });
      return false;
    }
  }

  /** The journal is told of each change of the number, and when something else keeps it as it is. */
  #tell({ from, to, reason, sentence }: Decision, isCarriedOut: boolean): void {
    const told = `${reason} ${to}`;
    const isNews = isCarriedOut && told !== this.#told;
    this.#told = told;
    if (!isNews) return;
    const isScaled = from !== to && this.#policy?.isShadow !== true;
    const kind = isScaled ? 'autoscale.scaled' : 'autoscale.held';
    this.#stack.record({ kind, service: this.#name, message: sentence });
  }

  #beginning(policy: AutoscalePolicy, state: AutoscaleState): PolicyRecord {
    const { name: stack } = this.#stack;
    return { type: 'policy', time: this.#options.clock.now(), stack, service: this.#name, policy, state };
  }
}
