/**
 * Prometheus's HTTP API, the calls that the page makes.
 *
 * Every call takes a signal and rejects with an {@link ApiError} whose message can be shown as it is. Addresses
 * are relative to the page, so that it works behind any prefix.
 */

/** Labels of a series. */
export type LabelMap = Readonly<Record<string, string>>;

/** A value at a time in Unix seconds; values travel as text. */
export type Point = readonly [number, string];

/** One series of an answer; a range has `values`, a moment `value`. */
export interface ResultSeries {
  readonly metric: LabelMap;
  readonly values?: readonly Point[];
  readonly value?: Point;
}

/** What a query gave. */
export interface QueryResult {
  readonly series: readonly ResultSeries[];
  readonly warnings: readonly string[];
}

/** A target and how its last scrape went. */
export interface Target {
  readonly labels: LabelMap;
  readonly discoveredLabels: LabelMap;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly lastError: string;
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

/** An alert that is pending or firing. */
export interface Alert {
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  readonly state: 'pending' | 'firing' | 'inactive';
  readonly activeAt?: string;
  readonly value: string;
}

/** A rule of a group. */
export interface Rule {
  readonly type: 'alerting' | 'recording';
  readonly name: string;
  readonly query: string;
  /** Seconds. */
  readonly duration?: number;
  readonly keepFiringFor?: number;
  readonly labels?: LabelMap;
  readonly annotations?: LabelMap;
  readonly alerts?: readonly Alert[];
  readonly state?: 'inactive' | 'pending' | 'firing';
  readonly health: string;
  readonly lastError?: string;
  readonly lastEvaluation?: string;
}

/** Rules that are evaluated together. */
export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  readonly interval: number;
  readonly rules: readonly Rule[];
}

/** What is known of a metric family. */
export interface Metadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** The server could not be reached or said no; the message is for the user. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The questions that the data of a panel needs; tests answer them without a server. */
export interface PrometheusApi {
  queryRange: typeof queryRange;
  queryInstant: typeof queryInstant;
  labelValues: typeof labelValues;
  labelNames: typeof labelNames;
  series: typeof series;
}

/** Evaluates at many times; all in Unix seconds. */
export async function queryRange(
  expr: string,
  grid: { readonly start: number; readonly end: number; readonly step: number },
  signal: AbortSignal,
): Promise<QueryResult> {
  const { start, end, step } = grid;
  return resultOf(
    await callForm(
      'query_range',
      { query: expr, start: String(start), end: String(end), step: String(step) },
      signal,
    ),
  );
}

/** Evaluates at one time, in Unix seconds. */
export async function queryInstant(expr: string, time: number, signal: AbortSignal): Promise<QueryResult> {
  return resultOf(await callForm('query', { query: expr, time: String(time) }, signal));
}

/** The targets, as they were found and as they answer. */
export async function targets(signal: AbortSignal): Promise<readonly Target[]> {
  return (await call<{ activeTargets: Target[] }>('targets?state=active', signal)).data.activeTargets;
}

/** The alerts that are pending or firing. */
export async function alerts(signal: AbortSignal): Promise<readonly Alert[]> {
  return (await call<{ alerts: Alert[] }>('alerts', signal)).data.alerts;
}

/** All rules, by group. */
export async function ruleGroups(signal: AbortSignal): Promise<readonly RuleGroup[]> {
  return (await call<{ groups: RuleGroup[] }>('rules', signal)).data.groups;
}

/** Every value of a label, of the series that a selector names when there is one. */
export async function labelValues(
  label: string,
  selector: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const match = selector === undefined ? '' : `?${new URLSearchParams({ 'match[]': selector })}`;
  return (await call<string[]>(`label/${encodeURIComponent(label)}/values${match}`, signal)).data;
}

/** Every name of a label, of the series that a selector names when there is one. */
export async function labelNames(selector: string | undefined, signal: AbortSignal): Promise<string[]> {
  const match = selector === undefined ? '' : `?${new URLSearchParams({ 'match[]': selector })}`;
  return (await call<string[]>(`labels${match}`, signal)).data;
}

/** The labels of every series that a selector names in a time, in Unix milliseconds. */
export async function series(
  selector: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
): Promise<LabelMap[]> {
  const asked = { 'match[]': selector, start: String(fromMs / 1000), end: String(toMs / 1000) };
  return (await call<LabelMap[]>(`series?${new URLSearchParams(asked)}`, signal)).data;
}

/** What is known of every metric family. */
export async function metadata(signal: AbortSignal): Promise<Readonly<Record<string, readonly Metadata[]>>> {
  return (await call<Record<string, Metadata[]>>('metadata', signal)).data;
}

/** The server that the page came from. */
export const ownServer: PrometheusApi = { queryRange, queryInstant, labelValues, labelNames, series };

interface Envelope<T> {
  readonly status: 'success' | 'error';
  readonly data: T;
  readonly error?: string;
  readonly warnings?: readonly string[];
}

interface QueryData {
  readonly resultType: 'matrix' | 'vector' | 'scalar' | 'string';
  readonly result: readonly ResultSeries[] | Point;
}

/** A scalar is a series without labels; a text is none. */
function resultOf({ data, warnings }: Envelope<QueryData>): QueryResult {
  const { resultType, result } = data;
  const series =
    resultType === 'matrix' || resultType === 'vector'
      ? (result as readonly ResultSeries[])
      : resultType === 'scalar'
        ? [{ metric: {}, value: result as Point }]
        : [];
  return { series, warnings: warnings ?? [] };
}

function callForm(
  path: string,
  form: Record<string, string>,
  signal: AbortSignal,
): Promise<Envelope<QueryData>> {
  return call(path, signal, { method: 'POST', body: new URLSearchParams(form) });
}

async function call<T>(path: string, signal: AbortSignal, init: RequestInit = {}): Promise<Envelope<T>> {
  return (await fetchJson(`api/v1/${path}`, signal, init)) as Envelope<T>;
}

/** Fetches JSON of the page's own server; a failure becomes an {@link ApiError}, an abort stays one. */
export async function fetchJson(path: string, signal: AbortSignal, init: RequestInit = {}): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { ...init, signal });
    text = await response.text();
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiError('The monitor does not answer. Is it running?', 0);
  }
  // What was done may have no words.
  if (response.ok && text === '') return null;
  const body = parsed(text);
  if (!response.ok || body === undefined) {
    const said = saidBy(body);
    throw new ApiError(said || `The monitor answered ${response.status} to ${path}.`, response.status);
  }
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The words of a refusal: Prometheus's `error`, Grafana's and Alertmanager's `message`, or Alertmanager's bare text. */
function saidBy(body: unknown): string {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null) return '';
  if ('error' in body && typeof body.error === 'string') return body.error;
  return 'message' in body && typeof body.message === 'string' ? body.message : '';
}

/** The number of a value as it travels. */
export function parseValue(text: string): number {
  return text === '+Inf'
    ? Number.POSITIVE_INFINITY
    : text === '-Inf'
      ? Number.NEGATIVE_INFINITY
      : Number(text);
}
