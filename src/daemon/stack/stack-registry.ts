import { StackSession, type SessionOptions } from './stack-session.ts';
import { emptyTable } from '../../controller/reconcile/routing.ts';
import type { Desired } from '../../controller/desired.ts';
import { TenfoldError } from '../../shared/errors.ts';

export interface RegistryOptions extends Omit<SessionOptions, 'desired'> {
  /** Why no ambassador can stand between containers here; undefined where one can. */
  readonly whyNoAmbassadors: () => string | undefined;
}

/** Every stack that this daemon looks after. */
export class StackRegistry implements AsyncDisposable {
  readonly options: RegistryOptions;
  readonly #sessions = new Map<string, StackSession>();
  readonly #abort = new AbortController();
  /** Per stack: the command at work, and those that wait for their turn. */
  readonly #commands = new Map<string, Set<AbortController>>();
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(options: RegistryOptions) {
    this.options = options;
  }

  get all(): readonly StackSession[] {
    return [...this.#sessions.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  find(name: string): StackSession | undefined {
    return this.#sessions.get(name);
  }

  /** Throws `unknown-stack`. */
  get(name: string): StackSession {
    const session = this.#sessions.get(name);
    if (session !== undefined) return session;
    const known = [...this.#sessions.keys()];
    throw new TenfoldError('unknown-stack', `no stack ${name} is known`, {
      expected: known.length === 0 ? 'a stack that was brought up' : `one of ${known.join(', ')}`,
      got: name,
      hint: 'bring it up first: tenfold up -d',
    });
  }

  open(desired: Desired): StackSession {
    const session = new StackSession({ ...this.options, desired });
    this.#sessions.set(desired.stack.name, session);
    return session;
  }

  /** Carries on with a stack that a daemon before looked after; a `down` that it had begun is brought to its end. */
  adopt(desired: Desired): void {
    const session = this.open(desired);
    session.controller.wake();
    if (desired.teardown === undefined) return;
    void session.controller
      .until(({ observed }) => observed.isTornDown, this.#abort.signal)
      .then(() => this.exclusively(session.name, undefined, () => this.#closeIfDown(session)))
      .catch((thrown: unknown) => {
        if (!this.#abort.signal.aborted) this.options.onBug(thrown);
      });
  }

  /** Lets go of a stack of which nothing is left, and removes it from disk. */
  async close(session: StackSession): Promise<void> {
    this.#sessions.delete(session.name);
    await session[Symbol.asyncDispose]();
    await this.options.traffic.publish(session.name, emptyTable, AbortSignal.timeout(5_000));
    await this.options.store.forget(session.name);
  }

  /** A command since may have brought it up again. */
  async #closeIfDown(session: StackSession): Promise<void> {
    if (session.controller.desired.teardown !== undefined) await this.close(session);
  }

  /**
   * Runs the commands on one stack one after the other. One that `supersedes` does not wait for the change before it
   * to come about: that command ends as interrupted, and what it began is left to this one.
   */
  exclusively<T>(
    name: string,
    supersedes: string | undefined,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const commands = this.#commands.get(name) ?? new Set();
    if (supersedes !== undefined) {
      const reason = new TenfoldError('interrupted', `${supersedes} was asked for before this was done`);
      for (const command of commands) command.abort(reason);
    }
    const command = new AbortController();
    this.#commands.set(name, commands.add(command));
    const result = (this.#queues.get(name) ?? Promise.resolve()).then(() => {
      command.signal.throwIfAborted();
      return task(AbortSignal.any([command.signal, this.#abort.signal]));
    });
    const settled = result
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        commands.delete(command);
        if (this.#queues.get(name) === settled) this.#queues.delete(name);
      });
    this.#queues.set(name, settled);
    return result;
  }

  /** A command is at work on the stack, or waits for its turn. */
  isBusy(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Something runs, shall run, or is being changed. */
  get activeStacks(): readonly string[] {
    const active = this.all.filter(({ isActive }) => isActive).map(({ name }) => name);
    return [...new Set([...active, ...this.#queues.keys()])];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new TenfoldError('interrupted', 'the daemon is ending; the next one carries on'));
    await Promise.all(this.all.map((session) => session[Symbol.asyncDispose]()));
  }
}
