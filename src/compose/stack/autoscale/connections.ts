import type { ConnectionBudget } from '../../../model/autoscale.ts';
import { didYouMean } from '../../nearest-name.ts';
import type { Place } from './place.ts';

/** What replicas open to other services, against the `max_connections` that those declare. */
export function connectionBudgets(place: Place): ConnectionBudget[] {
  const { autoscale, services, fault } = place;
  return Object.entries(autoscale.connections ?? {}).flatMap(([name, perReplica]) => {
    const keys = ['connections', name];
    const other = services.get(name);
    if (perReplica === null || perReplica === 0) return [];
    if (other === undefined) {
      const expected = `one of ${[...services.keys()].join(', ')}`;
      fault(keys, `there is no service ${name} to connect to`, {
        expected,
        got: name,
        ...didYouMean(name, services.keys()),
      });
      return [];
    }
    const each = other.balancing.maxConnections;
    if (each === undefined) {
      fault(keys, `${name} does not say how many connections it takes`, {
        expected: `x-tenfold: {max_connections: N} in the service ${name}`,
        hint: 'for PostgreSQL, that is its own max_connections less those reserved for administrators',
      });
      return [];
    }
    const budget = { service: name, perReplica, total: each * Math.max(1, other.replicas) };
    checkLeast(place, keys, budget);
    return [budget];
  });
}

function checkLeast(
  { autoscale, fault }: Place,
  keys: readonly string[],
  { service, perReplica, total }: ConnectionBudget,
): void {
  const least = Math.max(1, autoscale.min ?? 1);
  if (least * perReplica <= total) return;
  fault(keys, `min asks for more connections than ${service} takes`, {
    expected: `at most ${total}`,
    got: `${least} × ${perReplica} = ${least * perReplica}`,
  });
}
