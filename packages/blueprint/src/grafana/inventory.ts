/**
 * Everything in a dashboard that asks something or names something: the queries of panels, variables and
 * annotations, the labels and columns that legends, overrides and transformations speak of, and the variables
 * that any text refers to. Checks work on this and never walk the JSON themselves.
 *
 * Every place is given twice: in the normalized dashboard, and in the file that was read, where people look.
 */

import type { ClassicDashboard, ClassicPanel, ClassicVariable } from './reading/classic.ts';
import { isObject, objectOf, textOf } from './reading/json.ts';
import { labelUsesOf } from './reading/label-uses.ts';
import { annotationQueries, panelQueries, variableQuery } from './reading/queries.ts';
import { referencesOf } from './reading/references.ts';

/** A place in the dashboard. */
export interface DashboardSpot {
  /** JSON pointer into the normalized dashboard. */
  readonly pointer: string;
  /** JSON pointer into what was read; the nearest thing around it where it was not there. */
  readonly source: string;
}

/** A stretch of a text. */
export interface TextPart {
  readonly text: string;
  /** Where it begins in the whole text, in UTF-16 code units. */
  readonly offset: number;
}

/** The languages that data sources are asked in. Only PromQL is understood here; the others are kept. */
export type QueryLanguage =
  | 'promql'
  | 'metricsql'
  | 'logql'
  | 'traceql'
  | 'influx'
  | 'graphite'
  | 'sql'
  | 'elasticsearch'
  /** Grafana's own: an expression over other queries. */
  | 'expression'
  /** The result of another panel. */
  | 'dashboard'
  | 'unknown';

/** Which data source is asked, as far as the dashboard tells. */
export interface DatasourceUse {
  /** The plugin's name, such as `prometheus`, also found through the variable; undefined for the default one. */
  readonly type: string | undefined;
  /** As it is written; undefined for the default data source. */
  readonly uid: string | undefined;
  /** The name of the variable, when the uid is one. */
  readonly variable: string | undefined;
}

interface QueryCommon extends DashboardSpot {
  /** The text that is asked; empty when the language is none of texts or there is none. */
  readonly expr: string;
  /** Where that text stands. */
  readonly exprSpot: DashboardSpot;
  readonly language: QueryLanguage;
  readonly datasource: DatasourceUse;
}

/** A query of a panel. */
export interface PanelQuery extends QueryCommon {
  readonly kind: 'panel';
  readonly refId: string;
  /** Switched off: not asked unless an expression needs it. */
  readonly hidden: boolean;
  readonly instant: boolean;
  readonly range: boolean;
  readonly format: string;
  /** The least step as it is written, such as `30s`; undefined for that of the data source. */
  readonly interval: string | undefined;
  /** The name of each series; empty or `__auto` for all its labels. */
  readonly legend: string;
  readonly legendSpot: DashboardSpot;
}

/** What a variable's query asks for. */
export type VariableAsk =
  | { readonly asks: 'label_values'; readonly selector: TextPart | undefined; readonly label: TextPart }
  | { readonly asks: 'label_names'; readonly selector: TextPart | undefined }
  /** Names of metrics that a regular expression matches. */
  | { readonly asks: 'metrics'; readonly pattern: TextPart }
  /** The result of an expression. */
  | { readonly asks: 'query_result'; readonly query: TextPart }
  /** The series that a selector finds. */
  | { readonly asks: 'series'; readonly selector: TextPart }
  /** A query of another language, or none. */
  | { readonly asks: 'other' };

/** The query that gives a variable its values. */
export interface VariableQuery extends QueryCommon {
  readonly kind: 'variable';
  readonly variable: string;
  readonly ask: VariableAsk;
}

/** The query of an annotation. */
export interface AnnotationQuery extends QueryCommon {
  readonly kind: 'annotation';
  readonly annotation: string;
  readonly enabled: boolean;
}

/** Anything that is asked. */
export type DashboardQuery = PanelQuery | VariableQuery | AnnotationQuery;

/** A label, or a column of a table, that something beside a query names. */
export interface LabelUse extends DashboardSpot {
  /**
   * `legend`: `{{name}}` in a legend. `annotation`: in a title, text or tags of an annotation. `override`: a
   * matcher by name, which names a series by its legend or a column. `regexp`: a matcher by pattern. `column`:
   * a column that a transformation includes, excludes, orders, sorts, groups or joins by. `rename`: the column
   * that is given another name. `link`: `${__field.labels.name}`. `label`: a label that a transformation turns
   * into columns.
   */
  readonly kind: 'legend' | 'annotation' | 'override' | 'regexp' | 'column' | 'rename' | 'link' | 'label';
  readonly name: string;
  /** Where the name begins in the text at `pointer`; undefined when it is a key and not a text. */
  readonly offset: number | undefined;
  /** The query that it speaks of, where it speaks of one. */
  readonly refId: string | undefined;
}

/** A text that refers to a variable or a macro. */
export interface VariableReference extends DashboardSpot {
  readonly name: string;
  /** `regex` of `${name:regex}`. */
  readonly format: string | undefined;
  /** The whole reference, such as `${name:regex}`. */
  readonly part: TextPart;
  /** `macro`: Grafana knows it itself, such as `$__rate_interval`. */
  readonly kind: 'variable' | 'macro' | 'unknown';
}

/** A panel and what it asks. Rows are no panels. */
export interface InventoryPanel extends DashboardSpot {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description: string;
  /** `fieldConfig.defaults.unit`. */
  readonly unit: string | undefined;
  /** The title of the row that it stands in. */
  readonly row: string | undefined;
  /** The row is closed when the dashboard opens. */
  readonly collapsed: boolean;
  /** The library panel that it shows: what it asks is not in the file. */
  readonly library: { readonly uid: string; readonly name: string } | undefined;
  /** The variable that it is repeated by. */
  readonly repeat: string | undefined;
  readonly queries: readonly PanelQuery[];
  readonly labelUses: readonly LabelUse[];
  readonly json: ClassicPanel;
}

/** A variable and what it asks. */
export interface InventoryVariable extends DashboardSpot {
  readonly name: string;
  readonly type: string;
  /** The values that the file fixes: those of a custom, interval, constant or text variable. */
  readonly values: readonly string[];
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly allValue: string | undefined;
  readonly query: VariableQuery | undefined;
  readonly json: ClassicVariable;
}

/** What a dashboard asks and names. */
export interface Inventory {
  /** In the order of the file; those of closed rows are among them. */
  readonly panels: readonly InventoryPanel[];
  readonly variables: readonly InventoryVariable[];
  /** All that is asked: by panels, then by variables, then by annotations. */
  readonly queries: readonly DashboardQuery[];
  /** Of panels, then of annotations. */
  readonly labelUses: readonly LabelUse[];
  /** In every text but the choices that a variable had when it was saved. */
  readonly references: readonly VariableReference[];
}

/** A place by its pointer. */
export type Locate = (pointer: string) => DashboardSpot;

/**
 * Lists what a normalized dashboard asks and names. Takes what `normalizeDashboard` returns; with a dashboard
 * alone every place in the file is that in the dashboard.
 */
export function inventory({
  dashboard,
  source = (pointer) => pointer,
}: {
  readonly dashboard: ClassicDashboard;
  readonly source?: (pointer: string) => string;
}): Inventory {
  const locate: Locate = (pointer) => ({ pointer, source: source(pointer) });
  const panels = panelsOf(dashboard, locate);
  const variables = dashboard.templating.list.map((variable, i) =>
    variableOf(variable, dashboard, locate, `/templating/list/${i}`),
  );
  const annotations = annotationQueries(dashboard, locate);
  return {
    panels,
    variables,
    queries: [
      ...panels.flatMap((panel) => panel.queries),
      ...variables.flatMap((variable) => variable.query ?? []),
      ...annotations.queries,
    ],
    labelUses: [...panels.flatMap((panel) => panel.labelUses), ...annotations.labelUses],
    references: referencesOf(dashboard, locate),
  };
}

function panelsOf(dashboard: ClassicDashboard, locate: Locate): InventoryPanel[] {
  const out: InventoryPanel[] = [];
  let row: string | undefined;
  const add = (panel: ClassicPanel, pointer: string, collapsed: boolean) => {
    const library = objectOf(panel.libraryPanel);
    out.push({
      ...locate(pointer),
      id: panel.id,
      title: panel.title,
      type: panel.type,
      description: textOf(panel.description) ?? '',
      unit: textOf(panel.fieldConfig?.defaults.unit),
      row,
      collapsed,
      library: isObject(panel.libraryPanel)
        ? { uid: textOf(library.uid) ?? '', name: textOf(library.name) ?? '' }
        : undefined,
      repeat: textOf(panel.repeat) || undefined,
      queries: panelQueries(panel, dashboard, locate, pointer),
      labelUses: labelUsesOf(panel, locate, pointer),
      json: panel,
    });
  };
  for (const [i, panel] of dashboard.panels.entries()) {
    const pointer = `/panels/${i}`;
    if (panel.type === 'row') {
      row = panel.title;
      for (const [k, inner] of (panel.panels ?? []).entries()) add(inner, `${pointer}/panels/${k}`, true);
    } else {
      add(panel, pointer, false);
    }
  }
  return out;
}

/** The kinds whose `query` is the list of their values. */
const LISTED = ['custom', 'interval', 'constant', 'textbox'];

function variableOf(
  variable: ClassicVariable,
  dashboard: ClassicDashboard,
  locate: Locate,
  pointer: string,
): InventoryVariable {
  return {
    ...locate(pointer),
    name: variable.name,
    type: variable.type,
    values: LISTED.includes(variable.type) ? listedValues(variable) : [],
    multi: variable.multi === true,
    includeAll: variable.includeAll === true,
    allValue: textOf(variable.allValue) || undefined,
    query: variable.type === 'query' ? variableQuery(variable, dashboard, locate, pointer) : undefined,
    json: variable,
  };
}

/** `a, b : c, d\,e` is `a`, `c` (shown as b) and `d,e`; a constant and a text are one value each. */
function listedValues({ type, query }: ClassicVariable): string[] {
  const text = textOf(query) ?? '';
  if (type === 'constant' || type === 'textbox') return text === '' ? [] : [text];
  return (text.match(/(?:\\,|[^,])+/g) ?? [])
    .map((item) => item.replaceAll('\\,', ',').trim())
    .map((item) => /^.+?\s:\s(.+)$/.exec(item)?.[1]?.trim() ?? item)
    .filter((item) => item !== '');
}
