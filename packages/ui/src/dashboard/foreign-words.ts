/** What is said of a query that cannot be asked. */
import { type ForeignQuery, SERVER_SIDE } from './foreign-queries.ts';
import { text } from './json.ts';

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

/** A sentence for the reader. */
export function notAsked({ refId, source, json }: ForeignQuery): string {
  return `Query ${refId} is ${whatIs(source, json)}, which is not asked here.`;
}

function whatIs(source: string, json: ForeignQuery['json']): string {
  if (source === SERVER_SIDE) {
    const kind = text(json.type) ?? 'expression';
    const written = text(json.expression);
    const what = written === undefined ? `the ${kind} expression` : `the expression ${written} (${kind})`;
    return `${what} of Grafana's server`;
  }
  if (Object.hasOwn(LANGUAGES, source)) return LANGUAGES[source]!;
  if (text(json.rawSql) !== undefined) return 'SQL';
  return source === '' || source === 'mixed' || source === 'datasource'
    ? 'a query of another language'
    : `a query of ${source}`;
}
