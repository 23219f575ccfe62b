/** How a check of dashboards is tested: by the part of the file that it marks, and by its page. */
import { expect, test } from 'vitest';
import type { Problem } from '../../dist/index.js';
import { type Files, type Given, problemsOf, suite } from '../check-repository/check-suite.ts';

/** Anything that JSON can say. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** What is found: whose it is, the text that is marked, how grave it is, what is said, what is suggested. */
export type Found = readonly [
  subject: string,
  marked: string,
  severity: Problem['severity'],
  message: string,
  suggestion?: string,
];

/** A dashboard with a mistake and the findings of the check. */
export type ReportedBoard = readonly [
  what: string,
  board: JsonObject,
  found: readonly Found[],
  given?: BoardGiven,
];
/** One without. */
export type SilentBoard = readonly [what: string, board: JsonObject, given?: BoardGiven];

/** What may be given beside the dashboard. */
export type BoardGiven = Given & { readonly files?: Files };

/** A `prometheus.yml` that scrapes every 15 s. */
export const SCRAPED: BoardGiven = {
  files: { 'prometheus.yml': 'global:\n  scrape_interval: 15s\nscrape_configs:\n  - job_name: api\n' },
};

/** A dashboard; `variables` and `annotations` are those of its lists. */
export function board(
  panels: readonly JsonObject[],
  {
    variables = [],
    annotations = [],
    ...rest
  }: { readonly [key: string]: Json } & {
    readonly variables?: readonly JsonObject[];
    readonly annotations?: readonly JsonObject[];
  } = {},
): JsonObject {
  return {
    title: 'API',
    uid: 'api',
    schemaVersion: 39,
    templating: { list: variables },
    annotations: { list: annotations },
    panels: panels.map((panel, i) => ({ id: i + 1, gridPos: { x: 0, y: 8 * i, w: 24, h: 8 }, ...panel })),
    ...rest,
  };
}

/** A graph of expressions, each with its legend where it has one. */
export function graph(
  asked: string | readonly (readonly [expr: string, legend?: string])[],
  rest: JsonObject = {},
): JsonObject {
  const queries = typeof asked === 'string' ? [[asked] as const] : asked;
  return {
    type: 'timeseries',
    title: 'P',
    targets: queries.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      expr,
      ...(legendFormat !== undefined && { legendFormat }),
    })),
    ...rest,
  };
}

/** What is under `fieldConfig.defaults`, with overrides. */
export function looks(defaults: JsonObject, ...overrides: readonly JsonObject[]): JsonObject {
  return { fieldConfig: { defaults, overrides } };
}

/** The tests of a check. */
export function dashboardSuite(
  check: string,
  {
    reported,
    silent,
  }: { readonly reported: readonly ReportedBoard[]; readonly silent: readonly SilentBoard[] },
): void {
  suite(check, { reported: [], silent: [] });
  for (const [what, json, wanted, given] of reported) {
    test(`${check}: ${what}`, () => {
      expect(wanted).not.toEqual([]);
      expect(found(check, json, given)).toEqual(wanted);
    });
  }
  for (const [what, json, given] of silent) {
    test(`${check}: nothing is wrong with ${what}`, () => {
      expect(found(check, json, given)).toEqual([]);
    });
  }
}

function found(check: string, json: JsonObject, { files, ...given }: BoardGiven = {}): Found[] {
  const all = { ...files, 'dashboards/api.json': JSON.stringify(json, null, 1) };
  return problemsOf(all, given)
    .filter((problem) => problem.check === check)
    .map(({ subject, place, severity, message, suggestion }) => {
      const common = [subject, marked(place.excerpt ?? ''), severity, message] as const;
      return suggestion === undefined ? common : [...common, suggestion];
    });
}

/** The text over the marks. */
function marked(excerpt: string): string {
  const [line = '', marks = ''] = excerpt.split('\n');
  return line.slice(marks.indexOf('^'), marks.length);
}
