import { describeValue, goText, goTextOrEmpty } from '../go-text.ts';
import { at, formatPath, type Path } from '../path.ts';
import { isMap, newRecord, type Tree } from '../tree.ts';
import { judgedAs, list, short } from './collections.ts';
import { checkType, type Binding, type JsonType, type Kind } from './kind.ts';
import { bindText, scalar, text } from './scalars.ts';

/** Any of the types, as it stands: for places where only the type is judged. */
export function anyOf(...accepts: readonly JsonType[]): Kind<Tree> {
  return scalar(accepts, (value) => value);
}

/** A kind for which a file may also use other types. */
export function widened<Bound>(kind: Kind<Bound>, ...accepts: readonly JsonType[]): Kind<Bound> {
  return judgedAs(anyOf(...accepts), (...args) => kind.bind(...args));
}

/** A mapping with free keys, judged as one, for kinds that read it in their own way. */
function freeMapping(value: Kind<unknown>, keys = '.+', isClosed = true): Kind<Tree> {
  return {
    accepts: ['object'],
    schema: {
      type: 'object',
      patternProperties: { [keys]: value.schema },
      ...(isClosed && { additionalProperties: false }),
    },
    check(tree, path, report) {
      if (!checkType(tree, ['object'], path, report) || !isMap(tree)) return;
      for (const key in tree) value.check(tree[key] ?? null, at(path, key), report);
    },
    bind: (tree) => tree,
  };
}

const uniqueTexts = list(text(), { isUnique: true });
const mappingOrList = short(freeMapping(anyOf('string', 'number', 'boolean', 'null')), uniqueTexts);
const hostsOrList = short(freeMapping(short(anyOf('string'), list(text()))), uniqueTexts);

function sorted<Value>(entries: [string, Value][]): Record<string, Value> | undefined {
  if (entries.length === 0) return undefined;
  const map = newRecord<Value>();
  for (const [key, value] of entries.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)))
    map[key] = value;
  return map;
}

function cut(item: string): [string, string | undefined] {
  const equals = item.indexOf('=');
  return equals === -1 ? [item, undefined] : [item.slice(0, equals), item.slice(equals + 1)];
}

/** `KEY: value` or `KEY=value`, where a key without a value has an empty one: labels, annotations, sysctls. */
export function mapping(): Kind<Record<string, string>> {
  return judgedAs(mappingOrList, bindMapping);
}

export function bindMapping(value: Tree): Record<string, string> | undefined {
  if (isMap(value)) {
    return sorted(Object.entries(value).map(([key, each]): [string, string] => [key, goTextOrEmpty(each)]));
  }
  if (!Array.isArray(value)) return undefined;
  const map = new Map(
    value.map((item) => cut(goText(item))).map(([key, each]): [string, string] => [key, each ?? '']),
  );
  return sorted([...map]);
}

/** `KEY: value` or `KEY=value`, where a key without a value has null: it takes the value of its surroundings. */
export function environment(): Kind<Record<string, string | null>> {
  return judgedAs(mappingOrList, (value, path, { report }) => {
    if (isMap(value)) {
      return sorted(
        Object.entries(value).map(([key, each]): [string, string | null] => [
          key,
          each === null ? null : goText(each),
        ]),
      );
    }
    if (!Array.isArray(value)) return undefined;
    const map = new Map<string, string | null>();
    for (const [index, item] of value.entries()) {
      const [key, each] = cut(goText(item));
      if (/\s$/u.test(key)) {
        report({
          path: at(path, index),
          message: `${formatPath(path)}: environment variable ${key} is declared with a trailing space`,
          got: describeValue(item),
        });
      }
      map.set(key, each ?? null);
    }
    return sorted([...map]);
  });
}

/** Options that are handed on as they are: a mapping of scalars. */
export function options(accepts: readonly JsonType[]): Kind<Record<string, string>> {
  return judgedAs(freeMapping(anyOf(...accepts), '^.+$', false), bindMapping);
}

/** Options that may be repeated. */
export function repeatedOptions(): Kind<Record<string, string[]>> {
  const single = anyOf('string', 'number', 'boolean');
  return judgedAs(freeMapping(short(single, list(single)), '^.+$', false), (value) =>
    isMap(value)
      ? sorted(
          Object.entries(value).map(([key, each]): [string, string[]] => [
            key,
            Array.isArray(each) ? each.map(goText) : [goText(each)],
          ]),
        )
      : undefined,
  );
}

/** A string, or a list of different strings. */
export function textOrList(): Kind<string[]> {
  return judgedAs(short(uniqueTexts, text()), bindTexts);
}

/** A string, or a list of strings. */
export function textOrAnyList(): Kind<string[]> {
  return judgedAs(short(list(text()), text()), bindTexts);
}

export function texts(isUnique = false): Kind<string[]> {
  return judgedAs(list(text(), { isUnique }), bindTexts);
}

/** A list of different strings or numbers, as strings. */
export function textsOrNumbers(): Kind<string[]> {
  return judgedAs(list(anyOf('string', 'number'), { isUnique: true }), bindTexts);
}

function bindTexts(value: Tree, path: Path, binding: Binding): string[] | undefined {
  const items = Array.isArray(value) ? value : value === null || value === '' ? [] : [value];
  if (items.length === 0) return undefined;
  return items.map((item, index) => bindText(item, at(path, index), binding) ?? '');
}

/** `host=ip` in any of the syntaxes; a sorted list of them. */
export function hosts(): Kind<string[]> {
  return judgedAs(hostsOrList, (value, path, { report }) => {
    const addresses = new Map<string, string[]>();
    const fault = (message: string) =>
      report({ path, message: `${formatPath(path)}: ${message}`, expected: 'host=ip' });
    if (isMap(value)) {
      for (const [host, each] of Object.entries(value)) {
        addresses.set(host, Array.isArray(each) ? each.map(goText) : [goTextOrEmpty(each)]);
      }
    } else if (Array.isArray(value)) {
      for (const item of value.map(goText)) {
        const separator = item.includes('=') ? item.indexOf('=') : item.indexOf(':');
        if (separator === -1) {
          fault(`invalid additional host, missing IP: ${item}`);
          continue;
        }
        const host = item.slice(0, separator);
        addresses.set(host, [...(addresses.get(host) ?? []), ...item.slice(separator + 1).split(',')]);
      }
    }
    if (addresses.size === 0) return undefined;
    const lines: string[] = [];
    for (const [host, ips] of addresses) {
      if (host === '' || /[:=]/.test(host)) fault(`bad host name '${host}'`);
      for (const ip of ips) lines.push(`${host}=${/^\[.+\]$/s.test(ip) ? ip.slice(1, -1) : ip}`);
    }
    return lines.sort();
  });
}

/** Keys for `ssh` at build time; `id` or `id=path`. */
export function sshKeys(): Kind<string[]> {
  return judgedAs(mappingOrList, (value) => {
    if (!isMap(value)) return undefined;
    const keys = Object.entries(value).map(([id, path]) => {
      const file = goTextOrEmpty(path);
      return file === '' ? id : `${id}=${file}`;
    });
    return keys.length === 0 ? undefined : keys.sort();
  });
}
