import type { Doings } from '../changes.ts';
import type { Desired } from '../desired.ts';
import { execute } from './execute.ts';
import type { HookRunner, SmokeTester } from './smoke-tester.ts';
import type { RuntimeSnapshot } from '../observe/observe.ts';
import type { InProgress, OperationFailure, Snapshot } from '../observed.ts';
import { hookKey, operationKey, type Operation } from '../plan.ts';
import type { ReplicaHistories } from '../observe/replica-histories.ts';
import type { Replica } from '../../model/replica.ts';
import type { RuntimeDriver } from '../../runtime/runtime-driver.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

export interface OperationRunnerOptions {
  readonly runtimes: ReadonlyMap<string, RuntimeDriver>;
  readonly smokeTester: SmokeTester;
  readonly hookRunner: HookRunner;
  readonly histories: ReplicaHistories;
  readonly clock: Clock;
  readonly onProgress: (line: string) => void;
  readonly onBug: (thrown: unknown) => void;
  /** An operation ended, well or not. */
  readonly onEnd: () => void;
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;

/** Runs operations beside each other and remembers what of them the next pass must know. */
export class OperationRunner implements AsyncDisposable, Doings {
  readonly #options: OperationRunnerOptions;
  readonly #abort = new AbortController();
  readonly #inProgress = new Map<Operation, InProgress>();
  readonly #endings = new Map<Operation, AbortController>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #prepared = new Set<string>();
  readonly #verified = new Set<string>();
  readonly #condemned = new Map<string, string>();
  readonly #stopped = new Set<string>();
  readonly #failures = new Map<string, OperationFailure>();
  readonly #causes = new Map<string, string>();
  #isTornDown = false;

  constructor(options: OperationRunnerOptions) {
    this.#options = options;
  }

  state(): Pick<Snapshot, 'inProgress' | 'prepared' | 'verified' | 'condemned' | 'failures' | 'isTornDown'> {
    return {
      inProgress: [...this.#inProgress.values()],
      prepared: new Set(this.#prepared),
      verified: new Set(this.#verified),
      condemned: new Map(this.#condemned),
      failures: new Map(this.#failures),
      isTornDown: this.#isTornDown,
    };
  }

  /** Whether the end of a replica's last run was our doing. */
  hasStopped(replicaId: string): boolean {
    return this.#stopped.has(replicaId);
  }

  /** Why the last operation on the instance of that name was planned. */
  causeOf(instance: string): string {
    return this.#causes.get(instance) ?? '';
  }

  launch(operation: Operation, desired: Desired, snapshot: RuntimeSnapshot): void {
    if ('instance' in operation && operation.kind !== 'enter')
      this.#causes.set(operation.instance, operation.cause);
    const inProgress = inProgressOf(operation);
    if (inProgress === undefined) return;
    this.#inProgress.set(operation, inProgress);
    if (operation.kind === 'stop') {
      this.#stopped.add(operation.replicaId);
      this.#options.histories.expectEnd(operation.replicaId);
      if (operation.afterwards === 'remove') this.#condemned.set(operation.replicaId, operation.cause);
    }
    if (operation.kind === 'start' && operation.existingId !== undefined)
      this.#stopped.delete(operation.existingId);
    const context = {
      desired,
      runtimes: this.#options.runtimes,
      smokeTester: this.#options.smokeTester,
      hookRunner: this.#options.hookRunner,
      replicas: snapshot.byId,
      runtimeKinds: snapshot.runtimeKinds,
      progress: this.#options.onProgress,
    };
    const ending = new AbortController();
    this.#endings.set(operation, ending);
    const task = execute(operation, context, AbortSignal.any([this.#abort.signal, ending.signal]))
      .then(() => this.#succeeded(operation, desired))
      .catch((thrown: unknown) => {
        if (!ending.signal.aborted) this.#failed(operation, thrown);
      })
      .finally(() => {
        this.#inProgress.delete(operation);
        this.#endings.delete(operation);
        this.#tasks.delete(task);
        this.#options.onEnd();
      });
    this.#tasks.add(task);
  }

  /** Ends the commands of rollouts that are no longer wanted. They stay in progress until they have ended. */
  endUnwanted(desired: Desired): void {
    for (const [operation, ending] of this.#endings)
      if (!isWanted(operation, desired))
        ending.abort(new TenfoldError('rollout-aborted', 'its rollout was aborted'));
  }

  /** Holds an operation back for a while: the same one is not tried again before. */
  noteFailure(operation: Operation, error: TenfoldError): void {
    const key = operationKey(operation);
    const attempts = (this.#failures.get(key)?.attempts ?? 0) + 1;
    const retryAt = this.#options.clock.now() + retryDelayMs(attempts);
    this.#failures.set(key, { error, attempts, retryAt });
  }

  /** A new desired state gives everything that failed another chance. */
  beginAnew(): void {
    this.#failures.clear();
    // Somebody may have removed a network or an image since.
    this.#prepared.clear();
    this.#verified.clear();
    this.#isTornDown = false;
  }

  /** Forgets what was remembered of replicas that exist no more. */
  forgetGone(replicas: readonly Replica[]): void {
    const present = new Set(replicas.map(({ id }) => id));
    for (const id of this.#condemned.keys()) if (!present.has(id)) this.#condemned.delete(id);
    for (const id of this.#stopped) if (!present.has(id)) this.#stopped.delete(id);
    const instances = new Set(replicas.map(({ instance }) => instance));
    if (this.#inProgress.size === 0) {
      for (const instance of this.#causes.keys()) if (!instances.has(instance)) this.#causes.delete(instance);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new TenfoldError('interrupted', 'the daemon is ending'));
    await Promise.allSettled(this.#tasks);
  }

  #succeeded(operation: Operation, desired: Desired): void {
    this.#failures.delete(operationKey(operation));
    if (operation.kind === 'teardown') {
      this.#isTornDown = true;
      this.#prepared.clear();
    }
    if (operation.kind === 'smoke') this.#verified.add(`${operation.service}@${operation.revision}`);
    if (operation.kind === 'hook')
      this.#verified.add(hookKey(operation.service, operation.rollout, operation.hook));
    if (operation.kind !== 'prepare') return;
    for (const name of operation.services) {
      const service = desired.stack.services[name];
      if (service !== undefined) this.#prepared.add(`${name}@${service.revision}`);
    }
  }

  #failed(operation: Operation, thrown: unknown): void {
    if (this.#abort.signal.aborted) return;
    if (operation.kind === 'start') this.#prepared.delete(`${operation.service}@${operation.revision}`);
    if (thrown instanceof TenfoldError) {
      this.noteFailure(operation, thrown);
    } else {
      this.#options.onBug(thrown);
      this.noteFailure(operation, new TenfoldError('runtime-failed', messageOf(thrown), { cause: thrown }));
    }
  }
}

/** A command belongs to one rollout. All else that is begun ends well or badly by itself. */
function isWanted(operation: Operation, { services }: Desired): boolean {
  if (operation.kind !== 'hook' && operation.kind !== 'smoke') return true;
  const { phase, rollout } = services[operation.service] ?? {};
  if (phase !== 'running' || rollout === undefined || rollout.isRollback) return false;
  return operation.kind === 'hook' ? rollout.number === operation.rollout : rollout.to === operation.revision;
}

/** How long what failed so often in a row is held back. */
export function retryDelayMs(attempts: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 1));
}

/** What the next pass is told of an operation; undefined for those that putting the table in force has done. */
function inProgressOf(operation: Operation): InProgress | undefined {
  const base = { index: undefined, revision: undefined, replicaId: undefined };
  switch (operation.kind) {
    case 'open':
    case 'close':
    case 'enter':
    case 'drain':
      return undefined;
    case 'prepare':
      return { ...base, kind: 'prepare', service: operation.services.join(', ') };
    case 'teardown':
      return { ...base, kind: 'teardown', service: '' };
    case 'start': {
      const { service, index, revision, existingId } = operation;
      return { kind: 'start', service, index, revision, replicaId: existingId };
    }
    case 'smoke':
    case 'hook':
      return { ...base, kind: operation.kind, service: operation.service, revision: operation.revision };
    case 'stop':
    case 'remove':
      return { ...base, kind: operation.kind, service: operation.service, replicaId: operation.replicaId };
  }
}
