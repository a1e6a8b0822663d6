import type { ChangeMessage, PlannedOperation } from '../control-api.ts';
import type { Desired } from '../../controller/desired.ts';
import type { Observed } from '../../controller/observed.ts';
import { formatPlan, subjectOf, type Operation } from '../../controller/plan.ts';
import { simulate } from '../../controller/simulate.ts';

/** The last message of a change's stream. */
export type Outcome = Exclude<ChangeMessage, { type: 'event' }>;

/** What would be done, if every step went well. */
export function dryRun(desired: Desired, observed: Observed): Outcome {
  const plan = simulate(desired, observed);
  return { type: 'plan', text: formatPlan(plan), operations: plan.operations.map(plannedOperation) };
}

function plannedOperation(operation: Operation): PlannedOperation {
  const { kind, cause } = operation;
  const service = 'service' in operation ? operation.service : subjectOf(operation);
  return { kind, service, cause, ...('instance' in operation && { instance: operation.instance }) };
}
