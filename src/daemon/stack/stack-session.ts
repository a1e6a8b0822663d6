import type { Desired } from '../../controller/desired.ts';
import { StackController, type ControllerOptions } from '../../controller/loop.ts';
import type { Pass } from '../../controller/pass.ts';
import type { DecidedFailure, Decision } from '../../controller/progress/decide.ts';
import { withLastOutput } from '../../controller/revisions.ts';
import { copyError, isTenfoldError, type TenfoldError } from '../../shared/errors.ts';
import { lastWords } from './last-words.ts';
import { RevisionTraffic } from '../rollout/revision-traffic.ts';
import { withoutServices } from './transitions.ts';
import type { StackEvent } from '../control-api.ts';
import type { MetricsSource } from '../../metrics/metrics-source.ts';
import type { Journal } from '../state/journal.ts';
import type { StackStore } from '../state/stack-store.ts';

export interface SessionOptions extends Omit<
  ControllerOptions,
  'onChange' | 'onProgress' | 'onTakenDown' | 'onDecision'
> {
  readonly store: StackStore;
  /** What a new revision is judged by; undefined until there is something. */
  readonly metrics?: (() => MetricsSource | undefined) | undefined;
  /** Bytes that the machine has left; undefined where nobody knows. */
  readonly availableMemory?: (() => number | undefined) | undefined;
  readonly journal: Journal;
}

/** One stack that the daemon looks after: its controller and its place on disk. */
export class StackSession implements AsyncDisposable {
  readonly controller: StackController;
  readonly #options: SessionOptions;
  readonly #name: string;
  readonly #failures = new Map<string, TenfoldError>();
  readonly #traffic = new RevisionTraffic();
  /** States are stored one after the other: none overwrites what it was not made of. */
  #turns: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#name = options.desired.stack.name;
    this.controller = new StackController({
      ...options,
      onChange: (change) => this.record(change),
      onDecision: (decision, base, pass) => this.#take(decision, base, pass),
      onTakenDown: (services) => void this.#letGo(services).catch(options.onBug),
      onProgress: (line) => this.record({ kind: 'progress', message: line }),
    });
  }

  get name(): string {
    return this.#name;
  }

  /** Something of it runs, or shall run, or waits at zero for a request. */
  get isActive(): boolean {
    const { desired, last } = this.controller;
    const shallRun = Object.values(desired.services).some(
      ({ phase, replicas, source }) => phase === 'running' && (replicas > 0 || source === 'autoscaler'),
    );
    return (
      shallRun || last === undefined || last.plan.operations.length > 0 || last.observed.inProgress.length > 0
    );
  }

  /**
   * Stores what `update` makes of the desired state of that moment, so that whoever changes a part of it overwrites nobody
   * else's, and lets the controller act on it; undefined leaves it as it is. One after the other. Returns whether anything was
   * changed. Throws `state-write-failed`; then nothing was.
   */
  amend(update: (current: Desired) => Desired | undefined): Promise<boolean> {
    return this.#inTurn(async () => {
      const before = this.controller.desired;
      const desired = update(before);
      if (desired === undefined || desired === before) return false;
      await this.#options.store.save(desired);
      this.#traffic.begin(before, desired, this.controller.ledger);
      this.controller.setDesired(desired);
      return true;
    });
  }

  /** Why the change of that id did not come about; undefined while it may, or when it has. */
  failureOf(changeId: string): TenfoldError | undefined {
    return this.#failures.get(changeId);
  }

  /** The change of that id will not come about, for a reason that the controller does not know. */
  fail(changeId: string, error: TenfoldError): void {
    this.#failures.set(changeId, error);
  }

  /** Nobody waits for that change any more. */
  forgetChange(changeId: string): void {
    this.#failures.delete(changeId);
  }

  /** What the controller has decided becomes the desired state, unless a command has said something else meanwhile. */
  async #take(decision: Decision, base: Desired, pass: Pass): Promise<boolean> {
    const failure = decision.failure && (await this.#explain(decision.failure, pass));
    const isTaken = await this.#inTurn(async () => {
      if (this.controller.desired !== base) return false;
      const counted = this.#traffic.settle(base, decision.desired, this.controller.ledger);
      const output = failure?.details ?? [];
      const desired = output.length === 0 ? counted : withLastOutput(base, counted, output);
      try {
        await this.#options.store.save(desired);
      } catch (thrown) {
        if (!isTenfoldError(thrown)) throw thrown;
        this.record({ kind: 'warning', message: thrown.message });
        return false;
      }
      if (decision.isNewGoal) this.controller.setDesired(desired);
      else this.controller.continueWith(desired);
      return true;
    });
    if (!isTaken) return false;
    if (failure !== undefined) this.#noteFailure(failure, base);
    for (const news of decision.news) this.record(news);
    return true;
  }

  #noteFailure(error: TenfoldError, { change }: Desired): void {
    const [first, ...rest] = error.details;
    const words = first === undefined ? '' : ` (${[first, ...rest.map((line) => line.trim())].join(' | ')})`;
    this.record({
      kind: 'command.failed',
      message: `${change?.command ?? 'rollout'}: ${error.message}${words}`,
    });
    if (change === undefined) return;
    const earlier = this.#failures.get(change.id);
    const message = `${earlier?.message ?? ''}; undoing it failed as well: ${error.message}`;
    this.#failures.set(change.id, earlier === undefined ? error : copyError(earlier, { message }));
  }

  async #explain({ error, replicaId }: DecidedFailure, { observed }: Pass): Promise<TenfoldError> {
    const replica = observed.replicas.find((each) => each.replica.id === replicaId)?.replica;
    if (replica === undefined || error.details.length > 0) return error;
    const lines = await lastWords(replica, this);
    if (lines.length === 0) return error;
    const details = [`last output of ${replica.instance}:`, ...lines.map((line) => `  ${line}`)];
    return copyError(error, { details });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turns.then(task);
    this.#turns = result.catch(() => undefined);
    return result;
  }

  /** Does not bring back what was taken down by docker compose or by hand. */
  async #letGo(services: readonly string[]): Promise<void> {
    const message =
      'every replica was removed by somebody else (docker compose down?); tenfold up brings it back';
    for (const service of services) this.record({ kind: 'warning', service, message });
    await this.amend((desired) => withoutServices(desired, services));
  }

  record(event: Omit<StackEvent, 'time' | 'stack'>): void {
    this.#options.journal.append({ time: this.#options.clock.now(), stack: this.#name, ...event });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controller[Symbol.asyncDispose]();
  }
}
