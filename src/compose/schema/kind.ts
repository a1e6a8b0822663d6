import type { Report } from '../faults.ts';
import { describeValue } from '../go-text.ts';
import { formatPath, type Path } from '../path.ts';
import type { Tree } from '../tree.ts';

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

/** A JSON schema, or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

/**
 * What a bound value is made for. `json` is the form that hashes, the API and the runtimes use: no `x-` keys, and what
 * docker compose's JSON always carries is there. `yaml` is the form for people: `x-` keys stay, empty things go.
 */
export type Form = 'json' | 'yaml';

export interface Binding {
  readonly form: Form;
  readonly report: Report;
}

/**
 * One kind of value that a compose file may hold. It is the only description of that kind: how a file is judged, what
 * the value becomes, what type it then has, and how editors are told about it.
 */
export interface Kind<out Bound> {
  /** Types that the file may use, whatever the syntax. */
  readonly accepts: readonly JsonType[];
  /** Judges a value as it stands in the file, in whatever syntax. */
  check(value: Tree, path: Path, report: Report): void;
  /** Turns the canonical value into the bound one; undefined when Compose leaves it out of its model. */
  bind(value: Tree, path: Path, binding: Binding): Bound | undefined;
  /** What stands in the model when the file says nothing. */
  absent?(binding: Binding): Bound | undefined;
  readonly schema: JsonSchema;
}

/** The TypeScript type of a bound value. */
export type BoundOf<K> = K extends Kind<infer Bound> ? Bound : never;

export function typeOf(value: Tree): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return 'object';
}

export function isAccepted(value: Tree, accepts: readonly JsonType[]): boolean {
  const type = typeOf(value);
  return accepts.includes(type) || (type === 'integer' && accepts.includes('number'));
}

const typeNames: Readonly<Record<JsonType, string>> = {
  object: 'mapping',
  array: 'list',
  boolean: 'boolean',
  integer: 'integer',
  null: 'null',
  number: 'number',
  string: 'string',
};

/** `a boolean, null, number or string`. */
export function describeTypes(accepts: readonly JsonType[]): string {
  const names = [...new Set(accepts)].map((type) => typeNames[type]).sort();
  const last = names.pop() ?? '';
  const list = names.length === 0 ? last : `${names.join(', ')} or ${last}`;
  return list.startsWith('null') ? list : `${/^[aeiou]/.test(list) ? 'an' : 'a'} ${list}`;
}

/** Reports a value of a wrong type; true when the type is right. */
export function checkType(value: Tree, accepts: readonly JsonType[], path: Path, report: Report): boolean {
  if (isAccepted(value, accepts)) return true;
  const expected = describeTypes(accepts);
  const place = formatPath(path);
  report({
    path,
    message: `${place === '' ? 'the file' : place} must be ${expected}`,
    expected,
    got: describeValue(value),
  });
  return false;
}

/** The `type` part of a JSON schema. */
export function schemaType(accepts: readonly JsonType[]): JsonSchema {
  return { type: accepts.length === 1 ? accepts[0] : accepts };
}

/** Names of the fields of an object kind, in their order. */
export function propertyNames(kind: Kind<unknown>): string[] {
  return Object.keys(kind.schema['properties'] ?? {});
}
