import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { SourceLocation } from '../../shared/errors.ts';
import { formatPath, keysOf, type Path } from '../path.ts';
import { itemsOf, pairsOf } from './yaml-nodes.ts';
import { placeAt, type SourceDocument } from './source-document.ts';

/**
 * Finds where a path of the merged model stands in the files. It is worked out when it is asked for, from the parsed
 * documents, so that loading a correct file costs nothing for it. The last document that knows the longest part of the
 * path is the answer; what came by `extends` is looked up at the service that it came from.
 */
export function locate(documents: readonly SourceDocument[], path: Path): SourceLocation {
  const merged = keysOf(path);
  const { keys, holders } = splitList(documents, merged);
  let best: (Found & { readonly document: SourceDocument }) | undefined;
  for (const document of holders) {
    const found = follow(document, keys);
    if (best === undefined || found.depth >= best.depth) best = { ...found, document };
  }
  const text = formatPath(path);
  if (best !== undefined && best.depth < keys.length && keys[0] === 'services' && keys.length > 2) {
    best = locateExtended(documents, merged, best.depth) ?? best;
  }
  if (best === undefined) return { file: documents[0]?.file ?? '', path: text };
  return { ...placeOf(best.document, best.place), path: text };
}

/** A merged list is the lists of the documents one after the other: finds the one that an item of it stands in. */
function splitList(documents: readonly SourceDocument[], keys: readonly (string | number)[]) {
  const position = keys.findIndex((key) => typeof key === 'number');
  let index = Number(keys[position]);
  for (const document of position === -1 ? [] : documents) {
    const { depth, value } = follow(document, keys.slice(0, position));
    if (depth !== position || !isSeq(value)) continue;
    if (index < value.items.length) return { keys: keys.with(position, index), holders: [document] };
    index -= value.items.length;
  }
  return { keys, holders: documents };
}

function placeOf(document: SourceDocument, node: Node | null): SourceLocation {
  const offset = node?.range?.[0];
  if (offset === undefined) return { file: document.file };
  return { file: document.file, ...placeAt(document, offset) };
}

interface Found {
  /** Number of keys that the document knows. */
  readonly depth: number;
  /** What to point at: the last key of a mapping, or the item of a list. */
  readonly place: Node | null;
  readonly value: Node | null;
}

function follow(document: SourceDocument, keys: readonly (string | number)[]): Found {
  let node: Node | null = document.contents;
  let place: Node | null = node;
  for (const [depth, key] of keys.entries()) {
    const container = resolveAlias(node, document);
    if (isMap(container) && typeof key === 'string') {
      const pair = findPair(container, key, document);
      if (pair === undefined) return { depth, place, value: container };
      place = pair.key;
      node = pair.value;
    } else if (isSeq(container) && typeof key === 'number') {
      const item = itemsOf(container)[key];
      if (item === undefined || item === null) return { depth, place, value: container };
      place = item;
      node = item;
    } else if (isSeq(container) && typeof key === 'string') {
      // A list of names, or of KEY=value, is a mapping in the model.
      const item = itemsOf(container).find((each) => isScalar(each) && isNamed(String(each.value), key));
      if (item === undefined || item === null) return { depth, place, value: container };
      place = item;
      node = item;
    } else {
      return { depth, place, value: container };
    }
  }
  return { depth: keys.length, place, value: resolveAlias(node, document) };
}

function isNamed(item: string, name: string): boolean {
  return item === name || item.startsWith(`${name}=`);
}

function findPair(map: YAMLMap, key: string, document: SourceDocument): Pair<Node, Node | null> | undefined {
  const pairs = pairsOf(map);
  const nameOf = (pair: Pair<Node, Node | null>) => (isScalar(pair.key) ? String(pair.key.value) : undefined);
  const own = pairs.find((pair) => nameOf(pair) === key);
  if (own !== undefined) return own;
  for (const pair of pairs.filter((each) => nameOf(each) === '<<')) {
    const source = resolveAlias(pair.value, document);
    const sources = isSeq(source) ? itemsOf(source).map((item) => resolveAlias(item, document)) : [source];
    for (const each of sources) {
      const merged = isMap(each) ? findPair(each, key, document) : undefined;
      if (merged !== undefined) return merged;
    }
  }
  return undefined;
}

function resolveAlias(node: Node | null, document: SourceDocument): Node | null {
  return isAlias(node) ? (findAnchor(document.contents, node.source) ?? null) : node;
}

function findAnchor(node: Node | null, name: string): Node | undefined {
  if (node === null || isAlias(node)) return undefined;
  if ('anchor' in node && node.anchor === name) return node;
  const children = isMap(node)
    ? pairsOf(node).flatMap((pair) => [pair.key, pair.value])
    : isSeq(node)
      ? itemsOf(node)
      : [];
  for (const child of children) {
    const found = findAnchor(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a service has by `extends` stands at the service that it extends, in any of the files. */
function locateExtended(
  documents: readonly SourceDocument[],
  keys: readonly (string | number)[],
  depth: number,
) {
  const seen = new Set<string>();
  let name: string | undefined = String(keys[1]);
  let best: (Found & { readonly document: SourceDocument }) | undefined;
  while (name !== undefined && !seen.has(name)) {
    seen.add(name);
    let next: string | undefined;
    for (const document of documents) {
      const found = follow(document, ['services', name, ...keys.slice(2)]);
      if (found.depth > (best?.depth ?? depth)) best = { ...found, document };
      next = extendedName(document, name) ?? next;
    }
    name = next;
  }
  return best;
}

function extendedName(document: SourceDocument, service: string): string | undefined {
  const value = (keys: readonly string[]): Node | null | undefined => {
    let node: Node | null = document.contents;
    for (const key of keys) {
      const container = resolveAlias(node, document);
      const pair = isMap(container) ? findPair(container, key, document) : undefined;
      if (pair === undefined) return undefined;
      node = pair.value;
    }
    return node;
  };
  const short = value(['services', service, 'extends']);
  if (isScalar(short)) return String(short.value);
  const long = value(['services', service, 'extends', 'service']);
  return isScalar(long) ? String(long.value) : undefined;
}
