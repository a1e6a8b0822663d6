import { isMap, newMap, type Tree, type TreeMap } from '../tree.ts';
import { isPlainText, resolvePlainScalar } from './plain-scalar.ts';
import { flowCollection } from './quick-flow.ts';
import { isRestEmpty, keyColon, mayBePlain, quotedScalar, trimBlanks } from './quick-scalars.ts';

/** Lines that only the full parser understands: tabs, documents, and line breaks of other systems. */
const unusual = /[\t\r\u0085\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)/m;
const maxDepth = 60;
const maxKeyLength = 1_000;

/**
 * Reads the plain form in which most compose files are written, in a twentieth of the time that the full parser takes:
 * block mappings and lists, scalars and `[…]` or `{…}` on one line. Whatever else stands in the file, right or wrong,
 * gives undefined, and the full parser reads it. What it does read, it reads as the full parser would; a test holds
 * the two together.
 */
export function quickParse(text: string): TreeMap | undefined {
  if (unusual.test(text)) return undefined;
  const reader = new QuickReader(text);
  try {
    return reader.read();
  } catch (thrown) {
    if (thrown === notPlain) return undefined;
    throw thrown;
  }
}

/** Thrown to give up: an exception, because most of a file lies between the reader and its caller. */
const notPlain = new Error('not a plain file');

class QuickReader {
  /** Lines with something on them, and how far they are indented. */
  readonly #lines: string[] = [];
  readonly #indents: number[] = [];
  #next = 0;

  constructor(text: string) {
    for (const line of text.split('\n')) {
      let indent = 0;
      while (line.charCodeAt(indent) === 32) indent += 1;
      if (indent === line.length || line.charCodeAt(indent) === 35) continue;
      this.#lines.push(line);
      this.#indents.push(indent);
    }
  }

  read(): TreeMap {
    if (this.#lines.length === 0) throw notPlain;
    const value = this.#block(0, 0);
    if (this.#next < this.#lines.length || !isMap(value)) throw notPlain;
    return value;
  }

  /** The mapping or list whose lines are indented so far. */
  #block(indent: number, depth: number): Tree {
    if (depth > maxDepth || this.#indents[this.#next] !== indent) throw notPlain;
    const line = this.#lines[this.#next] ?? '';
    return isItem(line, indent) ? this.#list(indent, depth) : this.#mapping(indent, depth);
  }

  #list(indent: number, depth: number): Tree[] {
    const items: Tree[] = [];
    while (this.#indents[this.#next] === indent) {
      const line = this.#lines[this.#next] ?? '';
      if (!isItem(line, indent)) break;
      let start = indent + 1;
      while (line[start] === ' ') start += 1;
      if (isRestEmpty(line, indent + 1)) {
        this.#next += 1;
        items.push(this.#nested(indent, depth, false));
      } else if (this.#isMappingAt(line, start)) {
        // A mapping that begins behind the dash: its lines are indented as far as its first key.
        this.#lines[this.#next] = `${' '.repeat(start)}${line.slice(start)}`;
        this.#indents[this.#next] = start;
        items.push(this.#mapping(start, depth + 1));
      } else {
        this.#next += 1;
        items.push(this.#inline(line, start, indent));
      }
    }
    return items;
  }

  #isMappingAt(line: string, start: number): boolean {
    const first = line[start];
    if (first === '"' || first === "'") {
      const quoted = quotedScalar(line, start);
      if (quoted === undefined || line[quoted.end] === ':') throw notPlain;
      return false;
    }
    if (first === '[' || first === '{') return false;
    if (isItem(line, start)) throw notPlain;
    const colon = keyColon(line, start);
    if (colon === -1) return false;
    const comment = line.indexOf(' #', start);
    return comment === -1 || colon < comment;
  }

  #mapping(indent: number, depth: number): TreeMap {
    const map = newMap();
    while (this.#indents[this.#next] === indent) {
      const line = this.#lines[this.#next] ?? '';
      if (isItem(line, indent)) break;
      const { key, colon } = this.#key(line, indent);
      if (key in map) throw notPlain;
      this.#next += 1;
      let start = colon + 1;
      while (line[start] === ' ') start += 1;
      map[key] = isRestEmpty(line, colon + 1)
        ? this.#nested(indent, depth, true)
        : this.#inline(line, start, indent);
    }
    return map;
  }

  #key(line: string, start: number): { readonly key: string; readonly colon: number } {
    const first = line[start];
    if (first === '"' || first === "'") {
      const quoted = quotedScalar(line, start);
      if (quoted === undefined || line[quoted.end] !== ':') throw notPlain;
      if (quoted.end + 1 < line.length && line[quoted.end + 1] !== ' ') throw notPlain;
      return { key: quoted.value, colon: quoted.end };
    }
    const colon = keyColon(line, start);
    if (colon === -1 || colon - start > maxKeyLength || !mayBePlain(line, start)) throw notPlain;
    const key = trimBlanks(line.slice(start, colon));
    if (key === '<<' || key.includes(' #') || !isPlainText(key)) throw notPlain;
    return { key, colon };
  }

  /** What stands on the lines below a key or a dash: deeper, or for a key also a list that is as deep. */
  #nested(indent: number, depth: number, isOfKey: boolean): Tree {
    const next = this.#indents[this.#next];
    if (next === undefined || next < indent) return null;
    if (next > indent) return this.#block(next, depth + 1);
    return isOfKey && isItem(this.#lines[this.#next] ?? '', indent) ? this.#list(indent, depth + 1) : null;
  }

  /** A value behind its key or dash. */
  #inline(line: string, start: number, indent: number): Tree {
    // Deeper lines would carry the value on.
    if ((this.#indents[this.#next] ?? 0) > indent) throw notPlain;
    const first = line[start];
    if (first === '"' || first === "'" || first === '[' || first === '{') {
      const isQuoted = first === '"' || first === "'";
      const scalar = isQuoted ? quotedScalar(line, start) : flowCollection(line, start);
      if (scalar === undefined || !isRestEmpty(line, scalar.end)) throw notPlain;
      return scalar.value;
    }
    if (!mayBePlain(line, start)) throw notPlain;
    const comment = line.indexOf(' #', start);
    const text = trimBlanks(comment === -1 ? line.slice(start) : line.slice(start, comment));
    if (text.includes(': ') || text.endsWith(':')) throw notPlain;
    return resolvePlainScalar(text);
  }
}

function isItem(line: string, indent: number): boolean {
  return line.charCodeAt(indent) === 45 && (indent + 1 === line.length || line.charCodeAt(indent + 1) === 32);
}
