import { isAddress } from '../canonical/parse-port.ts';
import { describeValue, goText } from '../go-text.ts';
import type { Report } from '../faults.ts';
import { at, formatPath, type Path } from '../path.ts';
import { below, pathTable, type PathTable } from '../path-table.ts';
import { isMap, type Tree, type TreeMap } from '../tree.ts';

type Rule = (value: Tree, path: Path, report: Report) => void;

/** Judges what no schema can say: attributes that exclude each other or need one another. The model is canonical. */
export function checkRules(model: TreeMap, report: Report): void {
  walk(model, undefined, rules, report);
}

function walk(value: Tree, path: Path, table: PathTable<Rule> | undefined, report: Report): void {
  if (table === undefined) return;
  if (table.rule !== undefined) {
    table.rule(value, path, report);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => walk(item, at(path, index), below(table, '*'), report));
  } else if (isMap(value)) {
    for (const key in value) walk(value[key] ?? null, at(path, key), below(table, key), report);
  }
}

const externalVolume: Rule = (value, path, report) => {
  if (!isMap(value) || value['external'] !== true) return;
  for (const key in value) {
    if (key === 'name' || key === 'external' || key.startsWith('x-')) continue;
    report({
      path: at(path, key),
      message: `${formatPath(path)}: conflicting parameters "external" and "${key}" specified`,
      hint: 'an external volume is made elsewhere, and can only be named',
    });
  }
};

function oneSource(...keys: readonly string[]): Rule {
  return (value, path, report) => {
    if (!isMap(value)) return;
    const given = keys.filter((key) => value[key] !== undefined);
    const names = keys.join('|');
    if (given.length > 1) {
      report({
        path: at(path, given[1] ?? ''),
        message: `${formatPath(path)}: ${names} attributes are mutually exclusive`,
        got: given.join(' and '),
      });
    } else if (given.length === 0 && value['driver'] === undefined && value['external'] === undefined) {
      report({ path, message: `${formatPath(path)}: one of ${names} must be set`, expected: names });
    }
  };
}

const hostAddress: Rule = (value, path, report) => {
  const address = isMap(value) ? value['host_ip'] : undefined;
  if (address === undefined || isAddress(goText(address))) return;
  report({
    path: at(path, 'host_ip'),
    message: `${formatPath(path)}: invalid ip address: ${goText(address)}`,
    expected: 'an IPv4 or IPv6 address',
    got: describeValue(address),
  });
};

const watchedPath: Rule = (value, path, report) => {
  if (value === '')
    report({ path, message: `${formatPath(path)}: value can't be blank`, expected: 'a path' });
};

const countOrIds: Rule = (value, path, report) => {
  if (!isMap(value) || value['count'] === undefined || value['device_ids'] === undefined) return;
  report({ path, message: `${formatPath(path)}: "count" and "device_ids" attributes are exclusive` });
};

const rules = pathTable<Rule>({
  'volumes.*': externalVolume,
  'configs.*': oneSource('file', 'environment', 'content'),
  'secrets.*': oneSource('file', 'environment'),
  'services.*.ports.*': hostAddress,
  'services.*.develop.watch.*.path': watchedPath,
  'services.*.deploy.resources.reservations.devices.*': countOrIds,
  'services.*.gpus.*': countOrIds,
});
