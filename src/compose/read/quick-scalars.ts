/* Scalars on one line, for the quick parser: undefined means that the full parser must read the file. */

export interface Scalar<Value> {
  readonly value: Value;
  /** Index after its last character. */
  readonly end: number;
}

const simpleEscapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', n: '\n', t: '\t' };

/** A scalar in quotes that ends on its line. */
export function quotedScalar(line: string, start: number): Scalar<string> | undefined {
  return line[start] === '"' ? doubleQuoted(line, start) : singleQuoted(line, start);
}

function singleQuoted(line: string, start: number): Scalar<string> | undefined {
  let end = line.indexOf("'", start + 1);
  while (end !== -1 && line[end + 1] === "'") end = line.indexOf("'", end + 2);
  if (end === -1) return undefined;
  return { value: line.slice(start + 1, end).replaceAll("''", "'"), end: end + 1 };
}

function doubleQuoted(line: string, start: number): Scalar<string> | undefined {
  const end = line.indexOf('"', start + 1);
  if (end === -1) return undefined;
  const plain = line.slice(start + 1, end);
  if (!plain.includes('\\')) return { value: plain, end: end + 1 };
  let value = '';
  for (let index = start + 1; index < line.length; index += 1) {
    const character = line[index] ?? '';
    if (character === '"') return { value, end: index + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    index += 1;
    const escaped = simpleEscapes[line[index] ?? ''];
    if (escaped === undefined) return undefined;
    value += escaped;
  }
  return undefined;
}

/** First characters that give a plain scalar another meaning, or none. */
const indicators = new Set('-?:,[]{}#&*!|>\'"%@`');

/** True when a plain scalar may begin here: a dash only when it is no list item's. */
export function mayBePlain(line: string, start: number): boolean {
  const first = line[start] ?? '';
  if (!indicators.has(first)) return first !== '' && first !== ' ';
  return first === '-' && /[^\s,[\]{}]/.test(line[start + 1] ?? '');
}

/** Index of the colon that ends a plain key, or -1: the first before a blank or the end of the line. */
export function keyColon(line: string, start: number): number {
  let colon = line.indexOf(':', start);
  while (colon !== -1 && colon + 1 < line.length && line[colon + 1] !== ' ')
    colon = line.indexOf(':', colon + 1);
  return colon;
}

/** Without the blanks at its end. Other white space of Unicode is text to YAML. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

/** True when nothing but blanks and a comment follows. */
export function isRestEmpty(line: string, start: number): boolean {
  for (let index = start; index < line.length; index += 1) {
    if (line[index] === ' ') continue;
    return line[index] === '#' && (index === 0 || line[index - 1] === ' ');
  }
  return true;
}
