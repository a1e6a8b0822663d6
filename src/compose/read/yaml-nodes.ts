import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';

/* A parsed document holds nodes only; the library's types allow plain values, which documents made by hand may have. */

/** Entries of a parsed mapping. */
export function pairsOf(map: YAMLMap): readonly Pair<Node, Node | null>[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return map.items as Pair<Node, Node | null>[];
}

/** Items of a parsed list. */
export function itemsOf(list: YAMLSeq): readonly (Node | null)[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return list.items as (Node | null)[];
}
