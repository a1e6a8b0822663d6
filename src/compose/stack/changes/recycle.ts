import type { RecyclePolicy } from '../../../model/recycle.ts';
import { TenfoldError } from '../../../shared/errors.ts';
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
