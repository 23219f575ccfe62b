/** Asks the server for the values of variables, and takes from them what is offered. */
import { type LabelMap, ownServer, type PrometheusApi, parseValue } from '../api/prometheus.ts';
import type { Window } from '../time/range.ts';
import { seriesText } from './legend.ts';
import type { VariableQuestion } from './variable-values.ts';
import type { VariableOption } from './variables.ts';

/** More values than these are not offered. */
export const OPTIONS_MOST = 5000;

/** Asks for the values, and takes from them what the variable offers. */
export async function askOptions(
  question: VariableQuestion,
  window: Window,
  signal: AbortSignal,
  api: PrometheusApi = ownServer,
): Promise<readonly VariableOption[]> {
  return optionsOf(question, await askValues(question, window, signal, api));
}

async function askValues(
  { query }: VariableQuestion,
  window: Window,
  signal: AbortSignal,
  api: PrometheusApi,
): Promise<readonly string[]> {
  switch (query.kind) {
    case 'label_values':
      return api.labelValues(query.label, query.selector, signal);
    case 'label_names':
      return api.labelNames(query.selector, signal);
    case 'metrics': {
      // Unlike a variable's own pattern, this one may match anywhere.
      const pattern = regexOf(`/${query.pattern}/`);
      return (await api.labelValues('__name__', undefined, signal)).filter(
        (name) => pattern === undefined || pattern.test(name),
      );
    }
    case 'query_result': {
      const { series } = await api.queryInstant(query.expr, window.toMs / 1000, signal);
      return series.map(({ metric, value }) => resultText(metric, value));
    }
    case 'series':
      return (await api.series(query.selector, window, signal)).map(seriesText);
  }
}

/** `name{label="value"} 5 1700000000000`, as patterns of dashboards expect it. */
function resultText(metric: LabelMap, value: readonly [number, string] | undefined): string {
  const { __name__: name = '', ...rest } = metric;
  const labels = Object.entries(rest).map(([label, text]) => `${label}="${text}"`);
  const [time, number] = value ?? [0, ''];
  return `${name}{${labels.join(',')}} ${parseValue(number)} ${Math.round(time * 1000)}`;
}

/** The values that a variable offers: those that its pattern takes, each once, in its order. */
export function optionsOf(
  { regex, sort }: Pick<VariableQuestion, 'regex' | 'sort'>,
  answer: readonly string[],
): VariableOption[] {
  const pattern = regex === '' ? undefined : regexOf(regex);
  const taken = new Map<string, VariableOption>();
  for (const whole of answer) {
    for (const option of pattern === undefined ? [{ value: whole, text: whole }] : matched(whole, pattern))
      if (!taken.has(option.value)) taken.set(option.value, option);
    if (taken.size >= OPTIONS_MOST) break;
  }
  return sorted([...taken.values()], sort);
}

/** What a pattern takes of a value: the groups `value` and `text`, else the first group, else all that it matched. */
function matched(whole: string, pattern: RegExp): VariableOption[] {
  if (!pattern.global) {
    const match = pattern.exec(whole);
    return match === null ? [] : [optionOf(match, whole)];
  }
  return [...whole.matchAll(pattern)].map((match) => optionOf(match, whole));
}

function optionOf(match: RegExpExecArray, whole: string): VariableOption {
  const { value, text } = match.groups ?? {};
  if (value !== undefined || text !== undefined) return { value: value ?? text!, text: text ?? value! };
  // Without a group the pattern only says which values are taken.
  const first = match.length > 1 ? (match.slice(1).find((group) => group !== undefined) ?? '') : whole;
  return { value: first, text: first };
}

/** `/pattern/flags`, or the pattern alone; one that does not compile takes every value. */
function regexOf(pattern: string): RegExp | undefined {
  const parts = /^\/(.*)\/([gimsu]*)$/s.exec(pattern);
  try {
    return parts === null ? new RegExp(`^${pattern}$`) : new RegExp(parts[1]!, parts[2]);
  } catch {
    return undefined;
  }
}

const compare = (a: string, b: string, options?: Intl.CollatorOptions): number =>
  a.localeCompare(b, 'en', options);

/** Grafana's orders: by letters, by the first number, by letters of any case, as people count; each both ways. */
function sorted(options: VariableOption[], sort: number): VariableOption[] {
  if (!(sort >= 1 && sort <= 8)) return options;
  const numeral = ({ text }: VariableOption): number => Number(/\d+/.exec(text)?.[0] ?? -1);
  const kinds: readonly ((a: VariableOption, b: VariableOption) => number)[] = [
    (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
    (a, b) => numeral(a) - numeral(b),
    (a, b) => compare(a.text.toLowerCase(), b.text.toLowerCase()),
    (a, b) => compare(a.text, b.text, { numeric: true }),
  ];
  const order = kinds[Math.floor((sort - 1) / 2)]!;
  return options.sort((a, b) => (sort % 2 === 1 ? order(a, b) : order(b, a)));
}
