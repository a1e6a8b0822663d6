import { oneLine, padText, textWidth, truncateText } from './text-width.ts';
import type { Paint } from './style.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align?: 'left' | 'right';
  /** Left out on a narrow terminal: those of the lowest rank first. Undefined: never. */
  readonly dropRank?: number;
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

/** A column with its cells; the title is the first of them. */
interface FilledColumn extends Column {
  readonly cells: readonly (Cell | undefined)[];
  readonly width: number;
}

/**
 * Lines of a table whose columns are as wide as their widest cell. On a narrow terminal those that can be spared are
 * left out, then the widest give way.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string[] {
  const filled = columns.map((column, index): FilledColumn => {
    const cells = [{ text: column.title, paint: options.paintTitle }, ...rows.map((row) => row[index])];
    return { ...column, cells, width: Math.max(...cells.map((cell) => textWidth(textOf(cell)))) };
  });
  const fitting = options.width === undefined ? filled : fitColumns(filled, options.width);
  return [undefined, ...rows].map((_, row) =>
    fitting
      .map((column) => renderCell(column.cells[row], column))
      .join(gap)
      .trimEnd(),
  );
}

function textOf(cell: Cell | undefined): string {
  return oneLine(typeof cell === 'string' ? cell : (cell?.text ?? ''));
}

function renderCell(cell: Cell | undefined, { align, width }: FilledColumn): string {
  const text = truncateText(textOf(cell), width);
  const painted = typeof cell === 'object' && text !== '' ? cell.paint(text) : text;
  return align === 'right'
    ? ' '.repeat(Math.max(0, width - textWidth(text))) + painted
    : padText(painted, width);
}

function fitColumns(columns: readonly FilledColumn[], available: number): readonly FilledColumn[] {
  const excess = totalWidth(columns) - available;
  if (excess <= 0) return columns;
  const ranks = columns.flatMap(({ dropRank }) => dropRank ?? []);
  if (ranks.length > 0) {
    const lowest = Math.min(...ranks);
    return fitColumns(
      columns.filter(({ dropRank }) => dropRank !== lowest),
      available,
    );
  }
  const widest = Math.max(...columns.map(({ width }) => width));
  if (widest <= minColumnWidth) return columns;
  const last = columns.findLastIndex(({ width }) => width === widest);
  return fitColumns(
    columns.map((column, index) => (index === last ? { ...column, width: widest - 1 } : column)),
    available,
  );
}

function totalWidth(columns: readonly FilledColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, gap.length * (columns.length - 1));
}
