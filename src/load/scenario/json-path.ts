/** Keys from the outside in. */
export type JsonPath = readonly (string | number)[];

const step = /\.(?<name>[\w$-]+)|\[(?<index>\d+)\]|\["(?<quoted>(?:[^"\\]|\\.)*)"\]|\['(?<single>[^']*)'\]/y;

/** `$.answers[0]["full name"]`, where `$` may be left out. Undefined when it is no such path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const trimmed = text.trim();
  const rest = trimmed.startsWith('$') ? trimmed.slice(1) : /^[.[]/.test(trimmed) ? trimmed : `.${trimmed}`;
  const keys: (string | number)[] = [];
  step.lastIndex = 0;
  while (step.lastIndex < rest.length) {
    const groups = step.exec(rest)?.groups;
    if (groups === undefined) return undefined;
    const { name, index, quoted, single } = groups;
    if (index !== undefined) keys.push(Number(index));
    else keys.push(name ?? single ?? unescape(quoted ?? ''));
  }
  return trimmed === '' ? undefined : keys;
}

/** The value at the path; undefined when there is none. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
