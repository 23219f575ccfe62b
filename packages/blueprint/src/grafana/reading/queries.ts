/** What panels, variables and annotations ask, and in which language. */
import type {
  AnnotationQuery,
  DatasourceUse,
  LabelUse,
  Locate,
  PanelQuery,
  QueryLanguage,
  TextPart,
  VariableAsk,
  VariableQuery,
} from '../inventory.ts';
import type { ClassicDashboard, ClassicDatasource, ClassicPanel, ClassicVariable } from './classic.ts';
import { isObject, type JsonObject, objectOf, pointerTo, textOf } from './json.ts';
import { placeholdersIn } from './label-uses.ts';
import { variableNamed } from './references.ts';

/** Which language a data source's plugin is asked in. */
const LANGUAGES: ReadonlyMap<string, QueryLanguage> = new Map([
  ['prometheus', 'promql'],
  ['grafana-amazonprometheus-datasource', 'promql'],
  ['grafana-azureprometheus-datasource', 'promql'],
  ['victoriametrics-datasource', 'metricsql'],
  ['victoriametrics-metrics-datasource', 'metricsql'],
  ['loki', 'logql'],
  ['tempo', 'traceql'],
  ['influxdb', 'influx'],
  ['graphite', 'graphite'],
  ['mysql', 'sql'],
  ['postgres', 'sql'],
  ['grafana-postgresql-datasource', 'sql'],
  ['mssql', 'sql'],
  ['grafana-clickhouse-datasource', 'sql'],
  ['vertamedia-clickhouse-datasource', 'sql'],
  ['grafana-bigquery-datasource', 'sql'],
  ['elasticsearch', 'elasticsearch'],
  ['grafana-opensearch-datasource', 'elasticsearch'],
  ['__expr__', 'expression'],
]);

/** Uids that are no data source but tell where the answer comes from. */
const LANGUAGES_BY_UID: ReadonlyMap<string, QueryLanguage> = new Map([
  ['__expr__', 'expression'],
  ['-- Dashboard --', 'dashboard'],
]);

/** The field that holds the text of a query, by language. */
const TEXT_FIELDS: Readonly<Record<QueryLanguage, readonly string[]>> = {
  promql: ['expr'],
  metricsql: ['expr'],
  logql: ['expr'],
  traceql: ['query'],
  influx: ['query'],
  graphite: ['target'],
  sql: ['rawSql', 'query'],
  elasticsearch: ['query'],
  expression: ['expression'],
  dashboard: [],
  unknown: ['expr', 'query', 'rawSql', 'target', 'expression'],
};

/** The language in which a query is asked: that of its data source, or else the one that its fields belong to. */
function languageOf(use: DatasourceUse, query: JsonObject): QueryLanguage {
  const known = LANGUAGES_BY_UID.get(use.uid ?? '') ?? LANGUAGES.get(use.type ?? '');
  if (known !== undefined) return known;
  if (use.type !== undefined) return 'unknown';
  if (typeof query.rawSql === 'string') return 'sql';
  if (typeof query.measurement === 'string') return 'influx';
  if (typeof query.target === 'string') return 'graphite';
  // A default data source is most often a Prometheus, and `expr` is its field.
  return typeof query.expr === 'string' ? 'promql' : 'unknown';
}

/** Which data source something refers to; a variable is followed to the plugin that it chooses from. */
function useOf(
  dashboard: ClassicDashboard,
  ...candidates: readonly (ClassicDatasource | null | undefined)[]
): DatasourceUse {
  const datasource = candidates.find((candidate) => isObject(candidate) && candidate.uid !== '-- Mixed --');
  if (!isObject(datasource)) return { type: undefined, uid: undefined, variable: undefined };
  const uid = textOf(datasource.uid);
  const variable = uid === undefined ? undefined : variableNamed(uid);
  const declared = dashboard.templating.list.find(
    (candidate) => candidate.type === 'datasource' && candidate.name === variable,
  );
  return { type: textOf(datasource.type) ?? textOf(declared?.query), uid, variable };
}

/** The text of a query and the pointer to it. */
function textIn(query: JsonObject, language: QueryLanguage, pointer: string): [string, string] {
  const field = TEXT_FIELDS[language].find((name) => typeof query[name] === 'string');
  return field === undefined ? ['', pointer] : [textOf(query[field]) ?? '', pointerTo(pointer, field)];
}

/** The queries of a panel, in their order. */
export function panelQueries(
  panel: ClassicPanel,
  dashboard: ClassicDashboard,
  locate: Locate,
  panelPointer: string,
): PanelQuery[] {
  return (panel.targets ?? []).map((target, i) => {
    const pointer = `${panelPointer}/targets/${i}`;
    const datasource = useOf(dashboard, target.datasource, panel.datasource);
    const language = languageOf(datasource, target);
    const [expr, exprPointer] = textIn(target, language, pointer);
    return {
      kind: 'panel',
      ...locate(pointer),
      expr,
      exprSpot: locate(exprPointer),
      language,
      datasource,
      refId: target.refId,
      hidden: target.hide === true,
      instant: target.instant === true,
      // Neither is asked for in files from before there was a choice, and a range is what they mean.
      range: target.range === true || target.instant !== true,
      format: textOf(target.format) ?? 'time_series',
      interval: textOf(target.interval) || undefined,
      legend: textOf(target.legendFormat) ?? '',
      legendSpot: locate(typeof target.legendFormat === 'string' ? `${pointer}/legendFormat` : pointer),
    };
  });
}

/** The query of a variable. */
export function variableQuery(
  variable: ClassicVariable,
  dashboard: ClassicDashboard,
  locate: Locate,
  pointer: string,
): VariableQuery {
  const datasource = useOf(dashboard, variable.datasource);
  const inner = objectOf(variable.query);
  const language = languageOf(datasource, typeof variable.query === 'string' ? { expr: '' } : inner);
  const [expr, exprPointer] =
    typeof variable.query === 'string'
      ? [variable.query, `${pointer}/query`]
      : typeof inner.query === 'string'
        ? [inner.query, `${pointer}/query/query`]
        : textIn(inner, language, `${pointer}/query`);
  // A query object of Prometheus's variable editor names no other text than this, whatever else it has.
  const settled = language === 'unknown' && datasource.type === undefined ? 'promql' : language;
  return {
    kind: 'variable',
    ...locate(pointer),
    variable: variable.name,
    expr,
    exprSpot: locate(exprPointer),
    language: settled,
    datasource,
    ask: settled === 'promql' || settled === 'metricsql' ? askOf(expr) : { asks: 'other' },
  };
}

/** What the query of a Prometheus variable asks for, by the same patterns that Grafana takes it apart with. */
export function askOf(expr: string): VariableAsk {
  if (expr.trim() === '') return { asks: 'other' };
  const names = /^\s*label_names\((.*)\)\s*$/s.exec(expr);
  if (names !== null) return { asks: 'label_names', selector: partOf(expr, names[1] ?? '') };
  const values = /^\s*label_values\((?:(.+),)?\s*([a-zA-Z_$][\w${}:[\]]*)\s*\)\s*$/s.exec(expr);
  if (values !== null) {
    const label = values[2] ?? '';
    return {
      asks: 'label_values',
      selector: values[1] === undefined ? undefined : partOf(expr, values[1]),
      label: { text: label, offset: expr.lastIndexOf(label) },
    };
  }
  const metrics = /^\s*metrics\((.+)\)\s*$/s.exec(expr);
  if (metrics !== null) return { asks: 'metrics', pattern: partOf(expr, metrics[1] ?? '') ?? WHOLE(expr) };
  const result = /^\s*query_result\((.+)\)\s*$/s.exec(expr);
  if (result !== null) return { asks: 'query_result', query: partOf(expr, result[1] ?? '') ?? WHOLE(expr) };
  return { asks: 'series', selector: WHOLE(expr) };
}

const WHOLE = (text: string): TextPart => ({ text, offset: 0 });

/** A stretch without the blanks around it, which begins after the first bracket; undefined when it is blank. */
function partOf(whole: string, inner: string): TextPart | undefined {
  const text = inner.trim();
  if (text === '') return undefined;
  const begin = whole.indexOf('(') + 1;
  return { text, offset: begin + inner.length - inner.trimStart().length };
}

/** The texts of an annotation that may name labels. */
const ANNOTATION_TEXTS = ['titleFormat', 'textFormat'];

/** What annotations ask, and which labels their texts name. */
export function annotationQueries(
  dashboard: ClassicDashboard,
  locate: Locate,
): { queries: AnnotationQuery[]; labelUses: LabelUse[] } {
  const queries: AnnotationQuery[] = [];
  const labelUses: LabelUse[] = [];
  dashboard.annotations.list.forEach((annotation, i) => {
    const pointer = `/annotations/list/${i}`;
    // Grafana's own marks, which ask no data source.
    if (annotation.builtIn === 1 || annotation.datasource?.type === 'grafana') return;
    const datasource = useOf(dashboard, annotation.datasource);
    const target = objectOf(annotation.target);
    const inTarget = typeof annotation.expr !== 'string' && typeof target.expr === 'string';
    const asked = inTarget ? target : annotation;
    const language = languageOf(datasource, asked);
    const [expr, exprPointer] = textIn(asked, language, inTarget ? `${pointer}/target` : pointer);
    queries.push({
      kind: 'annotation',
      ...locate(pointer),
      annotation: annotation.name,
      enabled: annotation.enable !== false,
      expr,
      exprSpot: locate(exprPointer),
      language,
      datasource,
    });
    if (language !== 'promql') return;
    for (const field of ANNOTATION_TEXTS) {
      for (const { text, offset } of placeholdersIn(textOf(annotation[field]) ?? '')) {
        labelUses.push({
          ...locate(`${pointer}/${field}`),
          kind: 'annotation',
          name: text,
          offset,
          refId: undefined,
        });
      }
    }
    labelUses.push(...tagKeys(textOf(annotation.tagKeys) ?? '', locate, `${pointer}/tagKeys`));
  });
  return { queries, labelUses };
}

/** `instance, job` names two labels. */
function tagKeys(text: string, locate: Locate, pointer: string): LabelUse[] {
  return [...text.matchAll(/[^,\s]+/g)].map((match) => ({
    ...locate(pointer),
    kind: 'annotation',
    name: match[0],
    offset: match.index,
    refId: undefined,
  }));
}
