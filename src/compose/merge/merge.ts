import { FaultError } from '../faults.ts';
import { at, formatPath, pathOf, type Path } from '../path.ts';
import { below, pathTable, tableAt, type PathTable } from '../path-table.ts';
import { isMap, newMap, treeKey, type Tree, type TreeMap } from '../tree.ts';
import { goText } from '../go-text.ts';

/** How two values of one place become one. The base may be changed; the override's own parts may be taken over. */
type MergeRule = (base: Tree, override: Tree, path: Path, table: PathTable<MergeRule> | undefined) => Tree;

/**
 * Lays an override over a base, in place, by the Compose merge rules: mappings are merged key by key, lists appended,
 * everything else replaced, except where a place has a rule of its own.
 */
export function mergeModels(base: TreeMap, override: TreeMap): TreeMap {
  return mergeMappings(base, override, undefined, mergeRules);
}

/** Lays a service over the one that it extends. */
export function mergeService(base: TreeMap, override: TreeMap, name: string): TreeMap {
  return mergeMappings(base, override, pathOf('services', name), tableAt(mergeRules, 'services', name));
}

/** Lays the including file's own resource over the included one. */
export function mergeResource(base: Tree, override: Tree, section: string, name: string): Tree {
  return mergeValues(base, override, pathOf(section, name), tableAt(mergeRules, section, name));
}

function mergeValues(base: Tree, override: Tree, path: Path, table: PathTable<MergeRule> | undefined): Tree {
  if (table?.rule !== undefined) return table.rule(base, override, path, table);
  if (override === null) return base;
  if (isMap(base)) {
    if (isMap(override)) return mergeMappings(base, override, path, table);
    throw cannotOverride(path, 'a mapping', override);
  }
  if (Array.isArray(base)) {
    if (!Array.isArray(override)) throw cannotOverride(path, 'a list', override);
    for (const item of override) base.push(item);
    return base;
  }
  return override;
}

function cannotOverride(path: Path, expected: string, override: Tree): FaultError {
  return new FaultError({
    path,
    message: `cannot override ${formatPath(path)}`,
    expected: `${expected}, as in the file before`,
    got: Array.isArray(override) ? 'a list' : isMap(override) ? 'a mapping' : JSON.stringify(override),
    hint: 'to replace the whole value, tag it !override',
  });
}

function mergeMappings(
  base: TreeMap,
  override: TreeMap,
  path: Path,
  table: PathTable<MergeRule> | undefined,
): TreeMap {
  for (const key in override) {
    const value = override[key] ?? null;
    const existing = base[key];
    base[key] =
      existing === undefined ? value : mergeValues(existing, value, at(path, key), below(table, key));
  }
  return base;
}

const replace: MergeRule = (_base, override) => override;

/** `KEY: value` mappings become `KEY=value` lists, so that a list can follow a mapping and the other way round. */
const appendAsList: MergeRule = (base, override) => [...asList(base), ...asList(override)];

const appendNew: MergeRule = (base, override) => {
  const list = asList(base);
  const known = new Set(list.map(treeKey));
  return [...list, ...asList(override).filter((item) => !known.has(treeKey(item)))];
};

function asList(value: Tree): Tree[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [value];
  if (!isMap(value)) return [];
  const list: string[] = [];
  for (const key in value) {
    const item = value[key] ?? null;
    if (item === null) list.push(key);
    else if (Array.isArray(item)) list.push(...item.map((each) => `${key}=${goText(each)}`));
    else list.push(`${key}=${goText(item)}`);
  }
  return list.sort();
}

/** A list of names is a mapping of those names, each with the default. */
function asMapping(value: Tree, defaultValue: TreeMap | null): TreeMap {
  if (isMap(value)) return value;
  const map = newMap();
  if (!Array.isArray(value)) return map;
  for (const name of value) {
    if (typeof name === 'string') map[name] = defaultValue === null ? null : { ...defaultValue };
  }
  return map;
}

function mergeAsMappings(defaultValue: TreeMap | null): MergeRule {
  return (base, override, path, table) =>
    mergeMappings(asMapping(base, defaultValue), asMapping(override, defaultValue), path, table);
}

/** Options of a logging driver are merged only when both files mean the same driver. */
const mergeLogging: MergeRule = (base, override, path, table) => {
  if (!isMap(base) || !isMap(override)) return override ?? base;
  const isSameDriver =
    base['driver'] === undefined || override['driver'] === undefined || base['driver'] === override['driver'];
  return isSameDriver ? mergeMappings(base, override, path, table) : override;
};

const mergeBuild: MergeRule = (base, override, path, table) => {
  const long = (value: Tree): TreeMap =>
    typeof value === 'string' ? { context: value } : isMap(value) ? value : newMap();
  return mergeMappings(long(base), long(override), path, table);
};

/** Address pools are one and the same when their subnet is. */
const mergePools: MergeRule = (base, override, path) => {
  if (!Array.isArray(base) || !Array.isArray(override)) return override ?? base;
  const pools: TreeMap[] = [];
  const subnetOf = (pool: TreeMap) => pool['subnet'];
  for (const original of base.filter(isMap)) {
    for (const other of override.filter(isMap)) {
      const isKnown = pools.some((pool) => subnetOf(pool) === subnetOf(other));
      if (subnetOf(other) !== subnetOf(original) && !isKnown) {
        pools.push(other);
        continue;
      }
      const merged = mergeMappings(original, other, path, undefined);
      const index = pools.findIndex((pool) => subnetOf(pool) === subnetOf(merged));
      if (index === -1) pools.push(merged);
      else pools[index] = merged;
    }
  }
  return pools;
};

const startedDependency = { condition: 'service_started', required: true };

/** Places where merging is not what the kind of the value alone would say (compose-spec, merge). */
const mergeRules = pathTable<MergeRule>({
  'networks.*.ipam.config': mergePools,
  'networks.*.labels': appendAsList,
  'volumes.*.labels': appendAsList,
  'services.*.annotations': appendAsList,
  'services.*.build': mergeBuild,
  'services.*.build.args': appendAsList,
  'services.*.build.additional_contexts': appendAsList,
  'services.*.build.extra_hosts': appendNew,
  'services.*.build.labels': appendAsList,
  'services.*.command': replace,
  'services.*.depends_on': mergeAsMappings(startedDependency),
  'services.*.deploy.labels': appendAsList,
  'services.*.dns': appendAsList,
  'services.*.dns_opt': appendAsList,
  'services.*.dns_search': appendAsList,
  'services.*.entrypoint': replace,
  'services.*.env_file': appendAsList,
  'services.*.label_file': appendAsList,
  'services.*.environment': appendAsList,
  'services.*.extra_hosts': appendNew,
  'services.*.healthcheck.test': replace,
  'services.*.labels': appendAsList,
  'services.*.volumes.*.volume.labels': appendAsList,
  'services.*.logging': mergeLogging,
  'services.*.models': mergeAsMappings(null),
  'services.*.networks': mergeAsMappings(null),
  'services.*.sysctls': appendAsList,
  'services.*.tmpfs': appendAsList,
  'services.*.ulimits.*': replace,
});
