import { balancedTargets, isBalanced, ownTarget } from '../balanced-targets.ts';
import type { Desired } from '../desired.ts';
import type { Draft } from './draft.ts';
import { isAlive, type Observed } from '../observed.ts';
import type { ReplicaOperation } from '../plan.ts';
import type { ServicePlan } from './reconcile-service.ts';
import type { PlacedReplica } from './routing.ts';
import type { Replica } from '../../model/replica.ts';
import type { Service } from '../../model/service.ts';

/** The next step of one replica that exists: into rotation, out of it, stopped, removed. */
export function planReplica(
  draft: Draft,
  { observed: observedReplica, rotation, own }: PlacedReplica,
  { retiring, aside }: Pick<ServicePlan, 'retiring' | 'aside'>,
  service: Service,
  observed: Observed,
): void {
  const retirement = retiring.get(observedReplica.replica.id);
  const { replica } = observedReplica;
  const operation = (kind: ReplicaOperation['kind'], cause: string): void => {
    draft.operations.push({
      kind,
      service: service.name,
      instance: replica.instance,
      replicaId: replica.id,
      cause,
    });
  };
  const wait = (reason: string): void => {
    draft.waits.push({ service: service.name, instance: replica.instance, reason });
  };
  const busy = observed.busy.get(replica.id);
  const hasPool = balancedTargets(service).some((target) =>
    replica.endpoints.some((endpoint) => endpoint.target === ownTarget(service, own, target)),
  );
  if (rotation === 'active' && observedReplica.rotation !== 'active' && hasPool) {
    operation('enter', observedReplica.rotation === 'out' ? 'healthy' : 'it shall serve again');
  }
  if (rotation === 'active' && !hasPool && isBalanced(service)) {
    wait(`it has no address for ${balancedTargets(service).join(', ')} that the balancer can reach`);
  }
  if (rotation === 'draining' && observedReplica.rotation === 'active')
    operation('drain', retirement?.cause ?? aside.get(replica.id) ?? 'drained by hand');
  if (rotation === 'draining' && observedReplica.rotation === 'draining')
    wait(`draining, ${observedReplica.inFlight} in flight`);
  if (retirement === undefined) return;
  if (busy !== undefined) {
    wait(busy.kind === 'stop' ? 'being stopped' : busy.kind === 'remove' ? 'being removed' : 'being started');
    return;
  }
  const isOut = observedReplica.rotation === 'out' || observedReplica.rotation === 'drained';
  if (isAlive(observedReplica)) {
    if (isOut && observed.isBalancerReachable) {
      draft.operations.push({
        kind: 'stop',
        service: service.name,
        instance: replica.instance,
        replicaId: replica.id,
        ...retirement,
      });
    } else if (isOut) wait('the balancer does not answer, so nothing is stopped');
  } else if (isBeingCreated(replica, observed)) {
    wait('being created');
  } else if (retirement.afterwards === 'remove') {
    operation('remove', retirement.cause);
  }
}

/** Its creation is under way, and would fail if it were removed now. */
function isBeingCreated({ service, index, revision }: Replica, { creating }: Observed): boolean {
  const inProgress = creating.get(service) ?? [];
  return inProgress.some((creation) => creation.index === index && creation.revision === revision);
}

/** The next step of replicas whose service the file no longer has. */
export function planOrphans(draft: Draft, desired: Desired, observed: Observed): void {
  if (desired.orphans === 'keep') return;
  for (const orphan of observed.replicas) {
    const { replica } = orphan;
    if (desired.stack.services[replica.service] !== undefined) continue;
    const subject = { service: replica.service, instance: replica.instance, replicaId: replica.id };
    if (observed.busy.has(replica.id)) {
      draft.waits.push({ service: replica.service, instance: replica.instance, reason: 'being removed' });
    } else if (isAlive(orphan)) {
      draft.operations.push({ ...subject, kind: 'stop', afterwards: 'remove', cause: 'orphan' });
    } else {
      draft.operations.push({ ...subject, kind: 'remove', cause: 'orphan' });
    }
  }
}
