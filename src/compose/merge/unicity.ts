import type { Report } from '../faults.ts';
import { goText } from '../go-text.ts';
import { parseVolume } from '../canonical/parse-volume.ts';
import { at, formatPath, type Path } from '../path.ts';
import { below, pathTable, type PathTable } from '../path-table.ts';
import { isMap, type Tree, type TreeMap } from '../tree.ts';

/** What makes two items of a list the same item, or why that cannot be said. */
type Identity = (item: Tree, path: Path) => { readonly key: string } | { readonly problem: string };

/** Keeps the last of the items that mean the same thing, at the place of the first. In place. */
export function keepUnique(model: TreeMap, report: Report): void {
  walk(model, undefined, identities, report);
}

function walk(value: Tree, path: Path, table: PathTable<Identity> | undefined, report: Report): Tree {
  if (table === undefined) return value;
  if (Array.isArray(value)) {
    return table.rule === undefined ? value : uniqueItems(value, path, table.rule, report);
  }
  if (isMap(value)) {
    for (const key in value) value[key] = walk(value[key] ?? null, at(path, key), below(table, key), report);
  }
  return value;
}

function uniqueItems(items: readonly Tree[], path: Path, identity: Identity, report: Report): Tree[] {
  const unique: Tree[] = [];
  const places = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const place = at(path, index);
    const identified = identity(item, place);
    if ('problem' in identified) {
      report({ path: place, message: identified.problem });
      continue;
    }
    const known = places.get(identified.key);
    if (known === undefined) {
      places.set(identified.key, unique.length);
      unique.push(item);
    } else {
      unique[known] = item;
    }
  }
  return unique;
}

const byName: Identity = (item, path) => {
  if (typeof item !== 'string') return { problem: `${formatPath(path)} must be a string` };
  const equals = item.indexOf('=');
  return { key: equals === -1 ? item : item.slice(0, equals) };
};

const byMountTarget: Identity = (item, path) => {
  if (typeof item === 'string') {
    const volume = parseVolume(item);
    return 'problem' in volume ? volume : { key: volume.target };
  }
  if (!isMap(item)) return { key: '' };
  const { target } = item;
  return typeof target === 'string'
    ? { key: target }
    : { problem: `service volume ${formatPath(path)} is missing a mount target` };
};

const byDeviceTarget: Identity = (item, path) => {
  if (typeof item === 'string') {
    const parts = item.split(':');
    return { key: parts[1] ?? item };
  }
  if (!isMap(item)) return { key: '' };
  const { target } = item;
  return typeof target === 'string'
    ? { key: target }
    : { problem: `service device ${formatPath(path)} is missing a mount target` };
};

const byText: Identity = (item, path) =>
  typeof item === 'string' || typeof item === 'number'
    ? { key: goText(item) }
    : { problem: `${formatPath(path)} must be a string or a number` };

function byMountPath(folder: string): Identity {
  return (item, path) => {
    if (typeof item === 'string') return { key: `${folder}/${item}` };
    if (!isMap(item)) return { problem: `${formatPath(path)} must be a string or a mapping` };
    const { target, source = null } = item;
    return { key: typeof target === 'string' ? target : `${folder}/${goText(source)}` };
  };
}

const byPort: Identity = (item, path) => {
  if (typeof item === 'number' || typeof item === 'string') return { key: goText(item) };
  if (!isMap(item)) return { key: '' };
  const { target, published = null, host_ip: hostIp = '0.0.0.0', protocol = 'tcp' } = item;
  if (target === undefined) return { problem: `service ports ${formatPath(path)} is missing a target port` };
  return { key: `${goText(hostIp)}:${goText(published)}:${goText(target)}/${goText(protocol)}` };
};

const byEnvFilePath: Identity = (item, path) => {
  if (typeof item === 'string') return { key: item };
  if (!isMap(item)) return { key: '' };
  const file = item['path'];
  return typeof file === 'string'
    ? { key: file }
    : { problem: `environment path attribute ${formatPath(path)} is missing` };
};

/** Lists in which an item means something once only (compose-spec, merge: unique resources). */
const identities = pathTable<Identity>({
  'networks.*.labels': byName,
  'networks.*.ipam.options': byName,
  'services.*.annotations': byName,
  'services.*.build.args': byName,
  'services.*.build.additional_contexts': byName,
  'services.*.build.platform': byName,
  'services.*.build.tags': byName,
  'services.*.build.labels': byName,
  'services.*.cap_add': byName,
  'services.*.cap_drop': byName,
  'services.*.devices': byDeviceTarget,
  'services.*.configs': byMountPath(''),
  'services.*.deploy.labels': byName,
  'services.*.dns': byName,
  'services.*.dns_opt': byName,
  'services.*.dns_search': byName,
  'services.*.environment': byName,
  'services.*.env_file': byEnvFilePath,
  'services.*.expose': byText,
  'services.*.labels': byName,
  'services.*.links': byName,
  'services.*.networks.*.aliases': byName,
  'services.*.networks.*.link_local_ips': byName,
  'services.*.ports': byPort,
  'services.*.profiles': byName,
  'services.*.secrets': byMountPath('/run/secrets'),
  'services.*.sysctls': byName,
  'services.*.tmpfs': byName,
  'services.*.volumes': byMountTarget,
});
