/** Where a value stands in a compose file, as a chain of keys from the inside out; undefined is the top. */
export type Path = { readonly parent: Path; readonly key: string | number } | undefined;

export function at(parent: Path, key: string | number): Path {
  return { parent, key };
}

export function pathOf(...keys: readonly (string | number)[]): Path {
  return keys.reduce<Path>((parent, key) => ({ parent, key }), undefined);
}

export function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let step = path; step !== undefined; step = step.parent) keys.push(step.key);
  return keys.reverse();
}

/** `services.web.ports[0]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const key of keysOf(path)) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}
