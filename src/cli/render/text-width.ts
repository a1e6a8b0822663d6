import { stripVTControlCharacters } from 'node:util';

/** First and last code points of the blocks that terminals draw two columns wide (Unicode UAX 11, wide and emoji). */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

const isDrawnOverThePrevious = /^[\p{M}\p{Cf}\p{Cc}]$/u;

function characterWidth(character: string): number {
  if (isDrawnOverThePrevious.test(character)) return 0;
  const point = character.codePointAt(0) ?? 0;
  return wideBlocks.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}

/** Columns that a text takes on a terminal; colour codes take none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character);
  return width;
}

/** The text itself when it fits, else as much of it as fits before an ellipsis. For text without colour codes. */
export function truncateText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return width < 1 ? '' : `${kept}…`;
}

/** Pads on the right to the width; colour codes are not counted. */
export function padText(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** One line without control characters, for text that comes from a replica or a runtime. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .trim();
}
