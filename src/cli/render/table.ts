import { oneLine, padText, textWidth, truncateText } from './text-width.ts';
import type { Paint } from './style.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align?: 'left' | 'right';
}

export type Cell = string | { readonly text: string; readonly paint: Paint };

export interface TableOptions {
  readonly paintTitle: Paint;
  /** Columns of the terminal; undefined lets lines be as long as they are. */
  readonly width: number | undefined;
}

const gap = '  ';
/** No column is made narrower than this for the sake of the others. */
const minColumnWidth = 8;

/** Lines of a table whose columns are as wide as their widest cell; on a narrow terminal the widest give way. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string[] {
  const titles = columns.map(({ title }): Cell => ({ text: title, paint: options.paintTitle }));
  const widths = fitWidths(
    columns.map((column, index) =>
      Math.max(textWidth(column.title), ...rows.map((row) => textWidth(textOf(row[index])))),
    ),
    options.width,
  );
  return [titles, ...rows].map((row) =>
    columns
      .map((column, index) => renderCell(row[index], column, widths[index] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

function textOf(cell: Cell | undefined): string {
  return oneLine(typeof cell === 'string' ? cell : (cell?.text ?? ''));
}

function renderCell(cell: Cell | undefined, column: Column, width: number): string {
  const text = truncateText(textOf(cell), width);
  const painted = typeof cell === 'object' && text !== '' ? cell.paint(text) : text;
  return column.align === 'right'
    ? ' '.repeat(Math.max(0, width - textWidth(text))) + painted
    : padText(painted, width);
}

function fitWidths(natural: readonly number[], available: number | undefined): number[] {
  const widths = [...natural];
  if (available === undefined) return widths;
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) - available;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= minColumnWidth) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}
