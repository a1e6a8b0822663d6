import type { HeaderEdit } from '../../../model/routing.ts';

/** Works on field lines as they stand in a message, each with its CRLF, and none folded. */

/** The index of the first line of that name from `from` on; -1: there is none. Name in lower case. */
function findLine(lines: string, name: string, from: number): number {
  for (let start = from; start < lines.length; start = lines.indexOf('\r\n', start) + 2) {
    const end = start + name.length;
    if (lines.charCodeAt(end) === 0x3a && lines.slice(start, end).toLowerCase() === name) return start;
  }
  return -1;
}

/** All values of the field, joined by commas. Name in lower case. */
export function fieldValue(lines: string, name: string): string | undefined {
  let value: string | undefined;
  for (let start = findLine(lines, name, 0); start >= 0;) {
    const end = lines.indexOf('\r\n', start);
    const each = lines.slice(start + name.length + 1, end).trim();
    value = value === undefined ? each : `${value}, ${each}`;
    start = findLine(lines, name, end + 2);
  }
  return value;
}

export function withoutField(lines: string, name: string): string {
  let left = lines;
  for (let start = findLine(left, name, 0); start >= 0; start = findLine(left, name, start)) {
    left = left.slice(0, start) + left.slice(left.indexOf('\r\n', start) + 2);
  }
  return left;
}

/** Removed first, then set, then added. */
export function editLines(lines: string, edit: HeaderEdit): string {
  let text = lines;
  for (const name of edit.remove) text = withoutField(text, name.toLowerCase());
  for (const { name } of edit.set) text = withoutField(text, name.toLowerCase());
  for (const { name, value } of edit.set) text += `${name}: ${value}\r\n`;
  for (const { name, value } of edit.add) text += `${name}: ${value}\r\n`;
  return text;
}
