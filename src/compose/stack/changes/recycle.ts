import type { RecyclePolicy } from '../../../model/recycle.ts';
import type { Service } from '../../../model/service.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { throwAll } from '../../faults.ts';
import type { Project } from '../../project.ts';
import { parseBytes } from '../../schema/quantities.ts';
import type { XTenfold } from '../../schema/tenfold/x-tenfold.ts';
import { milliseconds } from '../balancing.ts';

const defaultJitter = 0.1;

/** `x-tenfold.recycle`. Throws `invalid-compose` when it has no limit. */
export function recyclePolicy(
  name: string,
  { recycle }: XTenfold,
  project: Project,
): RecyclePolicy | undefined {
  if (recycle === undefined) return undefined;
  const { max_requests: maxRequests, max_age: age, max_memory: memory, jitter = defaultJitter } = recycle;
  if (maxRequests === undefined && age === undefined && memory === undefined) {
    throw new TenfoldError('invalid-compose', `service ${name}: recycle has no limit`, {
      where: project.locate('services', name, 'x-tenfold', 'recycle'),
      expected: 'max_requests, max_age or max_memory',
    });
  }
  const bytes = memory === undefined ? undefined : parseBytes(memory);
  return {
    maxRequests,
    maxAgeMs: age === undefined ? undefined : milliseconds(age, 0),
    maxMemoryBytes: typeof bytes === 'number' ? bytes : undefined,
    jitter,
  };
}

/**
 * Requests are counted by the balancer: a service that it does not carry would never reach `max_requests`. Throws
 * `invalid-compose`, at its place. A default for all services means those that it carries.
 */
export function refuseUncounted(services: readonly Service[], project: Project): void {
  const uncounted = services.filter(
    ({ name, listeners, routedTargets = [] }) =>
      listeners.length === 0 &&
      routedTargets.length === 0 &&
      project.tenfold.services[name]?.recycle?.max_requests !== undefined,
  );
  throwAll(
    uncounted.map(
      ({ name }) =>
        new TenfoldError('invalid-compose', `service ${name}: nobody counts the requests of its replicas`, {
          where: project.locate('services', name, 'x-tenfold', 'recycle', 'max_requests'),
          expected: 'a port that the balancer carries, or max_age or max_memory as the limit',
          hint: 'publish a TCP port of the service, or name one under expose, without `publish: direct`',
        }),
    ),
  );
}
