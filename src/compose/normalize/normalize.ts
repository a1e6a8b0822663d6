import { goClean } from '../go-path.ts';
import { goText } from '../go-text.ts';
import { isMap, mapAt, newMap, textAt, type Tree, type TreeMap } from '../tree.ts';
import type { Lookup } from '../interpolate/template.ts';

/**
 * Writes down what a canonical model implies: the default network, dependencies from links, shared namespaces and
 * volumes, values of arguments and variables that only name one, and the names of resources. In place; `name` is the
 * project's.
 */
export function normalize(model: TreeMap, lookup: Lookup): void {
  addDefaultNetwork(model);
  for (const service of Object.values(mapAt(model, 'services') ?? {})) {
    if (isMap(service)) normalizeService(service, lookup);
  }
  nameResources(model);
}

function normalizeService(service: TreeMap, lookup: Lookup): void {
  if (service['pull_policy'] === 'if_not_present') service['pull_policy'] = 'missing';
  const build = mapAt(service, 'build');
  if (build !== undefined) {
    build['context'] ??= '.';
    if (build['dockerfile_inline'] === undefined) build['dockerfile'] ??= 'Dockerfile';
    if (build['args'] !== undefined) build['args'] = resolveValues(build['args'], lookup, false);
  }
  if (service['environment'] !== undefined) {
    service['environment'] = resolveValues(service['environment'], lookup, true);
  }
  addImpliedDependencies(service);
  for (const volume of Array.isArray(service['volumes']) ? service['volumes'] : []) {
    const target = isMap(volume) ? textAt(volume, 'target') : undefined;
    if (isMap(volume) && target !== undefined) volume['target'] = goClean(target);
  }
  const image = textAt(service, 'image');
  if (image === undefined || image === '') return;
  for (const hook of Array.isArray(service['pre_start']) ? service['pre_start'] : []) {
    if (isMap(hook)) hook['image'] ??= image;
  }
}

function resolveValues(value: Tree, lookup: Lookup, keepsUnset: boolean): Tree {
  if (isMap(value)) {
    const resolved = newMap();
    for (const key in value) {
      const own = value[key] ?? null;
      const known = own ?? lookup(key);
      if (known !== undefined) resolved[key] = known;
      else if (keepsUnset) resolved[key] = null;
    }
    return resolved;
  }
  if (!Array.isArray(value)) return value;
  return value.flatMap((item) => {
    if (typeof item !== 'string' || item.includes('=')) return [item];
    const known = lookup(item);
    if (known !== undefined) return [`${item}=${known}`];
    return keepsUnset ? [item] : [];
  });
}

const namespaces = ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'] as const;

function addImpliedDependencies(service: TreeMap): void {
  const dependencies = mapAt(service, 'depends_on') ?? newMap();
  const add = (name: string, restart: boolean) => {
    dependencies[name] ??= { condition: 'service_started', restart, required: true };
  };
  for (const link of textsAt(service, 'links')) {
    const parts = link.split(':');
    add(parts.length === 2 ? (parts[0] ?? link) : link, true);
  }
  for (const namespace of namespaces) {
    const reference = textAt(service, namespace);
    if (reference?.startsWith('service:') === true) add(reference.slice('service:'.length), true);
  }
  for (const source of textsAt(service, 'volumes_from')) {
    if (!source.startsWith('container:')) add(source.split(':')[0] ?? source, false);
  }
  if (Object.keys(dependencies).length > 0) service['depends_on'] = dependencies;
}

function textsAt(service: TreeMap, key: string): string[] {
  const list = service[key];
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

function addDefaultNetwork(model: TreeMap): void {
  const networks = mapAt(model, 'networks') ?? newMap();
  let isUsed = false;
  for (const service of Object.values(mapAt(model, 'services') ?? {})) {
    if (!isMap(service) || service['provider'] !== undefined || service['network_mode'] !== undefined)
      continue;
    const attached = mapAt(service, 'networks');
    if (attached === undefined || Object.keys(attached).length === 0) {
      service['networks'] = { default: null };
      isUsed = true;
    } else if ('default' in attached) {
      isUsed = true;
    }
  }
  if (isUsed && !('default' in networks)) networks['default'] = null;
  if (Object.keys(networks).length > 0) model['networks'] = networks;
}

function nameResources(model: TreeMap): void {
  for (const section of ['networks', 'volumes', 'configs', 'secrets']) {
    const resources = mapAt(model, section);
    if (resources === undefined) continue;
    for (const key in resources) {
      const resource = mapAt(resources, key) ?? newMap();
      const isExternal = goText(resource['external'] ?? null).toLowerCase() === 'true';
      resource['name'] ??= isExternal ? key : scopedName(model['name'] ?? null, key);
      resources[key] = resource;
    }
  }
}

function scopedName(project: Tree, key: string): string {
  return `${goText(project)}_${key}`;
}
