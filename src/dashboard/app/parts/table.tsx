import type { ComponentChildren, JSX } from 'preact';

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  /** For readers of the screen alone. */
  readonly isTitleHidden?: boolean;
}

export interface Row {
  readonly key: string;
  /** The first is the row's name. */
  readonly cells: readonly ComponentChildren[];
  readonly isSelected?: boolean;
}

/**
 * A table; on a narrow screen each row is a card, in which every cell carries its column's title. The roles are said
 * outright, because a table that is displayed as something else is no table to assistive software.
 */
export function Table({
  caption,
  columns,
  rows,
}: {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}): JSX.Element {
  return (
    <table role="table" class="table">
      <caption class="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, isNumber, isTitleHidden }) => (
            <th key={title} role="columnheader" scope="col" class={isNumber === true ? 'number' : undefined}>
              {isTitleHidden === true ? <span class="unseen">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ key, cells }) => (
          <tr key={key} role="row">
            {cells.map((cell, index) => {
              const column = columns[index];
              const type = column?.isNumber === true ? 'number' : undefined;
              return index === 0 ? (
                <th key={column?.title} role="rowheader" scope="row" class={type}>
                  {cell}
                </th>
              ) : (
                <td
                  key={column?.title}
                  role="cell"
                  class={type}
                  data-title={column?.isTitleHidden === true ? undefined : column?.title}
                >
                  {cell}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
