import { rollbackPolicy, rolloutPolicy, updatePolicy } from '../../compose/stack/changes/rollout.ts';
import type { Desired } from '../../controller/desired.ts';
import type { Service } from '../../model/service.ts';

/** A service as a Tenfold wrote it that knew less of rollouts. */
type EarlierService = Omit<Service, 'update' | 'rollback' | 'rollout'> & {
  readonly update: Partial<Service['update']>;
  readonly rollback?: Service['rollback'];
  readonly rollout?: Service['rollout'];
};

/** The same desired state with what an earlier version did not write at its default. */
export function upgradeDesired(desired: Desired): Desired {
  const services = Object.entries(desired.stack.services).map(
    ([name, service]) => [name, upgradeService(service)] as const,
  );
  return { ...desired, stack: { ...desired.stack, services: Object.fromEntries(services) } };
}

function upgradeService(service: EarlierService): Service {
  const update = { ...updatePolicy(undefined, false), ...service.update };
  return {
    ...service,
    update,
    rollback: service.rollback ?? rollbackPolicy(undefined, update),
    rollout: service.rollout ?? rolloutPolicy(),
  };
}
