import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { TenfoldError } from '../../shared/errors.ts';
import { throwAll } from '../faults.ts';
import { at, formatPath, type Path } from '../path.ts';
import { isMap as isTreeMap, newMap, type Tree, type TreeMap } from '../tree.ts';
import { isPlainText, resolveNumber, resolvePlainScalar } from './plain-scalar.ts';
import { itemsOf, pairsOf } from './yaml-nodes.ts';
import { maxDepth, placeAt, tooDeep, type SourceDocument } from './source-document.ts';

/** A document as plain data, with the places that its `!reset` and `!override` tags name. */
export interface DocumentTree {
  readonly tree: Tree;
  /** What an earlier file says at these places is dropped before this document is merged. */
  readonly resets: readonly Path[];
}

/** Values that aliases may stand for, all together. Beyond it the file is an alias bomb. */
const maxAliasedValues = 1_000_000;

/** Stands for a value tagged `!reset`, which takes its key with it. */
const dropped = Symbol('dropped');

/**
 * Turns a parsed document into plain data. Every alias becomes a copy of its own, so that later phases may change
 * one place without the other. Throws `invalid-compose` for what is YAML but no compose file: a key twice, a key that
 * is no string, an alias inside its own anchor, an alias bomb.
 */
export function readDocument(document: SourceDocument): DocumentTree {
  return new DocumentReader(document).read();
}

class DocumentReader {
  readonly #document: SourceDocument;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #resets: Path[] = [];
  readonly #found: TenfoldError[] = [];
  #aliasDepth = 0;
  #aliasedValues = 0;

  constructor(document: SourceDocument) {
    this.#document = document;
  }

  read(): DocumentTree {
    const tree = this.#value(this.#document.contents, undefined, 0);
    throwAll(this.#found);
    return { tree: tree === dropped ? null : tree, resets: this.#resets };
  }

  #value(node: Node | null, path: Path, depth: number): Tree | typeof dropped {
    if (node === null) return null;
    if (depth > maxDepth) throw tooDeep(this.#document.file);
    if (this.#aliasDepth > 0 && (this.#aliasedValues += 1) > maxAliasedValues) {
      throw this.#fault(node, path, 'the file exceeds the limit on what aliases may stand for', {
        expected: `at most ${maxAliasedValues} values`,
      });
    }
    if (isAlias(node)) return this.#alias(node.source, node, path, depth);
    const { anchor } = node;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (node.tag === '!reset') {
      this.#resets.push(path);
      return dropped;
    }
    if (node.tag === '!override') this.#resets.push(path);
    if (isScalar(node)) return scalarValue(node);
    this.#open.add(node);
    try {
      if (isMap(node)) return this.#mapping(node, path, depth);
      return isSeq(node) ? this.#sequence(node, path, depth) : null;
    } finally {
      this.#open.delete(node);
    }
  }

  #alias(name: string, alias: Node, path: Path, depth: number): Tree | typeof dropped {
    const target = this.#anchors.get(name);
    if (target === undefined) throw this.#fault(alias, path, `unknown anchor '${name}' referenced`);
    if (this.#open.has(target)) {
      throw this.#fault(
        alias,
        path,
        `cycle detected: anchor '${name}' at ${formatPath(path)} contains itself`,
      );
    }
    this.#aliasDepth += 1;
    const value = this.#value(target, path, depth);
    this.#aliasDepth -= 1;
    return value;
  }

  #sequence(node: YAMLSeq, path: Path, depth: number): Tree[] {
    const items: Tree[] = [];
    for (const [index, item] of itemsOf(node).entries()) {
      const value = this.#value(item, at(path, index), depth + 1);
      if (value !== dropped) items.push(value);
    }
    return items;
  }

  #mapping(node: YAMLMap, path: Path, depth: number): TreeMap {
    const map = newMap();
    const seen = new Map<string, Node>();
    let merged: Node | null | undefined;
    for (const { key: keyNode, value: valueNode } of pairsOf(node)) {
      const key = this.#key(keyNode, path);
      if (key === undefined) continue;
      const earlier = seen.get(key);
      if (earlier !== undefined) {
        const { line } = placeAt(this.#document, earlier.range?.[0] ?? 0);
        const message = `mapping key "${key}" already defined at line ${line}`;
        this.#found.push(this.#fault(keyNode, at(path, key), message));
      }
      seen.set(key, keyNode);
      if (key === '<<' && isScalar(keyNode) && keyNode.type === 'PLAIN') {
        merged = valueNode;
        continue;
      }
      const value = this.#value(valueNode, at(path, key), depth + 1);
      if (value !== dropped) map[key] = value;
    }
    if (merged !== undefined) this.#mergeKey(map, merged, path, depth);
    return map;
  }

  /** YAML 1.1 merge key: what it brings never replaces a key of the mapping itself; the first of several wins. */
  #mergeKey(map: TreeMap, node: Node | null, path: Path, depth: number): void {
    const value = this.#value(node, path, depth + 1);
    const sources = Array.isArray(value) ? value : [value];
    for (const source of sources) {
      if (source === dropped) continue;
      if (!isTreeMap(source)) {
        const message = 'map merge requires map or sequence of maps as the value';
        this.#found.push(this.#fault(node, path, message));
        continue;
      }
      for (const key in source) {
        if (!(key in map)) map[key] = source[key] ?? null;
      }
    }
  }

  #key(node: Node, path: Path): string | undefined {
    const scalar = isAlias(node) ? this.#anchors.get(node.source) : node;
    let got = 'a collection';
    if (isScalar(scalar)) {
      if (scalar.anchor !== undefined) this.#anchors.set(scalar.anchor, scalar);
      const key = scalarValue(scalar);
      const written = scalar.type === 'PLAIN' && typeof scalar.value === 'string' ? scalar.value : undefined;
      if (typeof key === 'string' && (written === undefined || isPlainText(written))) return key;
      got = String(key);
    }
    const place = path === undefined ? 'at top level' : `in ${formatPath(path)}`;
    this.#found.push(
      this.#fault(node, path, `non-string key ${place}: ${got}`, {
        expected: 'a string',
        hint: `put the key in quotes: "${got}"`,
      }),
    );
    return undefined;
  }

  #fault(
    node: Node | null,
    path: Path,
    message: string,
    details: { expected?: string; hint?: string } = {},
  ): TenfoldError {
    const place = placeAt(this.#document, node?.range?.[0] ?? 0);
    return new TenfoldError('invalid-compose', message, {
      where: { file: this.#document.file, ...place, path: formatPath(path) },
      ...details,
    });
  }
}

function scalarValue(node: Scalar): null | boolean | number | string {
  const text = typeof node.value === 'string' ? node.value : '';
  switch (node.tag) {
    case undefined:
      return node.type === 'PLAIN' ? resolvePlainScalar(text) : text;
    case 'tag:yaml.org,2002:int':
    case 'tag:yaml.org,2002:float':
      return resolveNumber(text) ?? text;
    case 'tag:yaml.org,2002:bool':
      return text.toLowerCase() === 'true';
    case 'tag:yaml.org,2002:null':
      return null;
    case '!override':
      return node.type === 'PLAIN' ? resolvePlainScalar(text) : text;
    default:
      return text;
  }
}
