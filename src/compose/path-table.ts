/**
 * Rules looked up by the place of a value in a compose file. A pattern is keys joined by dots, where `*` stands for
 * any key or list index. The table is a trie, so that a walk over a file costs the same however many rules there are.
 */
export interface PathTable<Rule> {
  readonly rule: Rule | undefined;
  readonly named: ReadonlyMap<string, PathTable<Rule>>;
  readonly any: PathTable<Rule> | undefined;
}

interface MutableTable<Rule> {
  rule: Rule | undefined;
  named: Map<string, MutableTable<Rule>>;
  any: MutableTable<Rule> | undefined;
}

function emptyTable<Rule>(): MutableTable<Rule> {
  return { rule: undefined, named: new Map(), any: undefined };
}

/** Where a named key stands beside `*`, the named branch must know all that the other one knows. */
function inherit<Rule>(named: MutableTable<Rule>, any: MutableTable<Rule>): void {
  named.rule ??= any.rule;
  for (const [key, branch] of any.named) {
    const own = named.named.get(key);
    if (own === undefined) named.named.set(key, branch);
    else inherit(own, branch);
  }
  if (any.any !== undefined) {
    if (named.any === undefined) named.any = any.any;
    else inherit(named.any, any.any);
  }
}

function settle<Rule>(table: MutableTable<Rule>): void {
  for (const branch of table.named.values()) {
    settle(branch);
    if (table.any !== undefined) inherit(branch, table.any);
  }
  if (table.any !== undefined) settle(table.any);
}

export function pathTable<Rule>(rules: Readonly<Record<string, Rule>>): PathTable<Rule> {
  const root = emptyTable<Rule>();
  for (const [pattern, rule] of Object.entries(rules)) {
    let table = root;
    for (const key of pattern.split('.')) {
      if (key === '*') {
        table.any ??= emptyTable<Rule>();
        table = table.any;
      } else {
        const next = table.named.get(key) ?? emptyTable<Rule>();
        table.named.set(key, next);
        table = next;
      }
    }
    table.rule = rule;
  }
  settle(root);
  return root;
}

/** The table for what stands below a key, or undefined when no rule reaches there. */
export function below<Rule>(table: PathTable<Rule> | undefined, key: string): PathTable<Rule> | undefined {
  return table === undefined ? undefined : (table.named.get(key) ?? table.any);
}

/** The table at a pattern's place, for a walk that starts inside a file. */
export function tableAt<Rule>(
  table: PathTable<Rule>,
  ...keys: readonly string[]
): PathTable<Rule> | undefined {
  return keys.reduce<PathTable<Rule> | undefined>(below, table);
}
