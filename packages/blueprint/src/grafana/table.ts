/** A table in Grafana's words: its queries side by side, its columns chosen, named and dressed. */
import type { JsonObject, JsonValue } from '../dashboard/json.ts';
import { fieldOf, type TableColumn, type TablePanel } from '../dashboard/table.ts';
import { propertiesOf } from './field-config.ts';
import type { GrafanaOverride, GrafanaTransformation } from './json.ts';
import type { GrafanaPanelOptions } from './json-options.ts';

/** The options of a table. */
export function tableOptions({ sortBy }: TablePanel): GrafanaPanelOptions['table']['options'] {
  return {
    cellHeight: 'sm',
    frameIndex: 0,
    showHeader: true,
    ...(sortBy !== undefined && { sortBy: [{ displayName: sortBy.column, desc: sortBy.descending }] }),
  };
}

/**
 * What makes the columns: the answers of several queries become one table, the columns that were asked for are
 * chosen, and they get their order and headings. What the author transforms comes after it.
 */
export function tableTransformations(panel: TablePanel): GrafanaTransformation[] {
  const given = (panel.transformations ?? []) as readonly (JsonObject & GrafanaTransformation)[];
  if (!panel.organize) return [...given];
  const { columns, queries } = panel;
  const out: GrafanaTransformation[] = [];
  if (queries.length > 1) out.push({ id: 'merge', options: {} });
  if (columns !== undefined)
    out.push({
      id: 'filterFieldsByName',
      options: { include: { names: columns.map(({ field }) => field) } },
    });
  out.push({ id: 'organize', options: columns === undefined ? withoutTime(panel) : arranged(columns) });
  return [...out, ...given];
}

/** All columns but the time, values headed as their queries are. */
function withoutTime({ queries }: TablePanel): JsonObject {
  const named = queries.filter(({ legend }) => legend !== '' && !legend.includes('{{'));
  const renameByName = Object.fromEntries(named.map(({ legend }) => [fieldOf(legend, queries), legend]));
  return { excludeByName: { Time: true }, indexByName: {}, renameByName };
}

function arranged(columns: readonly TableColumn[]): JsonObject {
  return {
    excludeByName: {},
    indexByName: Object.fromEntries(columns.map(({ field }, i) => [field, i])),
    renameByName: Object.fromEntries(
      columns.filter(({ field, title }) => field !== title).map(({ field, title }) => [field, title]),
    ),
  };
}

/** How columns look that are not like the rest. They are found by their headings, as they are named by then. */
export function columnOverrides({ columns = [], queries, organize }: TablePanel): GrafanaOverride[] {
  if (!organize) return [];
  const headed =
    columns.length > 0
      ? columns
      : queries.map(({ legend }) => ({ field: fieldOf(legend, queries), title: legend }));
  return headed.flatMap((column: TableColumn) => {
    const own = queries.find(({ legend }) => fieldOf(legend, queries) === column.field)?.unit;
    const properties = propertiesOf({
      unit: column.unit ?? own,
      decimals: column.decimals,
      'custom.width': column.width,
      'custom.align': column.align,
      'custom.cellOptions': cellOptions(column),
    });
    return properties.length === 0 ? [] : [{ matcher: { id: 'byName', options: column.title }, properties }];
  });
}

function cellOptions({ cell = 'plain' }: TableColumn): JsonValue | undefined {
  switch (cell) {
    case 'plain':
      return undefined;
    case 'gauge':
      return { type: 'gauge', mode: 'basic' };
    case 'color-background':
      return { type: 'color-background', mode: 'basic' };
    case 'color-text':
      return { type: 'color-text' };
  }
}
