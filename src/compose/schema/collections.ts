import { describeValue } from '../go-text.ts';
import { at, formatPath, type Path } from '../path.ts';
import { isMap, newMap, recordOf, treeKey, type Tree, type TreeMap } from '../tree.ts';
import type { Report } from '../faults.ts';
import {
  checkType,
  isAccepted,
  schemaType,
  type Binding,
  type BoundOf,
  type JsonSchema,
  type JsonType,
  type Kind,
} from './kind.ts';

/** A list. Where items must differ, a second one of the same value is a fault. */
export function list<Bound>(item: Kind<Bound>, options: { readonly isUnique?: boolean } = {}): Kind<Bound[]> {
  const { isUnique = false } = options;
  return {
    accepts: ['array'],
    schema: { type: 'array', items: item.schema, ...(isUnique && { uniqueItems: true }) },
    check(value, path, report) {
      if (!checkType(value, ['array'], path, report) || !Array.isArray(value)) return;
      value.forEach((each, index) => item.check(each, at(path, index), report));
      if (isUnique) checkUnique(value, path, report);
    },
    bind(value, path, binding) {
      if (!Array.isArray(value) || value.length === 0) return undefined;
      return value.flatMap((each, index) => {
        const bound = item.bind(each, at(path, index), binding);
        return bound === undefined ? [] : [bound];
      });
    },
  };
}

function checkUnique(items: readonly Tree[], path: Path, report: Report): void {
  const places = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const key = treeKey(item);
    const earlier = places.get(key);
    if (earlier === undefined) {
      places.set(key, index);
    } else {
      const message = `${formatPath(path)}: items at ${earlier} and ${index} are equal`;
      report({ path: at(path, index), message, expected: 'each item once', got: describeValue(item) });
    }
  }
}

interface MapOptions {
  readonly keys?: RegExp;
  /** Keys of another form are a fault rather than let through unjudged. */
  readonly isClosed?: boolean;
  /** What a key without a value is in the model. */
  readonly nullAs?: 'null' | 'empty';
  /** `x-` keys name nothing here: docker compose takes them for extensions, and gathers them under `#extensions`. */
  readonly isExtensible?: boolean;
}

/** A mapping from names that the author chose to values of one kind. */
export function map<Bound>(value: Kind<Bound>, options: MapOptions = {}): Kind<Record<string, Bound | null>> {
  const { keys = /^[a-zA-Z0-9._-]+$/, isClosed = true, nullAs = 'null', isExtensible = false } = options;
  const accepts: JsonType[] = ['object'];
  return {
    accepts,
    schema: {
      ...schemaType(accepts),
      patternProperties: { [keys.source]: value.schema },
      ...(isClosed && { additionalProperties: false }),
    },
    check(tree, path, report) {
      if (!checkType(tree, accepts, path, report) || !isMap(tree)) return;
      for (const key in tree) {
        if (keys.test(key)) value.check(tree[key] ?? null, at(path, key), report);
        else if (isClosed) reportUnknown(key, [], path, report);
      }
    },
    bind(tree, path, binding) {
      if (!isMap(tree)) return undefined;
      const entries = isExtensible && binding.form === 'json' ? gatherExtensions(tree) : tree;
      const names = Object.keys(entries).sort();
      if (names.length === 0) return undefined;
      return recordOf(
        names.map((key) => {
          const each = entries[key] ?? null;
          const input = each === null && nullAs === 'empty' ? newMap() : each;
          return [key, value.bind(input, at(path, key), binding) ?? null];
        }),
      );
    },
  };
}

/** Key under which docker compose's model has what it takes for extensions of a mapping of names. */
export const extensionsKey = '#extensions';

function gatherExtensions(tree: TreeMap): TreeMap {
  const isExtension = (key: string) => key.startsWith('x-');
  const keys = Object.keys(tree);
  if (!keys.some(isExtension)) return tree;
  const entries = newMap();
  for (const key of keys) if (!isExtension(key)) entries[key] = tree[key] ?? null;
  entries[extensionsKey] = newMap();
  return entries;
}

export type Fields = Readonly<Record<string, Kind<unknown>>>;

export type BoundFields<F extends Fields> = { readonly [K in keyof F]?: BoundOf<F[K]> };

interface ObjectOptions<F extends Fields> {
  readonly required?: readonly (keyof F & string)[];
  readonly isNullable?: boolean;
  /** `x-` keys are let through; by default they are. */
  readonly isExtensible?: boolean;
  /** Keys without a meaning here are let through too. */
  readonly isOpen?: boolean;
  /** Stands in the JSON model, empty, when the file has none. */
  readonly isAlwaysThere?: boolean;
  /** Names in the JSON model where they differ from those of the file. */
  readonly jsonNames?: Readonly<Record<string, string>>;
  readonly description?: string;
}

/**
 * A mapping with known keys. The order of the fields is the order in docker compose's own model, on which config hashes
 * depend.
 */
export function object<const F extends Fields>(
  fields: F,
  options: ObjectOptions<F> = {},
): Kind<BoundFields<F>> {
  const { required = [], isNullable = false, isExtensible = true, isOpen = false, jsonNames = {} } = options;
  const accepts: readonly JsonType[] = isNullable ? ['object', 'null'] : ['object'];
  const names = Object.keys(fields);
  const entries = Object.entries<Kind<unknown>>(fields);
  const isKnown = (key: string) => Object.hasOwn(fields, key);

  const bindFields = (value: TreeMap, path: Path, binding: Binding) => {
    const bound: Record<string, unknown> = {};
    for (const [key, kind] of entries) {
      // The JSON form can be read again, whatever its names.
      const input = value[key] ?? value[jsonNames[key] ?? key];
      const output = input === undefined ? kind.absent?.(binding) : kind.bind(input, at(path, key), binding);
      if (output !== undefined) bound[binding.form === 'json' ? (jsonNames[key] ?? key) : key] = output;
    }
    if (binding.form === 'yaml') copyExtensions(value, bound);
    // Each field was bound by its own kind.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return bound as BoundFields<F>;
  };

  return {
    accepts,
    schema: objectSchema(entries, accepts, { ...options, isExtensible, isOpen }),
    check(value, path, report) {
      if (!checkType(value, accepts, path, report) || !isMap(value)) return;
      for (const key in value) {
        if (isKnown(key)) fields[key]?.check(value[key] ?? null, at(path, key), report);
        else if (!isOpen && !(isExtensible && key.startsWith('x-'))) reportUnknown(key, names, path, report);
      }
      for (const key of required) {
        if (value[key] !== undefined) continue;
        const message = `${formatPath(path)}: missing property '${key}'`;
        report({ path, message, expected: key });
      }
    },
    bind(value, path, binding) {
      if (!isMap(value)) return undefined;
      const bound = bindFields(value, path, binding);
      const isLeftOut =
        options.isAlwaysThere === true && binding.form === 'yaml' && Object.keys(bound).length === 0;
      return isLeftOut ? undefined : bound;
    },
    ...(options.isAlwaysThere && {
      absent: (binding: Binding) => {
        if (binding.form === 'yaml') return undefined;
        return bindFields(newMap(), undefined, binding);
      },
    }),
  };
}

function copyExtensions(from: TreeMap, to: Record<string, unknown>): void {
  for (const key of Object.keys(from).sort()) if (key.startsWith('x-')) to[key] = from[key];
}

function objectSchema<F extends Fields>(
  entries: readonly [string, Kind<unknown>][],
  accepts: readonly JsonType[],
  options: ObjectOptions<F>,
): JsonSchema {
  const { required = [], isExtensible, isOpen, description } = options;
  return {
    ...schemaType(accepts),
    ...(description && { description }),
    properties: Object.fromEntries(entries.map(([key, kind]) => [key, kind.schema])),
    ...(required.length > 0 && { required }),
    ...(isExtensible && { patternProperties: { '^x-': {} } }),
    ...(!isOpen && { additionalProperties: false }),
  };
}

function reportUnknown(key: string, known: readonly string[], path: Path, report: Report): void {
  const place = formatPath(path);
  report({
    path: at(path, key),
    message: `${place === '' ? '' : `${place}: `}additional property '${key}' is not allowed`,
    unknown: { word: key, known: () => known },
  });
}

/** A value with a long syntax, which is its canonical form, and shorter ones. */
export function short<Bound>(long: Kind<Bound>, ...shorter: readonly Kind<unknown>[]): Kind<Bound> {
  const kinds: readonly Kind<unknown>[] = [long, ...shorter];
  const accepts = [...new Set(kinds.flatMap((kind) => kind.accepts))];
  return {
    accepts,
    schema: { oneOf: kinds.map((kind) => kind.schema) },
    check(value, path, report) {
      const kind = kinds.find((each) => isAccepted(value, each.accepts));
      if (kind === undefined) checkType(value, accepts, path, report);
      else kind.check(value, path, report);
    },
    bind: (value, path, binding) => long.bind(value, path, binding),
    ...(long.absent && { absent: (binding: Binding) => long.absent?.(binding) }),
  };
}

/** A kind that is judged as one thing and bound as another. */
export function judgedAs<Bound>(judge: Kind<unknown>, bind: Kind<Bound>['bind']): Kind<Bound> {
  return { accepts: judge.accepts, schema: judge.schema, check: (...args) => judge.check(...args), bind };
}
