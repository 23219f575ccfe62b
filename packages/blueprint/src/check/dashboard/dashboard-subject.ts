/** A dashboard as checks see it: what it asks and names, parsed once, with the place of everything in its file. */
import {
  type DashboardQuery,
  type Inventory,
  type InventoryPanel,
  type InventoryVariable,
  inventory,
  type PanelQuery,
} from '../../grafana/inventory.ts';
import { normalizeDashboard } from '../../grafana/normalize.ts';
import type { ClassicDashboard } from '../../grafana/reading/classic.ts';
import { DashboardFormatError, type Note } from '../../grafana/reading/note.ts';
import type { CheckContext } from '../check.ts';
import type { Place } from '../problem.ts';
import { DashboardExpression } from './dashboard-expression.ts';

/** A query that is PromQL. */
export interface AskedQuery {
  readonly query: DashboardQuery;
  /** Whose it is: as {@link Problem.subject}. */
  readonly subject: string;
  readonly panel: InventoryPanel | undefined;
  readonly expression: DashboardExpression;
}

/** Where a value of the dashboard stands: by its pointer in what was read, and for a part of a text its offsets. */
export type LocateValue = (source: string, from?: number, to?: number) => Place;

/** What was read of a file, or rendered of a definition. */
export interface DashboardSource {
  /** The file. */
  readonly path: string;
  readonly json: unknown;
  readonly locate: LocateValue;
}

/** A dashboard. */
export interface DashboardSubject {
  readonly subject: string;
  readonly path: string;
  readonly context: CheckContext;
  readonly dashboard: ClassicDashboard;
  readonly notes: readonly Note[];
  readonly inventory: Inventory;
  /** All that it asks in PromQL, in the order of the inventory. */
  readonly asked: readonly AskedQuery[];
  /** All dashboards, this one among them, in the order of their files. */
  readonly all: readonly DashboardSubject[];
  /** Where a value stands, by its pointer in what was read. */
  readonly locate: LocateValue;
  /** As {@link locate}, by its pointer in the normalized dashboard. */
  place(pointer: string, from?: number, to?: number): Place;
}

/** What a file holds that is no dashboard after all. */
export interface UnreadableDashboard {
  readonly place: Place;
  readonly message: string;
}

/** The dashboards of some sources, and what could not be read. */
export function dashboardSubjects(
  sources: readonly DashboardSource[],
  context: CheckContext,
): { readonly dashboards: readonly DashboardSubject[]; readonly unreadable: readonly UnreadableDashboard[] } {
  const dashboards: DashboardSubject[] = [];
  const unreadable: UnreadableDashboard[] = [];
  for (const source of sources) {
    try {
      dashboards.push(dashboardSubject(source, context, dashboards));
    } catch (error) {
      if (!(error instanceof DashboardFormatError)) throw error;
      unreadable.push({ place: source.locate(error.pointer), message: error.problem });
    }
  }
  return { dashboards, unreadable };
}

function dashboardSubject(
  { path, json, locate }: DashboardSource,
  context: CheckContext,
  all: readonly DashboardSubject[],
): DashboardSubject {
  const normalized = normalizeDashboard(json);
  const found = inventory(normalized);
  return {
    subject: `dashboard ${JSON.stringify(normalized.dashboard.title)}`,
    path,
    context,
    dashboard: normalized.dashboard,
    notes: normalized.notes,
    inventory: found,
    asked: askedQueries(found, context, locate),
    all,
    locate,
    place: (pointer, from, to) => locate(normalized.source(pointer), from, to),
  };
}

/** How a panel is called: with the row that it stands in, since titles are often the same. */
export function panelSubject({ row, title, id, type }: InventoryPanel): string {
  const name = title === '' ? `${type} ${id}` : title;
  return `panel ${JSON.stringify(row === undefined || row === '' ? name : `${row} / ${name}`)}`;
}

/** Whose a place of the normalized dashboard is: the panel that it lies in, or the dashboard. */
export function subjectAt(
  pointer: string | undefined,
  { inventory: { panels }, subject }: DashboardSubject,
): string {
  const panel = panels.find((one) => pointer === one.pointer || pointer?.startsWith(`${one.pointer}/`));
  return panel === undefined ? subject : panelSubject(panel);
}

/** How a variable is called. */
export function variableSubject({ name }: InventoryVariable): string {
  return `variable $${name}`;
}

function askedQueries(found: Inventory, context: CheckContext, locate: LocateValue): AskedQuery[] {
  const { panels, variables, queries } = found;
  const asked: AskedQuery[] = [];
  const add = (
    query: DashboardQuery,
    subject: string,
    panel: InventoryPanel | undefined,
    text: string,
    at = 0,
  ): void => {
    const { source } = query.exprSpot;
    const place = (start: number, end: number): Place => locate(source, start + at, end + at);
    asked.push({
      query,
      subject,
      panel,
      expression: new DashboardExpression(text, variables, context, place),
    });
  };
  for (const panel of panels)
    for (const query of panel.queries)
      if (isPromql(query)) add(query, panelSubject(panel), panel, query.expr);
  for (const query of queries) {
    if (!isPromql(query) || query.kind === 'panel') continue;
    if (query.kind === 'annotation')
      add(query, `annotation ${JSON.stringify(query.annotation)}`, undefined, query.expr);
    else {
      const part = expressionPartOf(query.ask);
      if (part !== undefined) add(query, `variable $${query.variable}`, undefined, part.text, part.offset);
    }
  }
  return asked;
}

function expressionPartOf(ask: Extract<DashboardQuery, { kind: 'variable' }>['ask']) {
  switch (ask.asks) {
    case 'label_values':
    case 'label_names':
    case 'series':
      return ask.selector;
    case 'query_result':
      return ask.query;
    case 'metrics':
    case 'other':
      return undefined;
  }
}

function isPromql({ language, expr }: DashboardQuery): boolean {
  return language === 'promql' && expr.trim() !== '';
}

/** The queries of a panel that it shows: those that are not hidden. */
export function shownQueries(dashboard: DashboardSubject, panel: InventoryPanel): AskedQuery[] {
  return dashboard.asked.filter(({ panel: of, query }) => of === panel && !(query as PanelQuery).hidden);
}
