import { isPlainText } from '../read/plain-scalar.ts';

/**
 * Writes data as YAML in block style. What any YAML reader, old or new, would take for something else than text is in
 * double quotes; text of several lines is a literal block where that can hold it.
 */
export function writeYaml(value: unknown): string {
  const lines: string[] = [];
  writeBlock(value, '', '', lines);
  return `${lines.join('\n')}\n`;
}

function isEmpty(value: object): boolean {
  for (const _key in value) return false;
  return true;
}

/** Writes a value behind what `head` begins its first line with; deeper lines are indented by `indent`. */
function writeBlock(value: unknown, head: string, indent: string, lines: string[]): void {
  if (Array.isArray(value) && value.length > 0) {
    if (head !== '') lines.push(head);
    for (const item of value) writeItem(item, indent, lines);
  } else if (isObject(value) && !isEmpty(value)) {
    if (head !== '') lines.push(head);
    writeEntries(value, indent, indent, lines);
  } else {
    const text = inline(value, indent);
    lines.push(head === '' ? `${indent}${text}` : `${head} ${text}`);
  }
}

/** Entries of a mapping; the first line may begin with the dash of a list. */
function writeEntries(map: object, first: string, indent: string, lines: string[]): void {
  let start = first;
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) continue;
    writeBlock(value, `${start}${scalarText(key)}:`, `${indent}  `, lines);
    start = indent;
  }
}

function writeItem(item: unknown, indent: string, lines: string[]): void {
  if (isObject(item) && !isEmpty(item)) writeEntries(item, `${indent}- `, `${indent}  `, lines);
  else writeBlock(item, `${indent}-`, `${indent}  `, lines);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inline(value: unknown, indent: string): string {
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'string') return literalBlock(value, indent) ?? scalarText(value);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
  }
  return isObject(value) ? '{}' : JSON.stringify(value ?? null);
}

const plainPattern =
  // oxlint-disable-next-line eslint/no-control-regex
  /^[A-Za-z0-9_./$(+~^\u00a1-\ud7ff\ue000-\ufdff-][^\n\r\t\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff]*$/;
/** Numbers of any reader: octal, hexadecimal, with underscores, base 60, dates. */
const numberLike =
  /^[-+]?\.?[0-9][0-9a-fA-FxXoObB_.,:eE+-]*$|^[-+.][-+._0-9eE,:]*$|^[-+]?[._]*e[-+]?[0-9_]+$|^[-+]?\.(?:inf|nan)$/i;
const wordsOfYaml11 = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

function scalarText(text: string): string {
  return isPlain(text) ? text : quoted(text);
}

function isPlain(text: string): boolean {
  if (!plainPattern.test(text) || text !== text.trim() || text.endsWith(':')) return false;
  if (text.includes(': ') || text.includes(' #')) return false;
  if (text.startsWith('-') && /^-(?:$|[ -])/.test(text)) return false;
  if (text.startsWith('...') || numberLike.test(text) || wordsOfYaml11.test(text)) return false;
  return isPlainText(text);
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Blanks at an end of the text or of a line, and what a literal block cannot show. */
// oxlint-disable-next-line eslint/no-control-regex
const unfitForLiteral = /^[ \n]| $| \n|[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u2028\u2029\ufeff]/;

/** `|` and the lines, for a text of several lines that neither begins nor ends one with a blank. */
function literalBlock(text: string, indent: string): string | undefined {
  if (!text.includes('\n') || unfitForLiteral.test(text)) return undefined;
  const body = text.replace(/\n+$/, '');
  const trailing = text.length - body.length;
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+';
  const blanks = trailing > 1 ? '\n'.repeat(trailing - 1) : '';
  return `|${chomp}\n${body
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line}`))
    .join('\n')}${blanks}`;
}
