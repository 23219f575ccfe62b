/**
 * From the answers of instant queries to the rows of a table, as Grafana joins them: a row for each set of labels, a
 * column for each label and for the value of each query.
 */
import { fieldOf } from './field-config.ts';
import type { PanelData } from './load-panel.ts';
import type { TablePanel } from './panel-model.ts';

/** One column. */
export interface TableColumn {
  /** What transformations and overrides know it by. */
  readonly name: string;
  /** What stands above it. */
  readonly title: string;
  readonly kind: 'time' | 'label' | 'value';
}

/** A cell: the text of a label, a number, or nothing. */
export type TableCell = string | number | null;

/** Columns, and rows with a cell for each. */
export interface TableContent {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly TableCell[])[];
}

/** The rows of a table. */
export function tableContent(data: PanelData, panel: TablePanel): TableContent {
  const refIds = [...new Set(data.series.map(({ refId }) => refId))];
  const valueName = (refId: string): string =>
    panel.targets.length > 1 && refIds.length > 0 ? `Value #${refId}` : 'Value';
  const labels: string[] = [];
  const joined = new Map<
    string,
    { readonly labels: Readonly<Record<string, string>>; values: Map<string, number> }
  >();
  for (const series of data.series) {
    const value = series.column.findLast((one) => one !== null);
    if (value === undefined || value === null) continue;
    for (const name of Object.keys(series.labels)) if (!labels.includes(name)) labels.push(name);
    const key = JSON.stringify(Object.entries(series.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const row = joined.get(key) ?? { labels: series.labels, values: new Map<string, number>() };
    joined.set(key, row);
    row.values.set(valueName(series.refId), value);
  }
  const values = [...new Set(panel.targets.map(({ refId }) => valueName(refId)))];
  const all: TableColumn[] = [
    { name: 'Time', title: 'Time', kind: 'time' as const },
    ...labels.map((name) => ({ name, title: name, kind: 'label' as const })),
    ...values.map((name) => ({ name, title: name, kind: 'value' as const })),
  ];
  const columns = all
    .filter(({ name }) => panel.included?.has(name) !== false && !panel.excluded.has(name))
    .map((column, i) => ({ column, place: panel.order[column.name] ?? all.length + i }))
    .sort((a, b) => a.place - b.place)
    .map(({ column }) => ({ ...column, title: titleOf(column.name, panel) }));
  const seconds = data.grid.end;
  const rows = [...joined.values()].map(({ labels: own, values: numbers }) =>
    columns.map(({ name, kind }): TableCell => {
      if (kind === 'time') return seconds;
      return kind === 'label' ? (own[name] ?? '') : (numbers.get(name) ?? null);
    }),
  );
  return { columns, rows };
}

function titleOf(name: string, panel: TablePanel): string {
  const shown = panel.renamed[name] ?? name;
  // An override may name the column as it is, or as it was renamed.
  const own = fieldOf(panel, { name, refId: '', type: 'string' }).displayName;
  const { displayName = own } = fieldOf(panel, { name: shown, refId: '', type: 'string' });
  return displayName ?? shown;
}

/** The rows in the order of a column; numbers by size, texts as people count, what is missing last. */
export function sortedRows(
  rows: TableContent['rows'],
  column: number,
  descending: boolean,
): TableContent['rows'] {
  const direction = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [a[column] ?? null, b[column] ?? null];
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    if (typeof left === 'number' && typeof right === 'number') return direction * (left - right);
    return direction * String(left).localeCompare(String(right), 'en', { numeric: true });
  });
}
