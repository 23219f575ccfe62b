/**
 * The families of a body of `/metrics`, in Prometheus's text format or in OpenMetrics, as the catalog takes them.
 *
 * Samples find their family by name: as it is, or without the suffix that the family's type writes (`_bucket` of a
 * histogram, `_total` of an OpenMetrics counter). A sample whose family nobody has announced is one of unknown type.
 */
import type { ScrapedFamily } from '@binnacle/blueprint';
import { parseNumber, parseOpenMetrics, parseSeriesText, parseText } from '@binnacle/metrics/exposition';
import { METRIC_NAME } from '@binnacle/metrics/model';

/** The format of a body. */
export type BodyFormat = 'text' | 'openmetrics';

type FamilyType = ScrapedFamily['type'];

/** A family while its body is read. */
interface Reading {
  type: FamilyType;
  help: string;
  unit: string;
  /** By their text, since a histogram shows the labels of each series many times. */
  readonly series: Map<string, Readonly<Record<string, string>>>;
  readonly bounds: Set<number>;
  readonly quantiles: Set<number>;
  isNamed: boolean;
}

const TYPES: Readonly<Record<string, FamilyType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
};

/** The suffixes that samples have behind the name of their family, by type. */
const SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['_total'],
  gauge: [],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
  info: ['_info'],
  stateset: [],
  unknown: [],
};

/** The label that tells the series of one histogram or summary apart. */
const PART_LABELS: Readonly<Partial<Record<FamilyType, string>>> = { histogram: 'le', summary: 'quantile' };

/**
 * Reads the families of a body, in its order.
 * @throws ExpositionError at the first line that is not in the format
 */
export function scrapedFamilies(body: Uint8Array, format: BodyFormat): ScrapedFamily[] {
  const families = new Map<string, Reading>();
  const family = (name: string): Reading => {
    let found = families.get(name);
    if (found === undefined) {
      found = {
        type: 'unknown',
        help: '',
        unit: '',
        series: new Map(),
        bounds: new Set(),
        quantiles: new Set(),
        isNamed: false,
      };
      families.set(name, found);
    }
    return found;
  };
  const handler = {
    family: (name: string, field: 'type' | 'help' | 'unit', value: string): void => {
      const reading = family(name);
      if (field === 'type') reading.type = TYPES[value] ?? 'unknown';
      else reading[field] = value;
    },
    sample: (bytes: Uint8Array, start: number, end: number): void => {
      const labels = parseSeriesText(decoder.decode(bytes.subarray(start, end))).toObject();
      const { [METRIC_NAME]: name = '', ...own } = labels;
      addSample(families, family, name, own);
    },
    // When a series began says nothing of what it is.
    created: (): void => undefined,
  };
  if (format === 'text') parseText(body, handler);
  else parseOpenMetrics(body, handler, { checks: 'syntax' });
  return [...families].map(([name, reading]) => finished(name, reading));
}

const decoder = new TextDecoder();

function addSample(
  families: ReadonlyMap<string, Reading>,
  family: (name: string) => Reading,
  name: string,
  labels: Readonly<Record<string, string>>,
): void {
  const reading = families.get(name) ?? familyOfSuffix(families, name) ?? family(name);
  if (families.get(name) === reading) reading.isNamed = true;
  const part = PART_LABELS[reading.type];
  const own = { ...labels };
  if (part !== undefined && own[part] !== undefined) {
    const value = numberOf(own[part]);
    if (value !== undefined) (part === 'le' ? reading.bounds : reading.quantiles).add(value);
    delete own[part];
  }
  reading.series.set(JSON.stringify(Object.entries(own)), own);
}

function familyOfSuffix(families: ReadonlyMap<string, Reading>, name: string): Reading | undefined {
  const at = name.lastIndexOf('_');
  const reading = families.get(name.slice(0, at));
  return reading !== undefined && SUFFIXES[reading.type].includes(name.slice(at)) ? reading : undefined;
}

function numberOf(text: string): number | undefined {
  const bytes = new TextEncoder().encode(text);
  return parseNumber(bytes, 0, bytes.length);
}

function finished(name: string, reading: Reading): ScrapedFamily {
  const { type, help, unit, series, isNamed } = reading;
  const bounds = ascending(reading.bounds).filter(Number.isFinite);
  return {
    name: queriedName(name, type, isNamed),
    type,
    help,
    unit,
    series: [...series.values()],
    // Where there is only the bucket of everything, the histogram may have native ones, which text does not show.
    ...(type === 'histogram' && bounds.length > 0 && { bounds, form: 'classic' }),
    ...(type === 'summary' && { quantiles: ascending(reading.quantiles) }),
  };
}

/** OpenMetrics names a family without the suffix that its only series have; queries have it. */
function queriedName(name: string, type: FamilyType, isNamed: boolean): string {
  const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : '';
  return isNamed || name.endsWith(suffix) ? name : name + suffix;
}

function ascending(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}
