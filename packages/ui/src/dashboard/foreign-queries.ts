/** Queries that the page cannot ask: of other languages, and those that Grafana's server works out itself. */
import { type JsonObject, object, text } from './json.ts';

/** A query that is not asked, and what it is. */
export interface ForeignQuery {
  readonly refId: string;
  /** To be read: `LogQL of a Loki data source`, `the expression $A / $B of Grafana's server`. */
  readonly what: string;
}

/** The languages of data sources, by the type of the source. */
const LANGUAGES: Readonly<Record<string, string>> = {
  loki: 'LogQL of Loki',
  tempo: 'TraceQL of Tempo',
  elasticsearch: 'a query of Elasticsearch',
  'grafana-opensearch-datasource': 'a query of OpenSearch',
  influxdb: 'a query of InfluxDB',
  graphite: 'a query of Graphite',
  cloudwatch: 'a query of CloudWatch',
  postgres: 'SQL of PostgreSQL',
  'grafana-postgresql-datasource': 'SQL of PostgreSQL',
  mysql: 'SQL of MySQL',
  mssql: 'SQL of SQL Server',
  'grafana-testdata-datasource': 'made-up data of Grafana',
  testdata: 'made-up data of Grafana',
};

/** Where Grafana's server evaluates its own expressions. */
const SERVER_SIDE = '__expr__';

/** Whether a query is one of PromQL that is to be asked. */
export function isOwnQuery(json: JsonObject, datasource: unknown): boolean {
  return (
    json.hide !== true && (text(json.expr) ?? '').trim() !== '' && languageOf(json, datasource) === undefined
  );
}

/** The queries that cannot be asked, but are to be shown. */
export function readForeign(list: readonly JsonObject[], datasource: unknown): ForeignQuery[] {
  return list.flatMap((json, i) => {
    const language = languageOf(json, datasource);
    // One without anything in it asks nothing anywhere.
    if (json.hide === true || language === undefined) return [];
    return { refId: text(json.refId) ?? String.fromCharCode(65 + i), what: language };
  });
}

/** What a query is when it is not PromQL. */
function languageOf(json: JsonObject, panelSource: unknown): string | undefined {
  const own = object(json.datasource);
  if (own.uid === SERVER_SIDE || own.type === SERVER_SIDE || json.datasource === SERVER_SIDE)
    return expressionOf(json);
  const type = text(own.type) ?? text(object(panelSource).type);
  if (type === undefined || type === 'mixed' || type === 'datasource' || type.includes('prometheus')) {
    if (text(json.expr) !== undefined) return undefined;
    if (text(json.rawSql) !== undefined) return 'SQL';
    if (type === 'datasource') return "data of Grafana's own";
    return text(json.query) === undefined ? undefined : 'a query of another language';
  }
  return Object.hasOwn(LANGUAGES, type) ? LANGUAGES[type] : `a query of ${type}`;
}

function expressionOf(json: JsonObject): string {
  const kind = text(json.type) ?? 'expression';
  const written = text(json.expression);
  return `${written === undefined ? `the ${kind} expression` : `the expression ${written} (${kind})`} of Grafana's server`;
}
