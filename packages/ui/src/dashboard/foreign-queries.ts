/** Queries that the page cannot ask: of other languages, and those that Grafana's server works out itself. */
import { type JsonObject, object, text } from './json.ts';

/** A query that is not asked. */
export interface ForeignQuery {
  readonly refId: string;
  /** The type of its data source; empty where it is not said. */
  readonly source: string;
  /** As it stands in the dashboard. */
  readonly json: JsonObject;
}

/** Where Grafana's server evaluates its own expressions. */
export const SERVER_SIDE = '__expr__';

/** Whether a query is one of PromQL that is to be asked. */
export function isOwnQuery(json: JsonObject, panelSource: unknown): boolean {
  return json.hide !== true && (text(json.expr) ?? '').trim() !== '' && !isForeign(json, panelSource);
}

/** The queries that cannot be asked, but are to be shown. */
export function readForeign(list: readonly JsonObject[], panelSource: unknown): ForeignQuery[] {
  return list.flatMap((json, i) => {
    if (json.hide === true || !isForeign(json, panelSource)) return [];
    const refId = text(json.refId) ?? String.fromCharCode(65 + i);
    return [{ refId, source: sourceOf(json, panelSource), json }];
  });
}

function sourceOf({ datasource }: JsonObject, panelSource: unknown): string {
  const { type, uid } = object(datasource);
  if (datasource === SERVER_SIDE || uid === SERVER_SIDE) return SERVER_SIDE;
  return text(type) ?? text(object(panelSource).type) ?? '';
}

/** Without a source that says it, a query is PromQL when it has an expression, and asks nothing when it has none. */
function isForeign(json: JsonObject, panelSource: unknown): boolean {
  const source = sourceOf(json, panelSource);
  // What VictoriaMetrics adds to PromQL is refused by the server, with the place.
  if (/prometheus|victoriametrics-metrics/.test(source)) return false;
  if (source !== '' && source !== 'mixed' && source !== 'datasource') return true;
  return text(json.expr) === undefined && (text(json.rawSql) ?? text(json.query)) !== undefined;
}
