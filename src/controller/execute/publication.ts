import { isDeepStrictEqual } from 'node:util';
import type { Desired } from '../desired.ts';
import { serviceNames } from '../observe/observe.ts';
import type { Observed, Unpublished } from '../observed.ts';
import type { Plan } from '../plan.ts';
import { servicesThatDiffer, withoutUnopened, withPoliciesInForce } from '../reconcile/table-difference.ts';
import { retryDelayMs, type OperationRunner } from './operation-runner.ts';
import type { TrafficTable } from './traffic-table.ts';
import type { RoutingTable } from '../../balancer/balancer-driver.ts';
import { copyError, TenfoldError } from '../../shared/errors.ts';

interface Refused {
  readonly table: RoutingTable;
  readonly retryAt: number;
  /** So is what would be left without the listeners that are not open, or that is all of it. */
  readonly isRestRefused: boolean;
}

/** Whether the operations of the plan may be begun, and whether another look is due at once. */
export interface Publishing {
  readonly isInForce: boolean;
  readonly hasChanged: boolean;
}

/**
 * Puts a stack's tables in force. What the balancer refuses is tried again later, and until then as much of it is in force as
 * it takes: the other listeners, else at least the endpoints of now under the configuration of before.
 */
export class Publication {
  readonly #traffic: TrafficTable;
  readonly #operations: Pick<OperationRunner, 'noteFailure'>;
  #unpublished: Unpublished | undefined;
  #attempts = 0;
  #refused: Refused | undefined;

  constructor(traffic: TrafficTable, operations: Pick<OperationRunner, 'noteFailure'>) {
    this.#traffic = traffic;
    this.#operations = operations;
  }

  /** What of the last table is not in force, and why. */
  get unpublished(): Unpublished | undefined {
    return this.#unpublished;
  }

  /** Forgets what was refused: something else is wanted now. */
  beginAnew(): void {
    this.#unpublished = undefined;
    this.#refused = undefined;
    this.#attempts = 0;
  }

  async publish(plan: Plan, observed: Observed, desired: Desired, signal: AbortSignal): Promise<Publishing> {
    const { table } = plan;
    const refused = this.#refused;
    if (refused !== undefined && observed.now < refused.retryAt && isDeepStrictEqual(refused.table, table))
      return this.#putRest(refused, observed, desired, signal);
    try {
      const hasChanged = await this.#traffic.publish(desired.stack.name, table, signal);
      this.beginAnew();
      return { isInForce: true, hasChanged };
    } catch (thrown) {
      if (!(thrown instanceof TenfoldError) || signal.aborted) throw thrown;
      const error = locateListener(thrown, plan, desired);
      if (error.code === 'balancer-unreachable') {
        this.#note({ error, services: [...servicesThatDiffer(table, observed.routing)], isRefused: false });
        return { isInForce: false, hasChanged: false };
      }
      for (const operation of plan.operations)
        if (operation.kind === 'open') this.#operations.noteFailure(operation, error);
      this.#attempts += 1;
      const isRestRefused = table.listeners.every(({ id }) => observed.openListeners.has(id));
      this.#refused = { table, retryAt: observed.now + retryDelayMs(this.#attempts), isRestRefused };
      await this.#putRest(this.#refused, observed, desired, signal);
      const inForce = this.#traffic.part(desired.stack.name);
      this.#note({ error, services: [...servicesThatDiffer(table, inForce)], isRefused: true });
      // The operations were planned before this was known.
      return { isInForce: false, hasChanged: true };
    }
  }

  /** The same thing again is no news. */
  #note(now: Unpublished): void {
    if (describe(now) !== (this.#unpublished && describe(this.#unpublished))) this.#unpublished = now;
  }

  /** What others have of the table must not wait for what is refused of it. */
  async #putRest(
    refused: Refused,
    observed: Observed,
    { stack }: Desired,
    signal: AbortSignal,
  ): Promise<Publishing> {
    const opened = withoutUnopened(refused.table, observed.openListeners);
    const kept = withPoliciesInForce(opened, observed.routing);
    for (const rest of refused.isRestRefused ? [kept] : [opened, kept]) {
      try {
        const hasChanged = await this.#traffic.publish(stack.name, rest, signal);
        return { isInForce: true, hasChanged };
      } catch (thrown) {
        if (!(thrown instanceof TenfoldError) || signal.aborted) throw thrown;
        if (this.#refused === refused) this.#refused = { ...refused, isRestRefused: true };
      }
    }
    return { isInForce: false, hasChanged: false };
  }
}

function describe({ error, services, isRefused }: Unpublished): string {
  return JSON.stringify([error.message, error.got, services, isRefused]);
}

/** The balancer knows ports; the person who must choose another one has to find it in a file. */
function locateListener(error: TenfoldError, { table }: Plan, { stack }: Desired): TenfoldError {
  const names = serviceNames({ stack });
  const listener = table.listeners.find(({ port }) => new RegExp(`\\bport ${port}\\b`).test(error.message));
  const service = listener === undefined ? undefined : names.get(listener.pool);
  if (service === undefined) return error;
  const where = { file: stack.configFiles[0] ?? stack.workingDir, path: `services.${service}.ports` };
  return copyError(error, { where });
}
