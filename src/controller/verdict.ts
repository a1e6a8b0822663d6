import type { Pass } from './pass.ts';
import type { Wait } from './plan.ts';
import { servicesThatDiffer } from './reconcile/table-difference.ts';
import { TenfoldError } from '../shared/errors.ts';

/** Where a change stands after a pass, seen from the services that it touches. */
export type Verdict =
  | { readonly kind: 'pending' }
  | { readonly kind: 'done' }
  /** It will not come about without help. `replicaId` is the replica whose last words to show. */
  | { readonly kind: 'failed'; readonly error: TenfoldError; readonly replicaId: string | undefined };

/**
 * `others` are the stack's services that the change does not touch: what they still need does not hold it up. It is done when
 * the balancer, too, has what is wanted of it.
 */
export function judge({ observed, plan }: Pass, others: ReadonlySet<string>): Verdict {
  const waits = plan.waits.filter(({ service }) => !others.has(service));
  const failed = waits.find(({ failure }) => failure !== undefined);
  if (failed !== undefined)
    return { kind: 'failed', error: errorOf(failed), replicaId: replicaOf(failed, observed) };
  const operations = plan.operations.filter(
    (operation) => !('service' in operation && others.has(operation.service)),
  );
  const inProgress = observed.inProgress.filter(({ service }) => !others.has(service));
  if (operations.length + waits.length + inProgress.length > 0) return { kind: 'pending' };
  const unsettled = [...servicesThatDiffer(plan.table, observed.routing)];
  return unsettled.every((service) => others.has(service)) ? { kind: 'done' } : { kind: 'pending' };
}

function replicaOf({ replicaId, instance }: Wait, { replicas }: Pass['observed']): string | undefined {
  return replicaId ?? replicas.findLast(({ replica }) => replica.instance === instance)?.replica.id;
}

function errorOf({ service, instance, reason, failure = 'runtime-failed', error }: Wait): TenfoldError {
  return (
    error ?? new TenfoldError(failure, `${instance ?? service}: ${reason}`, { hint: hints[failure](service) })
  );
}

const hints = {
  'replica-failed': (service: string) => `see all of its output: tenfold logs ${service}`,
  'dependency-failed': (service: string) => `see why: tenfold logs; ${service} starts once that is mended`,
  'runtime-unreachable': () => 'start the Docker engine, or set DOCKER_HOST to where it listens',
  'runtime-failed': () => 'see what was tried: tenfold events',
} as const;
