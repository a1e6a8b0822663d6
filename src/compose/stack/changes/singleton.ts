import type { Service } from '../../../model/service.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import type { Project, ServiceConfig } from '../../project.ts';

/** What a service says that there may never be two of, and then asks for two. Throws `invalid-compose`, at its place. */
export function checkSingleton(
  { name, replicas }: Pick<Service, 'name' | 'replicas'>,
  { deploy }: ServiceConfig,
  project: Project,
): void {
  const refuse = (message: string, expected: string, got: string, keys: readonly string[]): TenfoldError =>
    new TenfoldError('invalid-compose', `service ${name} is a singleton and ${message}`, {
      where: project.locate('services', name, ...keys),
      expected,
      got,
      hint: 'a singleton never runs twice, not even while one replaces the other',
    });
  if (replicas > 1) {
    const keys = deploy?.replicas === undefined ? ['scale'] : ['deploy', 'replicas'];
    throw refuse(`asks for ${replicas} replicas`, 'at most 1 replica', String(replicas), keys);
  }
  for (const key of ['update_config', 'rollback_config'] as const) {
    if (deploy?.[key]?.order !== 'start-first') continue;
    throw refuse('cannot start the new one first', 'stop-first', 'start-first', ['deploy', key, 'order']);
  }
}
