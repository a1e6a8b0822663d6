import { keysOf, type Path } from '../path.ts';
import { isMap, type Tree, type TreeMap } from '../tree.ts';

/** Drops from a model what `!reset` and `!override` of a later document name. In place. */
export function applyResets(model: TreeMap, resets: readonly Path[]): void {
  for (const reset of resets) {
    const keys = keysOf(reset);
    const last = keys.pop();
    // Items of lists cannot be named across files, as their place differs from file to file.
    if (last === undefined || typeof last === 'number') continue;
    let value: Tree | undefined = model;
    for (const key of keys) value = isMap(value) && typeof key === 'string' ? value[key] : undefined;
    if (isMap(value)) delete value[last];
  }
}
