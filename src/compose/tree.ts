/** A compose file as plain data, in whatever syntax its author chose. */
export type Tree = null | boolean | number | string | Tree[] | TreeMap;

/** A mapping. It has no prototype, so that no key of a file can mean anything but itself. */
export interface TreeMap {
  [key: string]: Tree;
}

export function newMap(): TreeMap {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.create(null) as TreeMap;
}

/** A record to be filled, likewise without a prototype. */
export function newRecord<Value>(): Record<string, Value> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.create(null) as Record<string, Value>;
}

/** A record of these entries, likewise without a prototype, so that `in` knows no key but those. */
export function recordOf<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  const record = newRecord<Value>();
  for (const [key, value] of entries) record[key] = value;
  return record;
}

export function isMap(value: unknown): value is TreeMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function cloneTree(value: Tree): Tree {
  if (Array.isArray(value)) return value.map(cloneTree);
  if (!isMap(value)) return value;
  const copy = newMap();
  for (const key in value) copy[key] = cloneTree(value[key] ?? null);
  return copy;
}

/** The mapping at a key, or undefined when nothing or something else stands there. */
export function mapAt(map: TreeMap | undefined, key: string): TreeMap | undefined {
  const value = map?.[key];
  return isMap(value) ? value : undefined;
}

export function textAt(map: TreeMap | undefined, key: string): string | undefined {
  const value = map?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** A text that is the same for equal values, whatever the order of their keys. */
export function treeKey(value: Tree): string {
  if (Array.isArray(value)) return `[${value.map(treeKey).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${treeKey(value[key] ?? null)}`).join(',')}}`;
}
