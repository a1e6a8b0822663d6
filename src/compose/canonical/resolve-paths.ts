import { lstatSync, realpathSync } from 'node:fs';
import { isAbsolute, sep } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import type { Report } from '../faults.ts';
import { expandHome, goJoin, isWindowsAbsolute } from '../go-path.ts';
import { at, formatPath, type Path } from '../path.ts';
import { isRemote } from '../read/remote.ts';
import { below, pathTable, type PathTable } from '../path-table.ts';
import { isMap, mapAt, type Tree, type TreeMap } from '../tree.ts';

interface Resolution {
  readonly baseDir: string;
  readonly report: Report;
}

type Resolver = (value: Tree, path: Path, resolution: Resolution) => Tree;

/** Makes the relative paths of a canonical model start from a folder, in place. */
export function resolvePaths(model: TreeMap, baseDir: string, report: Report): void {
  walk(model, undefined, resolvers, { baseDir, report });
}

function walk(value: Tree, path: Path, table: PathTable<Resolver> | undefined, resolution: Resolution): Tree {
  if (table === undefined) return value;
  if (table.rule !== undefined) return table.rule(value, path, resolution);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      value[index] = walk(item, at(path, index), below(table, '*'), resolution);
    }
  } else if (isMap(value)) {
    for (const key in value)
      value[key] = walk(value[key] ?? null, at(path, key), below(table, key), resolution);
  }
  return value;
}

/** A path on this machine. */
const local: Resolver = (value, _path, { baseDir }) => {
  if (typeof value !== 'string' || value === '') return value;
  const expanded = expandHome(value);
  return isAbsolute(expanded) ? expanded : goJoin(baseDir, expanded);
};

/** A file that is read while the project is loaded, which fetches nothing. */
const readNow: Resolver = (value, path, resolution) => {
  if (typeof value !== 'string' || !isRemote(value)) return local(value, path, resolution);
  resolution.report({
    path,
    message: `${formatPath(path)}: ${value} is a remote resource, which is not supported`,
    expected: 'a path on this machine',
    hint: 'fetch it first, and name the local copy',
  });
  return value;
};

/** A path on the engine's machine, which may run another system than this one. */
const ofEngine: Resolver = (value, _path, { baseDir }) => {
  if (typeof value !== 'string') return value;
  const expanded = expandHome(value);
  return isAbsolute(expanded) || isWindowsAbsolute(expanded) ? expanded : goJoin(baseDir, expanded);
};

const remoteContext = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@|service:)|:\/\//;

/** A build context, which may be a URL or another service. */
const context: Resolver = (value, path, resolution) =>
  typeof value === 'string' && !remoteContext.test(value) ? local(value, path, resolution) : value;

const watched: Resolver = (value, path, resolution) => {
  const absolute = local(value, path, resolution);
  if (typeof absolute !== 'string') return absolute;
  try {
    return followFirstLink(absolute);
  } catch (thrown) {
    resolution.report({ path, message: `cannot follow ${absolute}: ${messageOf(thrown)}` });
    return absolute;
  }
};

/** Replaces the first symbolic link on the way by what it leads to. */
function followFirstLink(path: string): string {
  let current = '';
  for (const part of path.split(sep)) {
    if (part === '') continue;
    current = `${current}${sep}${part}`;
    if (lstatSync(current, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      return path.replace(current, realpathSync(current));
    }
  }
  return path;
}

const mount: Resolver = (value, path, resolution) => {
  if (!isMap(value) || value['type'] !== 'bind') return value;
  const { source } = value;
  if (source === undefined) {
    resolution.report({
      path,
      message: 'invalid mount config for type "bind": field Source must not be empty',
      expected: 'source',
    });
    return value;
  }
  value['source'] = ofEngine(source, at(path, 'source'), resolution);
  return value;
};

/** A local volume with `o: bind` is a folder of the host in disguise. */
const volumeOptions: Resolver = (value, path, resolution) => {
  if (!isMap(value) || value['driver'] !== 'local') return value;
  const options = mapAt(value, 'driver_opts');
  if (options?.['o'] === 'bind' && options['device'] !== undefined) {
    options['device'] = ofEngine(options['device'], at(at(path, 'driver_opts'), 'device'), resolution);
  }
  return value;
};

const resolvers = pathTable<Resolver>({
  'services.*.build.context': context,
  'services.*.build.additional_contexts.*': context,
  'services.*.build.ssh.*': ofEngine,
  'services.*.env_file.*.path': readNow,
  'services.*.label_file.*': readNow,
  'services.*.extends.file': local,
  'services.*.develop.watch.*.path': watched,
  'services.*.volumes.*': mount,
  'configs.*.file': ofEngine,
  'secrets.*.file': ofEngine,
  'volumes.*': volumeOptions,
});
