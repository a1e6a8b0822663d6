import type { Desired } from '../../controller/desired.ts';
import { StackController, type ControllerOptions } from '../../controller/loop.ts';
import { withoutServices } from './transitions.ts';
import type { StackEvent } from '../control-api.ts';
import type { Journal } from '../state/journal.ts';
import type { StackStore } from '../state/stack-store.ts';

export interface SessionOptions extends Omit<ControllerOptions, 'onChange' | 'onProgress' | 'onTakenDown'> {
  readonly store: StackStore;
  readonly journal: Journal;
}

/** One stack that the daemon looks after: its controller and its place on disk. */
export class StackSession implements AsyncDisposable {
  readonly controller: StackController;
  readonly #options: SessionOptions;
  readonly #name: string;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#name = options.desired.stack.name;
    this.controller = new StackController({
      ...options,
      onChange: ({ kind, service, instance, message }) =>
        this.record({
          kind,
          message,
          ...(service !== undefined && { service }),
          ...(instance !== undefined && { instance }),
        }),
      onTakenDown: (services) => void this.#letGo(services).catch(options.onBug),
      onProgress: (line) => this.record({ kind: 'progress', message: line }),
    });
  }

  get name(): string {
    return this.#name;
  }

  /** Something of it runs, or shall run. */
  get isActive(): boolean {
    const { desired, last } = this.controller;
    const shallRun = Object.values(desired.services).some(
      ({ phase, replicas }) => phase === 'running' && replicas > 0,
    );
    return (
      shallRun || last === undefined || last.plan.operations.length > 0 || last.observed.inProgress.length > 0
    );
  }

  /** Stores a desired state and lets the controller act on it. Throws `state-write-failed`; then nothing was changed. */
  async adoptDesired(desired: Desired): Promise<void> {
    await this.#options.store.save(desired);
    this.controller.setDesired(desired);
  }

  /** Does not bring back what was taken down by docker compose or by hand. */
  async #letGo(services: readonly string[]): Promise<void> {
    const message =
      'every replica was removed by somebody else (docker compose down?); tenfold up brings it back';
    for (const service of services) this.record({ kind: 'warning', service, message });
    await this.adoptDesired(withoutServices(this.controller.desired, services));
  }

  record(event: Omit<StackEvent, 'time' | 'stack'>): void {
    this.#options.journal.append({ time: this.#options.clock.now(), stack: this.#name, ...event });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controller[Symbol.asyncDispose]();
  }
}
