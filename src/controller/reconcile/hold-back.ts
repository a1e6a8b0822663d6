import type { Desired } from '../desired.ts';
import type { Draft } from './draft.ts';
import { isRunning, type Observed } from '../observed.ts';
import { operationKey, type Operation } from '../plan.ts';
import type { TenfoldError } from '../../shared/errors.ts';

/** Turns operations that failed lately into waits; a service whose listener cannot be opened is not begun. */
export function holdFailed(draft: Draft, observed: Observed): void {
  if (observed.failures.size === 0) return;
  const unopened = new Set<string>();
  const held = new Set(
    draft.operations.filter((operation) => {
      const failure = observed.failures.get(operationKey(operation));
      if (failure === undefined) return false;
      const services =
        operation.kind === 'prepare' ? operation.services : ['service' in operation ? operation.service : ''];
      for (const service of services) {
        draft.waits.push({
          service,
          ...('instance' in operation && { instance: operation.instance }),
          ...('revision' in operation && { revision: operation.revision }),
          ...('replicaId' in operation && { replicaId: operation.replicaId }),
          reason: `${operation.kind} failed: ${inWords(failure.error)}`,
          failure: 'runtime-failed',
          error: failure.error,
        });
      }
      draft.wakeTimes.push(failure.retryAt);
      if (operation.kind === 'open') unopened.add(operation.service);
      return failure.retryAt > observed.now;
    }),
  );
  const isHeld = (operation: Operation): boolean =>
    held.has(operation) ||
    (operation.kind === 'start' &&
      unopened.has(operation.service) &&
      !observed.byService.get(operation.service)?.some(isRunning));
  const rest = draft.operations.filter((operation) => !isHeld(operation));
  draft.operations.splice(0, draft.operations.length, ...rest);
}

/**
 * Says of each service whose part of the table is not in force why. A listener that cannot be opened is told of already, and a
 * service that ends needs no more than that its replicas are drained.
 */
export function waitForTable(draft: Draft, desired: Desired, { unpublished }: Observed): void {
  if (unpublished === undefined) return;
  const { error, services, isRefused } = unpublished;
  const told = new Set(draft.waits.flatMap((wait) => (wait.error === error ? [wait.service] : [])));
  const reason = inWords(error);
  for (const service of services) {
    const phase = desired.services[service]?.phase ?? 'running';
    if (told.has(service) || phase !== 'running') continue;
    if (isRefused) draft.waits.push({ service, reason, failure: 'runtime-failed', error });
    else draft.waits.push({ service, reason: `the balancer is asked again: ${reason}` });
  }
}

function inWords({ message, got }: TenfoldError): string {
  return got === undefined ? message : `${message} (${got})`;
}

/** Puts what a first start needs before it: the starts of a service that is not prepared wait for that. */
export function gatherPreparation(draft: Draft, desired: Desired, observed: Observed): void {
  const held = new Set(
    draft.operations.filter(
      (operation) =>
        operation.kind === 'start' &&
        // What another revision needs was there when its first replica started.
        desired.stack.services[operation.service]?.revision === operation.revision &&
        !observed.prepared.has(`${operation.service}@${operation.revision}`),
    ),
  );
  if (held.size === 0) return;
  const services = [
    ...new Set([...held].flatMap((operation) => (operation.kind === 'start' ? [operation.service] : []))),
  ];
  const rest = draft.operations.filter((operation) => !held.has(operation));
  draft.operations.splice(0, draft.operations.length, ...rest);
  const isPreparing = observed.inProgress.some(({ kind }) => kind === 'prepare');
  if (!isPreparing)
    draft.operations.push({ kind: 'prepare', services, cause: 'needed before the first start' });
  for (const service of services)
    draft.waits.push({ service, reason: 'its images, networks and volumes are being prepared' });
}
