/**
 * What OpenMetrics demands of families, beside the syntax of lines:
 *
 * - a name belongs to one family, whose metadata comes once and before its samples;
 * - samples have the suffixes and labels of their type (`_bucket` and `le`, `quantile` from 0 to 1, a state);
 * - what counts is neither NaN nor negative; buckets increase, end at `+Inf` and agree with `_count`;
 * - the samples of one label set stand together, with all their times or none, none going back;
 * - exemplars belong to counters and buckets and have 128 characters at most.
 *
 * The rules say what is wrong in words; the parser knows where.
 */
import { charsOf, EXEMPLAR_CHARS_MAX } from './exemplar.ts';
import { parseNumber } from './text.ts';

/** The types of OpenMetrics. */
export type OpenMetricsType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

const SUFFIXES: Readonly<Record<OpenMetricsType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['', '_sum', '_count', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
};

/** Suffixes of the samples that count, and so are neither negative nor NaN. */
const COUNTING: readonly string[] = ['_total', '_bucket', '_sum', '_count', '_gcount'];

/** All names that a family takes, its own first. */
export function namesOf(name: string, type: OpenMetricsType): string[] {
  return [...new Set([name, ...SUFFIXES[type].map((suffix) => name + suffix)])];
}

interface OpenFamily {
  readonly name: string;
  readonly help: boolean;
  readonly type: OpenMetricsType | undefined;
  readonly unit: string | undefined;
}

/** A histogram's samples of one label set and time, while they are read. */
interface OpenHistogram {
  bound: number;
  value: number;
  count: number | undefined;
  sum: number | undefined;
  negativeBounds: boolean;
}

type Problem = string | undefined;

/** Follows a body, from line to line; every method says what is wrong, or undefined. */
export class FamilyRules {
  readonly #taken = new Set<string>();
  #family: OpenFamily | undefined;
  #sampled = false;
  /** Label sets of the open family whose samples have ended, and the one that is being read. */
  readonly #groups = new Set<string>();
  #group: string | undefined;
  #groupSeconds = Number.NaN;
  readonly #groupSeries = new Set<string>();
  #histogram: OpenHistogram | undefined;
  #suffix = '';

  /** A line of metadata. */
  metadata(name: string, field: 'type' | 'help' | 'unit', value: string): Problem {
    let family = this.#family;
    if (family?.name !== name) {
      const problem = this.#close();
      if (problem !== undefined) return problem;
      family = { name, help: false, type: undefined, unit: undefined };
    } else if (this.#sampled) return `metadata of ${name} stands after its samples`;
    if (field === 'help') {
      if (family.help) return `${name} has a second HELP`;
      this.#family = { ...family, help: true };
    } else if (field === 'type') {
      if (family.type !== undefined) return `${name} has a second TYPE`;
      if (!Object.hasOwn(SUFFIXES, value)) return `${JSON.stringify(value)} is not a type`;
      this.#family = { ...family, type: value as OpenMetricsType };
    } else {
      if (family.unit !== undefined) return `${name} has a second UNIT`;
      if (value !== '' && !name.endsWith(`_${value}`))
        return `the name ${name} does not end in its unit ${JSON.stringify(value)}`;
      this.#family = { ...family, unit: value };
    }
    return undefined;
  }

  /** A sample; `labels` are names and values one after the other, `seconds` is NaN where it has no time. */
  sample(name: string, labels: readonly string[], value: number, seconds: number): Problem {
    const problem = this.#belong(name) ?? checkLabels(labels);
    if (problem !== undefined) return problem;
    const family = this.#family!;
    const type = family.type ?? 'unknown';
    const suffix = name.slice(family.name.length);
    this.#suffix = suffix;
    return (
      checkValue(type, suffix, labels, value, family.name) ??
      this.#follow(family.name, type, suffix, labels, value, seconds)
    );
  }

  /** The exemplar of the sample before. */
  exemplar(labels: readonly string[]): Problem {
    const type = this.#family?.type;
    const allowed =
      (type === 'counter' && this.#suffix === '_total') ||
      ((type === 'histogram' || type === 'gaugehistogram') && this.#suffix === '_bucket');
    if (!allowed) return 'only counters and buckets have exemplars';
    const chars = charsOf(labels);
    if (chars > EXEMPLAR_CHARS_MAX)
      return `an exemplar's labels have ${chars} characters, more than ${EXEMPLAR_CHARS_MAX}`;
    return checkLabels(labels);
  }

  /** The end of the body. */
  end(): Problem {
    return this.#close();
  }

  /** Finds out whether a sample belongs to the open family; where it does not, it begins one without metadata. */
  #belong(name: string): Problem {
    const family = this.#family;
    const suffixes = SUFFIXES[family?.type ?? 'unknown'];
    if (family === undefined || !suffixes.some((suffix) => name === family.name + suffix)) {
      const problem = this.#close();
      if (problem !== undefined) return problem;
      this.#family = { name, help: false, type: undefined, unit: undefined };
    }
    this.#sampled = true;
    return undefined;
  }

  /** Checks what is known only when all samples of a family were seen. */
  #close(): Problem {
    const family = this.#family;
    const problem = this.#closeHistogram();
    this.#family = undefined;
    this.#sampled = false;
    this.#groups.clear();
    this.#group = undefined;
    if (family === undefined || problem !== undefined) return problem;
    const type = family.type ?? 'unknown';
    for (const name of namesOf(family.name, type)) {
      if (this.#taken.has(name)) return `${name} belongs to two families, or to one in two places`;
      this.#taken.add(name);
    }
    if (family.unit !== undefined && family.unit !== '' && (type === 'info' || type === 'stateset'))
      return `${family.name} is of type ${type} and cannot have a unit`;
    return undefined;
  }

  /** Order within a family: label sets stay together, times do not go back. */
  #follow(
    family: string,
    type: OpenMetricsType,
    suffix: string,
    labels: readonly string[],
    value: number,
    seconds: number,
  ): Problem {
    const group = keyOf(labels, labelWithin(family, type, suffix));
    const sameGroup = group === this.#group;
    if (!sameGroup) {
      if (this.#groups.has(group)) return 'the samples of one label set stand apart';
      this.#groups.add(group);
    } else if (Number.isNaN(seconds) !== Number.isNaN(this.#groupSeconds)) {
      return 'of the samples of one label set some have a time and some have none';
    } else if (seconds < this.#groupSeconds && type !== 'info') return 'the time goes back';
    const sameTime = sameGroup && (Number.isNaN(seconds) || seconds === this.#groupSeconds);
    const histogram = type === 'histogram' || type === 'gaugehistogram';
    if (!sameTime) {
      const problem = this.#closeHistogram();
      if (problem !== undefined) return problem;
      this.#groupSeries.clear();
    }
    const series = `${suffix} ${keyOf(labels, '')}`;
    if (Number.isNaN(seconds) && this.#groupSeries.has(series)) return 'the series is there twice';
    this.#groupSeries.add(series);
    this.#group = group;
    this.#groupSeconds = seconds;
    return histogram ? this.#followHistogram(suffix, labels, value) : undefined;
  }

  #followHistogram(suffix: string, labels: readonly string[], value: number): Problem {
    this.#histogram ??= {
      bound: Number.NaN,
      value: 0,
      count: undefined,
      sum: undefined,
      negativeBounds: false,
    };
    const histogram = this.#histogram;
    if (suffix === '_bucket') {
      const bound = numberOf(labelValue(labels, 'le')!);
      if (bound < 0) histogram.negativeBounds = true;
      if (bound <= histogram.bound) return 'the buckets are not in the order of their bounds';
      if (value < histogram.value) return 'a bucket holds less than the one before';
      histogram.bound = bound;
      histogram.value = value;
    } else if (suffix === '_count' || suffix === '_gcount') histogram.count = value;
    else if (suffix === '_sum' || suffix === '_gsum') histogram.sum = value;
    return undefined;
  }

  #closeHistogram(): Problem {
    const histogram = this.#histogram;
    this.#histogram = undefined;
    if (histogram === undefined) return undefined;
    const { bound, value, count, sum, negativeBounds } = histogram;
    if (bound !== Number.POSITIVE_INFINITY) return 'a histogram lacks the bucket le="+Inf"';
    if (count !== undefined && count !== value) return 'the count is not that of the bucket le="+Inf"';
    if ((count === undefined) !== (sum === undefined)) return 'a histogram has its sum or its count alone';
    const gauge = this.#family?.type === 'gaugehistogram';
    if (!gauge && negativeBounds && sum !== undefined) return 'a histogram with negative bounds has a sum';
    if (gauge && !negativeBounds && sum !== undefined && !(sum >= 0))
      return 'the sum is negative without negative bounds';
    return undefined;
  }
}

function checkLabels(labels: readonly string[]): Problem {
  const seen = new Set<string>();
  for (let i = 0; i < labels.length; i += 2) {
    if (seen.has(labels[i]!)) return `label ${JSON.stringify(labels[i])} is given twice`;
    seen.add(labels[i]!);
  }
  return undefined;
}

function checkValue(
  type: OpenMetricsType,
  suffix: string,
  labels: readonly string[],
  value: number,
  family: string,
): Problem {
  if (COUNTING.includes(suffix) && !(value >= 0)) return 'what counts is neither negative nor NaN';
  if (suffix === '_bucket') {
    const le = labelValue(labels, 'le');
    if (le === undefined) return 'a bucket lacks the label le';
    const bound = numberOf(le);
    if (Number.isNaN(bound) || (bound === Number.POSITIVE_INFINITY && le !== '+Inf'))
      return `le=${JSON.stringify(le)} is not the bound of a bucket`;
  }
  if (type === 'summary' && suffix === '') {
    const quantile = numberOf(labelValue(labels, 'quantile') ?? '');
    if (!(quantile >= 0 && quantile <= 1)) return 'the label quantile is not from 0 to 1';
    if (value < 0) return 'a quantile is negative';
  }
  if (type === 'info' && value !== 1) return 'the value of an info metric is 1';
  if (type === 'stateset') {
    if (labelValue(labels, family) === undefined) return `a state lacks the label ${family}`;
    if (value !== 0 && value !== 1) return 'the value of a state is 0 or 1';
  }
  return undefined;
}

/** The label that tells the samples of one group apart; empty where none does. */
function labelWithin(family: string, type: OpenMetricsType, suffix: string): string {
  if (suffix === '_bucket') return 'le';
  if (type === 'stateset') return family;
  return type === 'summary' && suffix === '' ? 'quantile' : '';
}

function labelValue(labels: readonly string[], name: string): string | undefined {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1];
  return undefined;
}

const encoder = new TextEncoder();

/** NaN where the text is no number. */
function numberOf(text: string): number {
  const bytes = encoder.encode(text);
  return parseNumber(bytes, 0, bytes.length) ?? Number.NaN;
}

/** A label set as a string, whatever the order of its labels; one label may be left out. */
function keyOf(labels: readonly string[], without: string): string {
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== without) pairs.push(JSON.stringify([labels[i], labels[i + 1]]));
  }
  return pairs.sort().join();
}
