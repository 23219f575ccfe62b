/** What `promtool test rules` reports: read from its JUnit file, and written from our own outcomes in its words. */
import type {
  ComparedAlert,
  ComparedSample,
  UnitTestFailure,
} from '../packages/monitor/dist/rules/unit-test.js';
import { formatDuration } from '../packages/promql/dist/index.js';

/** One file's tests as promtool saw them. */
export interface PromtoolSuite {
  readonly path: string;
  /** Why the file could not be read; undefined when it could. */
  readonly error: string | undefined;
  readonly cases: readonly { readonly name: string; readonly failures: readonly string[] }[];
}

/** Reads the XML that `promtool test rules --junit` writes. */
export function readJunit(xml: string): PromtoolSuite[] {
  return [...xml.matchAll(/<testsuite name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testsuite>)/g)].map(
    ([, path, body = '']) => ({
      path: unescaped(path!),
      error: /<error>([\s\S]*?)<\/error>/.exec(body)?.[1],
      cases: [...body.matchAll(/<testcase name="([^"]*)">([\s\S]*?)<\/testcase>/g)].map(
        ([, name, inside]) => ({
          name: unescaped(name!),
          failures: [...inside!.matchAll(/<failure>([\s\S]*?)<\/failure>/g)].map(([, text]) =>
            unescaped(text!),
          ),
        }),
      ),
    }),
  );
}

function unescaped(text: string): string {
  return text
    .replace(/&#x([0-9A-F]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** A failure without what was the reason, where the reason is an error: the words may differ. */
export function withoutReason(text: string): string {
  return text.replace(/(, (?:time: [^,]*, )?err: )[\s\S]*$/, '$1');
}

/** A failure as promtool words it; errors without their reason. */
export function promtoolText(failure: UnitTestFailure, groupName: string): string {
  switch (failure.type) {
    case 'rule':
      return `    rule: ${failure.rule}, time: ${goDuration(failure.timeMs)}, err: `;
    case 'expr':
      return `    expr: ${quoted(failure.test.expr)}, time: ${formatDuration(failure.test.evalTimeMs)}, err: `;
    case 'samples': {
      const { test, expected, got } = failure;
      const title = `    expr: ${quoted(test.expr)}, time: ${formatDuration(test.evalTimeMs)},`;
      return `${title}\n        exp: ${samplesText(expected)}\n        got: ${samplesText(got)}`;
    }
    case 'alerts': {
      const { test, expected, got } = failure;
      const name = groupName === '' ? '' : `    name: ${groupName},\n`;
      const title = `${name}    alertname: ${test.alertname}, time: ${formatDuration(test.evalTimeMs)}, `;
      return `${title}\n        exp:${alertsText(expected)}, \n        got:${alertsText(got)}`;
    }
  }
}

function alertsText(alerts: readonly ComparedAlert[]): string {
  if (alerts.length === 0) return '[]';
  const items = alerts.map(
    ({ labels, annotations }, i) =>
      `\n${i}:\n  Labels:${pairsText(labels)}\n  Annotations:${pairsText(annotations)}`,
  );
  return `[${items.join(',')}\n]`.replaceAll('\n', '\n            ');
}

function samplesText(samples: readonly ComparedSample[]): string {
  if (samples.length === 0) return 'nil';
  return samples
    .map(({ labels, value, histogram }) => {
      return `${pairsText(labels.entries())} ${histogram === '' ? goFloat(value) : histogram}`;
    })
    .join(', ');
}

function pairsText(pairs: ComparedAlert['labels']): string {
  return `{${pairs.map(([name, value]) => `${labelName(name)}=${quoted(value)}`).join(', ')}}`;
}

function labelName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quoted(name);
}

/** Go's `strconv.Quote`, for printable text. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Go's `strconv.FormatFloat(value, 'E', -1, 64)`. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0e+0' : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2').toUpperCase();
}

/** Go's `time.Duration.String()` of whole seconds and more. */
function goDuration(ms: number): string {
  const seconds = ms / 1000;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
}
