/**
 * The functions that Prometheus gives to the templates of rules, beside those that every Go template has.
 *
 * `query` waits for an answer, `externalURL`, `pathPrefix` and `now` know their surroundings: what they are comes
 * with each expansion. `tmpl` belongs to console templates; Prometheus refuses it in rules, and so it is not here.
 */
import { parseDuration } from '@binnacle/promql';
import { matchString, replaceAllString } from '../template/go-regexp.ts';
import { queryEscape, titleCase, toLower, toUpper } from '../template/go-strings.ts';
import { TIME_POINTER } from '../template/go-time.ts';
import {
  ANY,
  ANY_MAP,
  compareBytes,
  type GoFunction,
  GoMap,
  GoScalar,
  GoSlice,
  GoStruct,
  type GoType,
  type GoValue,
  pointerTo,
  STRING,
} from '../template/go-value.ts';
import { HTML } from '../template/html-output.ts';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  numberOf,
  timeOf,
} from '../template/humanize.ts';

/** One sample of a query in a template. */
export const SAMPLE: GoType = pointerTo({
  name: 'template.sample',
  kind: 'struct',
  underlying: 'template.sample',
  interfaceFields: ['Value'],
});

/** What `query` gives. */
export const QUERY_RESULT: GoType = {
  name: 'template.queryResult',
  kind: 'slice',
  underlying: `[]${SAMPLE.name}`,
  element: SAMPLE,
};

/** What functions know of their surroundings. */
export interface RuleSurroundings {
  /** Answers `query`, or throws to be asked again. */
  readonly query: (expression: string) => GoValue;
  readonly externalUrl: string;
  /** The time of the evaluation. */
  readonly timeMs: number;
}

/** The functions that need nothing but their arguments. */
export const PURE_RULE_FUNCTIONS: readonly (readonly [string, GoFunction])[] = [
  ['humanize', numeric(humanize)],
  ['humanize1024', numeric(humanize1024)],
  ['humanizeDuration', numeric(humanizeDuration)],
  ['humanizePercentage', numeric(humanizePercentage)],
  ['humanizeTimestamp', numeric(humanizeTimestamp)],
  ['toTime', numeric((value) => timeOf(value).as(TIME_POINTER))],
  ['parseDuration', text((value) => parseDuration(value) / 1000)],
  ['title', text((value) => titleCase(value, false))],
  ['toUpper', text(toUpper)],
  ['toLower', text(toLower)],
  ['stripPort', text((value) => splitHostPort(value)?.host ?? value)],
  ['stripDomain', text(stripDomain)],
  ['match', texts(2, ([pattern, value]) => matchString(pattern!, value!))],
  ['reReplaceAll', texts(3, ([pattern, to, value]) => replaceAllString(pattern!, to!, value!))],
  ['urlQueryEscape', text(queryEscape)],
  ['graphLink', text((expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=0`)],
  ['tableLink', text((expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=1`)],
  ['safeHtml', text((value) => new GoScalar(HTML, value))],
  ['first', { params: [QUERY_RESULT], call: ([vector]) => firstOf(vector!) }],
  ['label', { params: [STRING, SAMPLE], call: ([name, sample]) => labelOf(String(name), sample!) }],
  ['value', { params: [SAMPLE], call: ([sample]) => fieldOf(sample!, 'Value') }],
  ['strvalue', { params: [SAMPLE], call: ([sample]) => labelOf('__value__', sample!) }],
  [
    'sortByLabel',
    { params: [STRING, QUERY_RESULT], call: ([name, vector]) => sortByLabel(String(name), vector!) },
  ],
  [
    'args',
    {
      params: [ANY],
      variadic: true,
      call: (args) => new GoMap(ANY_MAP, new Map(args.map((arg, i) => [`arg${i}`, arg]))),
    },
  ],
];

/** The names of the functions that know their surroundings. */
export const BOUND_FUNCTION_NAMES: readonly string[] = ['query', 'externalURL', 'pathPrefix', 'now'];

/** These, for one expansion. */
export function boundRuleFunctions(surroundings: RuleSurroundings): ReadonlyMap<string, GoFunction> {
  const { query, externalUrl, timeMs } = surroundings;
  return new Map([
    ['query', text(query)],
    ['externalURL', { params: [], call: () => externalUrl }],
    ['pathPrefix', { params: [], call: () => new URL(externalUrl).pathname.replace(/\/$/, '') }],
    ['now', { params: [], call: () => timeMs / 1000 }],
  ]);
}

function numeric(convert: (value: number) => GoValue): GoFunction {
  return { params: [ANY], call: ([value]) => convert(numberOf(value!)) };
}

function text(convert: (value: string) => GoValue): GoFunction {
  return { params: [STRING], call: ([value]) => convert(String(value)) };
}

function texts(count: number, convert: (values: readonly string[]) => GoValue): GoFunction {
  return { params: Array(count).fill(STRING), call: (values) => convert(values.map(String)) };
}

/** Go's `net.SplitHostPort`; undefined where it finds no port or is not sure. */
function splitHostPort(hostPort: string): { readonly host: string; readonly port: string } | undefined {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(hostPort);
  return match === null ? undefined : { host: match[1] ?? match[2] ?? '', port: match[3]! };
}

function stripDomain(hostPort: string): string {
  const { host, port } = splitHostPort(hostPort) ?? { host: hostPort, port: '' };
  if (isIP(host)) return hostPort;
  const first = host.split('.')[0]!;
  return port === '' ? first : `${first}:${port}`;
}

function isIP(host: string): boolean {
  const parts = host.split('.');
  if (parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return true;
  return host.includes(':') && URL.canParse(`http://[${host}]/`);
}

function firstOf(vector: GoValue): GoValue {
  if (vector instanceof GoSlice && vector.items.length > 0) return vector.items[0]!;
  throw new Error('first() called on vector with no elements');
}

function fieldOf(sample: GoValue, field: string): GoValue {
  if (sample instanceof GoStruct) return sample.fields.get(field)!;
  throw new Error('runtime error: invalid memory address or nil pointer dereference');
}

function labelOf(name: string, sample: GoValue): string {
  const labels = fieldOf(sample, 'Labels');
  return labels instanceof GoMap ? String(labels.entries.get(name) ?? '') : '';
}

function sortByLabel(name: string, vector: GoValue): GoValue {
  if (!(vector instanceof GoSlice)) return vector;
  const keyed = vector.items.map((sample) => ({ sample, key: labelOf(name, sample) }));
  return new GoSlice(
    vector.type,
    keyed.sort((a, b) => compareBytes(a.key, b.key)).map(({ sample }) => sample),
  );
}
