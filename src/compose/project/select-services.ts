import { TenfoldError } from '../../shared/errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { newRecord, recordOf } from '../tree.ts';
import type { ServiceConfig } from '../project.ts';

export interface Selection {
  readonly services: Readonly<Record<string, ServiceConfig>>;
  readonly disabledServices: Readonly<Record<string, ServiceConfig>>;
  readonly profiles: readonly string[];
}

/** Parts the services that active profiles ask for from the others; `*` activates every profile. */
export function selectByProfile(
  all: Readonly<Record<string, ServiceConfig>>,
  profiles: readonly string[],
): Selection {
  const isActive = ({ profiles: own = [] }: ServiceConfig) =>
    own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile));
  const part = (wanted: boolean) =>
    recordOf(Object.entries(all).filter(([, service]) => isActive(service) === wanted));
  return { services: part(true), disabledServices: part(false), profiles };
}

/** Activates the profiles of services that were asked for by name. */
export function enableProfilesOf(selection: Selection, names: readonly string[]): Selection {
  const { services, disabledServices, profiles } = selection;
  const added = names.flatMap((name) => (name in services ? [] : (disabledServices[name]?.profiles ?? [])));
  return selectByProfile(recordOf([...Object.entries(services), ...Object.entries(disabledServices)]), [
    ...profiles,
    ...added,
  ]);
}

/**
 * Keeps the named services and what they depend on, and drops dependencies on the others. Names may have `*` and `?` in
 * them. Throws `unknown-service`.
 */
export function selectByName(selection: Selection, names: readonly string[]): Selection {
  const { services, disabledServices, profiles } = selection;
  const kept = new Set<string>();
  const queue = names.flatMap((name) => matching(name, services));
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (kept.has(name)) continue;
    kept.add(name);
    for (const [dependency, details] of Object.entries(services[name]?.depends_on ?? {})) {
      if (dependency in services) queue.push(dependency);
      else if (details?.required !== false) throw unknownService(dependency, services);
    }
  }
  const enabled = newRecord<ServiceConfig>();
  const disabled = recordOf(Object.entries(disabledServices));
  for (const [name, service] of Object.entries(services)) {
    if (kept.has(name)) enabled[name] = withoutDependencies(service, (dependency) => !kept.has(dependency));
    else disabled[name] = service;
  }
  return { services: enabled, disabledServices: disabled, profiles };
}

function withoutDependencies(service: ServiceConfig, isDropped: (name: string) => boolean): ServiceConfig {
  const { depends_on: dependencies, ...rest } = service;
  if (dependencies === undefined) return service;
  const left = Object.entries(dependencies).filter(([name]) => !isDropped(name));
  return left.length === 0 ? rest : { ...service, depends_on: recordOf(left) };
}

function matching(name: string, services: Readonly<Record<string, ServiceConfig>>): string[] {
  if (name in services) return [name];
  const pattern = new RegExp(
    `^${name
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  const found = Object.keys(services).filter((each) => pattern.test(each));
  if (found.length === 0) throw unknownService(name, services);
  return found;
}

function unknownService(name: string, services: Readonly<Record<string, ServiceConfig>>): TenfoldError {
  return new TenfoldError('unknown-service', `no such service: ${name}`, {
    expected: `one of ${Object.keys(services).join(', ')}`,
    got: name,
    ...didYouMean(name, Object.keys(services)),
  });
}
