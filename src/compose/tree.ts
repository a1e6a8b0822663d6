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

export function isSameTree(one: Tree, other: Tree): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isSameTree(item, other[index] ?? null))
    );
  }
  if (!isMap(one) || !isMap(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => key in other && isSameTree(one[key] ?? null, other[key] ?? null))
  );
}
