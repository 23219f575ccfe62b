/** Values in columns: a line per series, a column per label and per query. */
import { DefinitionError } from './definition-error.ts';
import {
  type Asked,
  type Given,
  type MoreSettings,
  type PanelCommon,
  type PanelSpec,
  panelCommon,
  specOf,
} from './panel.ts';
import { lettersOf } from './query.ts';
import { checkUnit, type Unit } from './unit-id.ts';

/** How a column looks. */
export interface Column {
  /** Its heading. Default: its name. */
  readonly title?: string;
  readonly unit?: Unit;
  readonly decimals?: number;
  /** In pixels. */
  readonly width?: number;
  readonly align?: 'left' | 'center' | 'right';
  /** What takes the threshold's colour, or a bar in the cell. Default `plain`. */
  readonly cell?: 'plain' | 'color-text' | 'color-background' | 'gauge';
}

/** What only a table may say. */
interface TableSettings {
  /**
   * Which columns there are, in their order, by the names of labels and the legends of queries, `Value` where there
   * is only one: `{ endpoint: 'Route', Value: { title: 'Requests', unit: 'reqps' } }`. Default: all but the time.
   */
  readonly columns?: Readonly<Record<string, string | Column>>;
  /** The column that lines are ordered by, as it is headed; a minus in front has the greatest first. */
  readonly sortBy?: string;
  /** Lets the reader filter columns. Default false. */
  readonly filterable?: boolean;
}

/** What the author of a table writes. */
export type TableSpec = PanelSpec & TableSettings;

/** A column of a table. */
export interface TableColumn extends Column {
  /** The name of the field as the queries give it: a label, or `Value`, or `Value #B`. */
  readonly field: string;
  readonly title: string;
}

/** Values in columns. */
export interface TablePanel extends PanelCommon {
  readonly type: 'table';
  /** In their order; undefined leaves all of them but the time. */
  readonly columns?: readonly TableColumn[];
  /** The heading of the column that lines are ordered by. */
  readonly sortBy?: { readonly column: string; readonly descending: boolean };
  readonly filterable: boolean;
  /**
   * Whether the table makes its columns of its queries' answers: puts them beside each other, chooses and names. Not
   * where a table's `transformations` do that.
   */
  readonly organize: boolean;
}

/** Values in columns: `table('Routes', { Requests: perRoute, p95: slow }, { columns: { endpoint: 'Route', … } })`. */
export function table(title: string, asked: Asked, settings?: MoreSettings & TableSettings): TablePanel;
/** Values in columns, as one object. */
export function table(spec: TableSpec): TablePanel;
export function table(...given: Given<TableSettings>): TablePanel {
  const spec = specOf(given);
  const where = `table ${JSON.stringify(spec.title)}`;
  const common = panelCommon('table', spec, { instant: true, format: 'table' });
  const columns = spec.columns === undefined ? undefined : columnsOf(where, spec.columns, common);
  const { sortBy } = spec;
  return {
    type: 'table',
    ...common,
    ...(columns !== undefined && { columns }),
    ...(sortBy !== undefined && {
      sortBy: sortBy.startsWith('-')
        ? { column: sortBy.slice(1), descending: true }
        : { column: sortBy, descending: false },
    }),
    filterable: spec.filterable ?? false,
    organize: true,
  };
}

function columnsOf(
  where: string,
  columns: Readonly<Record<string, string | Column>>,
  { queries }: PanelCommon,
): readonly TableColumn[] {
  const all = Object.entries(columns).map(([name, given]): TableColumn => {
    const column = typeof given === 'string' ? { title: given } : given;
    if (column.unit !== undefined) checkUnit(`${where}: column ${JSON.stringify(name)}`, column.unit);
    return { ...column, field: fieldOf(name, queries), title: column.title ?? name };
  });
  if (all.length === 0) throw new DefinitionError(`${where}: no columns`);
  const titles = all.map(({ title }) => title);
  const twice = titles.find((title, i) => titles.indexOf(title) < i);
  if (twice !== undefined)
    throw new DefinitionError(`${where}: two columns are headed ${JSON.stringify(twice)}`);
  return all;
}

/** What Grafana calls the values of a query: `Value`, and with several the query's letter behind it. */
export function fieldOf(name: string, queries: PanelCommon['queries']): string {
  const index = queries.findIndex(({ legend }) => legend === name);
  if (index < 0) return name;
  return queries.length === 1 ? 'Value' : `Value #${lettersOf(queries)[index]}`;
}
