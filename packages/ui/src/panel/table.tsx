/** A table: rows of labels and values, sorted by the column whose head is pressed. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { namedColor, type Theme, withAlpha } from '../chart/palette.ts';
import { thresholdColor } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { TablePanel } from '../dashboard/model.ts';
import { sortedRows, type TableCell, type TableColumn, tableContent } from '../dashboard/table-rows.ts';
import { format } from '../format/units.ts';
import { moment } from '../time/range.ts';

/** More rows than these are counted, not shown. */
const ROWS_MOST = 500;

interface Sorting {
  readonly column: string;
  readonly descending: boolean;
}

/** Draws a table panel. */
export function TableView({
  panel,
  data,
  theme,
}: {
  readonly panel: TablePanel;
  readonly data: PanelData;
  readonly theme: Theme;
}): JSX.Element {
  const { columns, rows } = useMemo(() => tableContent(data, panel), [data, panel]);
  const [picked, setPicked] = useState<Sorting | undefined>(undefined);
  const sorting = picked ?? panel.sortBy;
  const at = columns.findIndex(({ title }) => title === sorting?.column);
  const sorted = sorting === undefined || at < 0 ? rows : sortedRows(rows, at, sorting.descending);
  const pick = ({ title, kind }: TableColumn): void =>
    setPicked({
      column: title,
      // Numbers are looked at from the greatest on.
      descending: sorting?.column === title ? !sorting.descending : kind === 'value',
    });
  return (
    <div class="table-scroll">
      <table class="data-table">
        {panel.showHeader && (
          <thead>
            <tr>
              {columns.map((column, i) => (
                <th
                  key={column.name}
                  class={column.kind === 'value' ? 'num' : ''}
                  aria-sort={i !== at ? 'none' : sorting?.descending ? 'descending' : 'ascending'}
                >
                  <button type="button" onClick={() => pick(column)}>
                    {column.title}
                    <span aria-hidden="true">{i !== at ? '' : sorting?.descending ? ' ↓' : ' ↑'}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {sorted.slice(0, ROWS_MOST).map((row, i) => (
            <tr key={i}>
              {columns.map((column, j) => (
                <Cell key={column.name} column={column} cell={row[j] ?? null} panel={panel} theme={theme} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MOST && <p class="muted">and {rows.length - ROWS_MOST} more rows</p>}
    </div>
  );
}

function Cell({
  column,
  cell,
  panel,
  theme,
}: {
  readonly column: TableColumn;
  readonly cell: TableCell;
  readonly panel: TablePanel;
  readonly theme: Theme;
}): JSX.Element {
  if (cell === null) return <td class="num muted">–</td>;
  if (typeof cell === 'string') return <td title={cell}>{cell}</td>;
  if (column.kind === 'time') return <td>{moment(cell * 1000, true)}</td>;
  const { field, overrides, cellColor } = panel;
  const ours = overrides.filter(
    (one) => one.matches({ name: column.name, refId: '' }) || one.matches({ name: column.title, refId: '' }),
  );
  const mapping = field.mappings.find((one) => one.matches(cell));
  const unit = ours.findLast((one) => one.unit !== undefined)?.unit ?? field.unit;
  const decimals = ours.findLast((one) => one.decimals !== undefined)?.decimals ?? field.decimals;
  const named = mapping?.color ?? thresholdColor(field, cell, field.min ?? 0, field.max ?? 100) ?? 'text';
  const color = namedColor(named, theme);
  const style =
    cellColor === 'background'
      ? { background: withAlpha(color, 0.22) }
      : cellColor === 'text' || mapping?.color !== undefined
        ? { color }
        : {};
  return (
    <td class="num" style={style}>
      {mapping?.text ?? format(cell, unit, decimals)}
    </td>
  );
}
