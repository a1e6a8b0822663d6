import { formatCount } from '../../load/report/format.ts';
import { tableOptions, type TableSurroundings } from './render-services.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';
import { oneLine } from './text-width.ts';

const shownFailures = 10;

/** One way in which requests failed. */
interface Failure {
  readonly words: string;
  readonly count: number;
  readonly example: string | undefined;
}

/** The first failures as a table with an empty line before it; nothing when there are none. */
export function renderFailures(failures: readonly Failure[], surroundings: TableSurroundings): string[] {
  if (failures.length === 0) return [];
  const rows = failures
    .slice(0, shownFailures)
    .map(({ words, count, example }) => [
      { text: words, paint: surroundings.style.bad },
      formatCount(count),
      oneLine(example ?? ''),
    ]);
  return [
    '',
    ...renderTable(
      [{ title: 'FAILURE' }, { title: 'TIMES', align: 'right' }, { title: 'FOR EXAMPLE' }],
      rows,
      tableOptions(surroundings),
    ),
  ];
}

/** An objective or threshold, whether it was met, and what was measured. */
export function renderObjective(
  { text, isMet, got }: { readonly text: string; readonly isMet: boolean; readonly got: string },
  style: Style,
): string {
  const mark = isMet ? style.good('✔') : style.bad('✖');
  return `${mark} ${text}  ${style.dim(`measured ${got}`)}`;
}
