import type { Report } from '../faults.ts';
import { describeValue, goText } from '../go-text.ts';
import { at, formatPath, type Path } from '../path.ts';
import { below, pathTable, type PathTable } from '../path-table.ts';
import { isMap, newMap, type Tree, type TreeMap } from '../tree.ts';
import { longVolume, parseVolume } from './parse-volume.ts';
import { parsePort } from './parse-port.ts';

interface Canonicalisation {
  readonly report: Report;
  readonly warn: (message: string) => void;
  /** Leave a short syntax as it is where variables, not filled in, keep it from being parsed. */
  readonly isLenient: boolean;
}

/** Turns a short syntax into the long one, before or after what stands below has been turned. */
interface Rule {
  readonly when: 'before' | 'after';
  readonly apply: (value: Tree, path: Path, context: Canonicalisation) => Tree;
}

/** Turns every short syntax of a model into its long one, in place. */
export function canonicalise(model: TreeMap, context: Canonicalisation): void {
  walk(model, undefined, rules, context);
}

function walk(value: Tree, path: Path, table: PathTable<Rule> | undefined, context: Canonicalisation): Tree {
  if (table === undefined) return value;
  const { rule } = table;
  const long = rule?.when === 'before' ? rule.apply(value, path, context) : value;
  if (Array.isArray(long)) {
    for (const [index, item] of long.entries()) {
      long[index] = walk(item, at(path, index), below(table, '*'), context);
    }
  } else if (isMap(long)) {
    for (const key in long) long[key] = walk(long[key] ?? null, at(path, key), below(table, key), context);
  }
  return rule?.when === 'after' ? rule.apply(long, path, context) : long;
}

function before(apply: Rule['apply']): Rule {
  return { when: 'before', apply };
}

function wrongType(value: Tree, path: Path, expected: string, context: Canonicalisation): Tree {
  context.report({
    path,
    message: `${formatPath(path)} must be ${expected}`,
    expected,
    got: describeValue(value),
  });
  return value;
}

/** A text becomes a mapping with that text under a key. */
function textAs(key: string): Rule {
  return before((value) => (typeof value === 'string' ? { [key]: value } : value));
}

const textAsList = before((value) => (typeof value === 'string' ? [value] : value));

const scalarAsText = before((value) =>
  typeof value === 'boolean' || typeof value === 'number' ? goText(value) : value,
);

const namesAsMapping = before((value) => {
  if (!Array.isArray(value)) return value;
  const map = newMap();
  for (const name of value) if (typeof name === 'string') map[name] = null;
  return map;
});

const keyValues = before((value, path, context) => {
  if (!Array.isArray(value)) return value;
  const map = newMap();
  for (const [index, item] of value.entries()) {
    const text = goText(item);
    const equals = text.indexOf('=');
    if (equals === -1) {
      if (context.isLenient) return value;
      context.report({
        path: at(path, index),
        message: `${formatPath(path)}: invalid value ${text}, expected key=value`,
        expected: 'key=value',
        got: text,
      });
    } else {
      map[text.slice(0, equals)] = text.slice(equals + 1);
    }
  }
  return map;
});

const dependencies = before((value, path, context) => {
  const map = newMap();
  if (Array.isArray(value)) {
    for (const name of value) {
      if (typeof name === 'string') map[name] = { condition: 'service_started', required: true };
    }
    return map;
  }
  if (!isMap(value)) return wrongType(value, path, 'a mapping or a list', context);
  for (const name in value) {
    const dependency = value[name] ?? null;
    if (!isMap(dependency)) {
      wrongType(dependency, at(path, name), 'a mapping', context);
      continue;
    }
    dependency['condition'] ??= 'service_started';
    dependency['required'] ??= true;
    map[name] = dependency;
  }
  return map;
});

const envFiles = before((value, path, context) => {
  const list = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list)) return wrongType(value, path, 'a string or a list', context);
  return list.map((item) => {
    if (typeof item === 'string') return { path: item, required: true };
    if (isMap(item)) item['required'] ??= true;
    return item;
  });
});

const volume = before((value, path, context) => {
  if (typeof value !== 'string') return value;
  const parsed = parseVolume(value);
  if (!('problem' in parsed)) return longVolume(parsed);
  if (!context.isLenient)
    context.report({ path, message: parsed.problem, expected: '[SOURCE:]TARGET[:OPTIONS]' });
  return value;
});

const ports = before((value, path, context) => {
  if (!Array.isArray(value)) return wrongType(value, path, 'a list', context);
  const long: Tree[] = [];
  for (const [index, item] of value.entries()) {
    if (isMap(item)) {
      long.push(item);
      continue;
    }
    if (typeof item !== 'string' && typeof item !== 'number') {
      wrongType(item, at(path, index), 'a port, a string or a mapping', context);
      continue;
    }
    const parsed = parsePort(goText(item));
    if ('problem' in parsed) {
      if (context.isLenient) return value;
      const expected = '[[IP:]HOST:]CONTAINER[/PROTOCOL]';
      context.report({ path: at(path, index), message: parsed.problem, expected, got: goText(item) });
    } else {
      long.push(...parsed);
    }
  }
  return long;
});

const device = before((value, path, context) => {
  if (typeof value !== 'string') return value;
  const [source = '', target, permissions = 'rwm', ...more] = value.split(':');
  if (more.length > 0 && !context.isLenient) {
    context.report({
      path,
      message: `confusing device mapping, please use long syntax: ${value}`,
      expected: 'SOURCE[:TARGET[:PERMISSIONS]]',
    });
  }
  return { source, target: target === undefined || target === '' ? source : target, permissions };
});

const gpus = before((value) => (typeof value === 'string' ? [{ count: 'all' }] : value));

const sshKeys = before((value, path, context) => {
  if (!Array.isArray(value)) return value;
  const map = newMap();
  for (const [index, item] of value.entries()) {
    const text = goText(item);
    const equals = text.indexOf('=');
    if (equals !== -1) map[text.slice(0, equals)] = text.slice(equals + 1);
    else if (text === 'default') map[text] = null;
    else
      context.report({
        path: at(path, index),
        message: `invalid ssh key "${text}"`,
        expected: 'default or id=path',
      });
  }
  return map;
});

/** `external: {name: x}` is what `external: true` and `name: x` used to be. */
const external: Rule = {
  when: 'after',
  apply(value, path, context) {
    if (!isMap(value)) return value;
    const declared = value['external'] ?? null;
    if (!isMap(declared)) return value;
    value['external'] = true;
    const { name } = declared;
    if (name === undefined) return value;
    context.warn(`${formatPath(path)}: external.name is deprecated. Please set name and external: true`);
    if (value['name'] !== undefined && value['name'] !== name) {
      context.report({
        path: at(path, 'external'),
        message: `${formatPath(path)}: name and external.name conflict; only use name`,
        hint: `write external: true beside the name`,
      });
    }
    value['name'] ??= name;
    return value;
  },
};

const rules = pathTable<Rule>({
  'services.*.build': textAs('context'),
  'services.*.build.secrets.*': textAs('source'),
  'services.*.build.provenance': scalarAsText,
  'services.*.build.sbom': scalarAsText,
  'services.*.build.additional_contexts': keyValues,
  'services.*.build.ssh': sshKeys,
  'services.*.depends_on': dependencies,
  'services.*.env_file': envFiles,
  'services.*.label_file': textAsList,
  'services.*.extends': textAs('service'),
  'services.*.gpus': gpus,
  'services.*.networks': namesAsMapping,
  'services.*.models': namesAsMapping,
  'services.*.volumes.*': volume,
  'services.*.dns': textAsList,
  'services.*.devices.*': device,
  'services.*.secrets.*': textAs('source'),
  'services.*.configs.*': textAs('source'),
  'services.*.ports': ports,
  'services.*.develop.watch.*.ignore': textAsList,
  'services.*.develop.watch.*.include': textAsList,
  'volumes.*': external,
  'networks.*': external,
  'secrets.*': external,
  'configs.*': external,
  'include.*': textAs('path'),
});
