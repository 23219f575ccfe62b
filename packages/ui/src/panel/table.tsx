/** A table: rows of labels and values, sorted by the column whose head is pressed. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { withAlpha } from '../chart/palette.ts';
import { linksOf } from '../dashboard/data-links.ts';
import { type FieldConfig, fieldOf } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import { mapped } from '../dashboard/mappings.ts';
import type { TablePanel } from '../dashboard/panel-model.ts';
import {
  sortedRows,
  type TableCell,
  type TableColumn,
  type TableContent,
  tableContent,
} from '../dashboard/table-rows.ts';
import { moment } from '../time/range.ts';
import type { DrawContext } from './draw-context.ts';
import { Linked } from './linked.tsx';
import { partsText, shownValue } from './reading.ts';

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
  draw,
}: {
  readonly panel: TablePanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const { columns, rows } = useMemo(() => shownContent(data, panel), [data, panel]);
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
                <Cell key={column.name} columns={columns} at={j} row={row} panel={panel} draw={draw} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MOST && <p class="muted">and {rows.length - ROWS_MOST} more rows</p>}
    </div>
  );
}

/** What overrides hide is no column. */
function shownContent(data: PanelData, panel: TablePanel): TableContent {
  const { columns, rows } = tableContent(data, panel);
  const isShown = columns.map((column) => !fieldOfColumn(panel, column).hidden.chart);
  return {
    columns: columns.filter((_, i) => isShown[i]),
    rows: rows.map((row) => row.filter((_, i) => isShown[i])),
  };
}

/** Overrides know a column by its own name and by the one that is shown. */
function fieldOfColumn(panel: TablePanel, { name, title, kind }: TableColumn): FieldConfig {
  const type = kind === 'value' ? 'number' : kind === 'time' ? 'time' : 'string';
  const refId = name.startsWith('Value #') ? name.slice('Value #'.length) : panel.targets[0]?.refId;
  const subject = { refId: kind === 'value' ? (refId ?? '') : '', type } as const;
  const overrides = panel.overrides.map(({ matches, properties }) => ({
    matches: () => matches({ ...subject, name }) || matches({ ...subject, name: title }),
    properties,
  }));
  return fieldOf({ field: panel.field, overrides }, { ...subject, name });
}

function Cell({
  columns,
  at,
  row,
  panel,
  draw,
}: {
  readonly columns: readonly TableColumn[];
  readonly at: number;
  readonly row: readonly TableCell[];
  readonly panel: TablePanel;
  readonly draw: DrawContext;
}): JSX.Element {
  const column = columns[at]!;
  const cell = row[at] ?? null;
  const field = fieldOfColumn(panel, column);
  const labels = Object.fromEntries(columns.map(({ name }, i) => [name, String(row[i] ?? '')]));
  const linked = (text: string): JSX.Element => {
    const value = typeof cell === 'number' ? cell : null;
    const subject = { name: column.title, labels, value, text };
    return <Linked links={linksOf(field.links, draw.links, subject)}>{text}</Linked>;
  };
  if (typeof cell === 'string') {
    const text = mapped(field.mappings, cell)?.text ?? cell;
    return <td title={text}>{linked(text)}</td>;
  }
  if (column.kind === 'time') return <td>{cell === null ? '–' : moment(cell * 1000, true)}</td>;
  const { shown, color, isMapped } = shownValue(cell, field, draw.theme, at);
  if (cell === null && !isMapped) return <td class="num muted">{partsText(shown)}</td>;
  const style =
    panel.cellColor === 'background'
      ? { background: withAlpha(color, 0.22) }
      : panel.cellColor === 'text' || isMapped
        ? { color }
        : {};
  return (
    <td class="num" style={style}>
      {linked(partsText(shown))}
    </td>
  );
}
