/**
 * The catalog's entries from metric definitions of `@binnacle/metrics`: those who define a metric say its type, unit,
 * labels and values already, so that nobody has to write them twice.
 *
 * Taken are metrics themselves (what `counter(...)`, `gauge(...)`, `histogram(...)` return), groups of them (an
 * operation, a module) and plain definitions that name their type. A metric shows what it is under a registered
 * symbol; this package sees only its shape and imports nothing of the client.
 */
import type { MetricType } from '@binnacle/metrics/model';
import type { CatalogMetric, LabelDomain } from './catalog.ts';

/** The values of a label: a list, a list with a value for all others, or open, in words or as the client has it. */
export type LabelDefinition =
  | readonly string[]
  | { readonly values: readonly string[] }
  | { readonly kind: symbol }
  | 'open';

/** A metric definition as data. */
export interface MetricDefinition {
  readonly type: MetricType;
  readonly name: string;
  readonly help?: string;
  readonly unit?: string;
  readonly labels?: Readonly<Record<string, LabelDefinition>>;
  /** Histograms: upper bounds without infinity. */
  readonly buckets?: readonly number[];
  /** Histograms: whether they have exponential buckets. */
  readonly native?: unknown;
  /** Summaries. */
  readonly quantiles?: readonly number[];
}

/** A catalog entry with what its definition tells people. */
export interface DefinedMetric extends CatalogMetric {
  /** Empty when nothing is said. */
  readonly help: string;
}

/** What is true of all metrics of a program. */
export interface DefinitionsOptions {
  /** Labels that its registry adds to every series, with their values. */
  readonly constantLabels?: Readonly<Record<string, string>>;
}

/** Where a metric of `@binnacle/metrics` keeps what it is. */
const INSIDE = Symbol.for('@binnacle/metrics/inside/v1');

/** How deep groups of metrics are looked into. */
const DEPTH_MAX = 4;

interface Inside {
  readonly registry: { readonly labels: Readonly<Record<string, string>> };
  readonly shape: {
    readonly name: string;
    readonly type: MetricType;
    readonly help: string;
    readonly unit: string;
    readonly mode?: string;
    readonly bounds?: readonly number[];
    readonly native?: unknown;
    readonly quantiles?: readonly number[];
  };
  readonly labels: readonly { readonly name: string; readonly values: readonly string[] | undefined }[];
}

/**
 * The catalog entries of metric definitions: `Catalog.of(catalogOf(metrics))`.
 * @param definitions metrics, {@link MetricDefinition}s, and lists, objects or modules of them; all else is passed over
 */
export function catalogOf(definitions: unknown, options: DefinitionsOptions = {}): DefinedMetric[] {
  const found = new Map<unknown, DefinedMetric>();
  const constant = Object.entries(options.constantLabels ?? {});
  const seen = new Set<object>();
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || depth > DEPTH_MAX) return;
    seen.add(value);
    const inside = insideOf(value);
    if (inside !== undefined) found.set(inside.shape, fromMetric(inside, constant));
    else if (isDefinition(value)) found.set(value, fromDefinition(value, constant));
    else for (const part of Object.values(value)) look(part, depth + 1);
  };
  look(definitions, 0);
  return [...found.values()];
}

function insideOf(value: object): Inside | undefined {
  const inside: unknown = INSIDE in value ? value[INSIDE] : undefined;
  // Bound children keep something else under the same symbol.
  const whole = typeof inside === 'object' && inside !== null && 'shape' in inside && 'labels' in inside;
  return whole ? (inside as Inside) : undefined;
}

const TYPES: ReadonlySet<unknown> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'summary',
  'info',
  'stateset',
  'unknown',
]);

function isDefinition(value: object): value is MetricDefinition {
  return 'type' in value && TYPES.has(value.type) && 'name' in value && typeof value.name === 'string';
}

function fromMetric(
  { registry, shape, labels }: Inside,
  constant: readonly [string, string][],
): DefinedMetric {
  const { name, type, help, unit, bounds, native, quantiles } = shape;
  const all: Record<string, LabelDomain> = {};
  for (const [label, value] of [...Object.entries(registry.labels), ...constant]) all[label] = [value];
  for (const label of labels) all[label.name] = label.values ?? 'open';
  if (shape.mode === 'per worker') all.worker = 'open';
  return entry({ name, type, help, unit, labels: all, bounds, native, quantiles });
}

function fromDefinition(definition: MetricDefinition, constant: readonly [string, string][]): DefinedMetric {
  const { name, type, help = '', unit = '', buckets, native, quantiles } = definition;
  const all: Record<string, LabelDomain> = {};
  for (const [label, value] of constant) all[label] = [value];
  for (const [label, values] of Object.entries(definition.labels ?? {})) all[label] = domainOf(values);
  return entry({ name, type, help, unit, labels: all, bounds: buckets, native, quantiles });
}

function domainOf(definition: LabelDefinition): LabelDomain {
  if (isList(definition) || definition === 'open') return definition;
  return 'kind' in definition ? 'open' : definition.values;
}

function isList(definition: LabelDefinition): definition is readonly string[] {
  return Array.isArray(definition);
}

function entry(facts: {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, LabelDomain>>;
  readonly bounds: readonly number[] | undefined;
  readonly native: unknown;
  readonly quantiles: readonly number[] | undefined;
}): DefinedMetric {
  const { name, type, help, unit, labels, bounds, native, quantiles } = facts;
  const exponential = native !== undefined && native !== false;
  const form = !exponential ? 'classic' : bounds === undefined || bounds.length === 0 ? 'native' : 'both';
  return {
    name,
    type,
    help,
    labels,
    ...(unit !== '' && { unit }),
    ...(type === 'histogram' && { form }),
    ...(type === 'histogram' && bounds !== undefined && bounds.length > 0 && { bounds }),
    ...(quantiles !== undefined && { quantiles }),
    everySeries: true,
  };
}
