import { newMap, type Tree, type TreeMap } from '../tree.ts';
import { isPlainText, resolvePlainScalar } from './plain-scalar.ts';
import { mayBePlain, quotedScalar, trimBlanks, type Scalar } from './quick-scalars.ts';

const maxDepth = 20;

/**
 * Reads `[…]` or `{…}` that ends on its line, for the quick parser. Undefined means that the full parser must read the
 * file.
 */
export function flowCollection(line: string, start: number, depth = 0): Scalar<Tree> | undefined {
  if (depth > maxDepth) return undefined;
  return line[start] === '[' ? flowList(line, start, depth) : flowMap(line, start, depth);
}

function skipBlanks(line: string, start: number): number {
  let index = start;
  while (line[index] === ' ') index += 1;
  return index;
}

function flowList(line: string, start: number, depth: number): Scalar<Tree> | undefined {
  const items: Tree[] = [];
  let index = skipBlanks(line, start + 1);
  if (line[index] === ']') return { value: items, end: index + 1 };
  for (;;) {
    const item = flowValue(line, index, depth);
    if (item === undefined) return undefined;
    items.push(item.value);
    index = skipBlanks(line, item.end);
    if (line[index] === ']') return { value: items, end: index + 1 };
    if (line[index] !== ',') return undefined;
    index = skipBlanks(line, index + 1);
  }
}

function flowMap(line: string, start: number, depth: number): Scalar<Tree> | undefined {
  const map: TreeMap = newMap();
  let index = skipBlanks(line, start + 1);
  if (line[index] === '}') return { value: map, end: index + 1 };
  for (;;) {
    const key = flowKey(line, index);
    if (key === undefined || key.value in map) return undefined;
    // Only the common form: a colon and a blank after the key.
    if (line[key.end] !== ':' || line[key.end + 1] !== ' ') return undefined;
    index = skipBlanks(line, key.end + 1);
    const value = flowValue(line, index, depth);
    if (value === undefined) return undefined;
    map[key.value] = value.value;
    index = skipBlanks(line, value.end);
    if (line[index] === '}') return { value: map, end: index + 1 };
    if (line[index] !== ',') return undefined;
    index = skipBlanks(line, index + 1);
  }
}

function flowKey(line: string, start: number): Scalar<string> | undefined {
  const first = line[start];
  if (first === '"' || first === "'") return quotedScalar(line, start);
  const plain = plainInFlow(line, start);
  if (plain === undefined || plain.value === '<<') return undefined;
  return isPlainText(plain.value) ? plain : undefined;
}

function flowValue(line: string, start: number, depth: number): Scalar<Tree> | undefined {
  const first = line[start];
  if (first === '[' || first === '{') return flowCollection(line, start, depth + 1);
  if (first === '"' || first === "'") return quotedScalar(line, start);
  const plain = plainInFlow(line, start);
  return plain === undefined ? undefined : { value: resolvePlainScalar(plain.value), end: plain.end };
}

function plainInFlow(line: string, start: number): Scalar<string> | undefined {
  if (!mayBePlain(line, start)) return undefined;
  let end = start;
  for (; end < line.length; end += 1) {
    const character = line[end] ?? '';
    if (',[]{}'.includes(character)) break;
    if (character === '#' && line[end - 1] === ' ') return undefined;
    if (character === ':') {
      const next = line[end + 1];
      if (next === undefined || ' ,[]{}'.includes(next)) break;
    }
  }
  const value = trimBlanks(line.slice(start, end));
  return value === '' ? undefined : { value, end: start + value.length };
}
