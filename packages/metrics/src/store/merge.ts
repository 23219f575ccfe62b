/**
 * Adding processes up: the views of all writers become the families that are exposed.
 *
 * Counters and histograms are sums over every writer, running or gone, so that they never fall. Gauges follow
 * their mode. An info series is there while a running writer says so.
 *
 * A sum is carried in two doubles, the rounded sum and what rounding lost (Knuth's two-sum), and so it is kept
 * when writers that are gone are folded together. Otherwise adding the same numbers in another order, as every
 * fold makes it happen, could give a sum that is smaller in its last digit, which a monitor would take for a
 * restart of the counter.
 *
 * Writers of different versions of a service may overlap. Where they disagree about a family, the newest
 * running one decides, and the series of the others are left out and counted: adding histograms with other
 * buckets would give numbers that nobody observed.
 */
import type { Family, HistogramSeries, ScalarSeries } from '../exposition/families.ts';
import type { FamilyShape, StoredSeries, StoreView } from './store.ts';

export interface Merged {
  readonly families: Family[];
  /** Series that were left out because their family has another shape elsewhere. */
  readonly conflicts: number;
}

/** A series while it is being added up. */
export interface Accumulated {
  readonly labelValues: readonly string[];
  readonly extraLabels?: readonly (readonly [string, string])[];
  createdMs: number;
  value: number;
  /** What rounding `value` has lost so far. */
  low: number;
  setMs: number;
  counts: Float64Array | undefined;
}

export interface OpenFamily {
  readonly shape: FamilyShape;
  /** By label values. */
  readonly series: Map<string, Accumulated>;
}

/** Merges views, oldest first, to families sorted by name. */
export function mergeViews(views: readonly StoreView[]): Merged {
  const { families, conflicts } = accumulateViews(views);
  return { families: families.map(closeFamily).sort(byName), conflicts };
}

/** Keeps the order of an exposition when writers come and go. */
function byName(a: Family, b: Family): number {
  return a.name < b.name ? -1 : 1;
}

/** The sums behind {@link mergeViews}, before they are rounded. */
export function accumulateViews(views: readonly StoreView[]): { families: OpenFamily[]; conflicts: number } {
  const deciding = decidingSignatures(views);
  const open = new Map<string, OpenFamily>();
  let conflicts = 0;
  for (const view of views) {
    for (const stored of view.series) {
      if (deciding.get(stored.shape.name) !== signatureOf(stored.shape)) conflicts++;
      else add(familyFor(open, stored.shape), stored, view);
    }
  }
  return { families: [...open.values()], conflicts };
}

/** For each family the signature that counts: the newest running writer's, or the newest one's of all. */
function decidingSignatures(views: readonly StoreView[]): Map<string, string> {
  const deciding = new Map<string, string>();
  for (const view of [...views.filter(({ live }) => !live), ...views.filter(({ live }) => live)]) {
    for (const { shape } of view.series) deciding.set(shape.name, signatureOf(shape));
  }
  return deciding;
}

const signatures = new WeakMap<FamilyShape, string>();

/** What two writers must agree on to be added up; help and unit may differ. */
function signatureOf(shape: FamilyShape): string {
  let signature = signatures.get(shape);
  if (signature === undefined) {
    signature = JSON.stringify([shape.type, shape.labelNames, shape.mode ?? '', shape.bounds ?? []]);
    signatures.set(shape, signature);
  }
  return signature;
}

function familyFor(open: Map<string, OpenFamily>, shape: FamilyShape): OpenFamily {
  let family = open.get(shape.name);
  if (family === undefined) {
    family = { shape, series: new Map() };
    open.set(shape.name, family);
  }
  return family;
}

function add(family: OpenFamily, stored: StoredSeries, view: StoreView): void {
  const { shape, values, index } = stored;
  if (shape.type === 'histogram') addHistogram(family, stored);
  else if (shape.type === 'counter') addExactly(accumulate(family, stored, stored.key), stored, index);
  else if (shape.type === 'info') {
    if (view.live && values[index] === 1) accumulate(family, stored, stored.key).value = 1;
  } else addGauge(family, stored, view);
}

function addHistogram(family: OpenFamily, stored: StoredSeries): void {
  const series = accumulate(family, stored, stored.key);
  const buckets = (stored.shape.bounds?.length ?? 0) + 1;
  series.counts ??= new Float64Array(buckets);
  for (let i = 0; i < buckets; i++) series.counts[i]! += stored.values[stored.index + i]!;
  addExactly(series, stored, stored.index + buckets);
}

/** Adds the slot at `at`, and behind it what rounding had lost when writers were folded into it. */
function addExactly(series: Accumulated, stored: StoredSeries, at: number): void {
  const term = stored.values[at]!;
  const sum = series.value + term;
  const part = sum - series.value;
  const lost = series.value - (sum - part) + (term - part);
  series.value = sum;
  // Infinities and NaN lose nothing; their difference would spoil the sum.
  if (Number.isFinite(lost)) series.low += lost;
  if (stored.compensated) series.low += stored.values[at + 1]!;
}

function addGauge(family: OpenFamily, stored: StoredSeries, view: StoreView): void {
  const { shape, values, index } = stored;
  const value = values[index]!;
  if (shape.mode === 'mostrecent') {
    const setMs = values[index + 1]!;
    if (setMs === 0) return; // never set
    const series = accumulate(family, stored, stored.key);
    if (setMs >= series.setMs) {
      series.setMs = setMs;
      series.value = value;
    }
    return;
  }
  if (!view.live) return;
  if (shape.mode === 'per worker') {
    const worker = String(view.workerIndex);
    accumulate(family, stored, `${stored.key}${worker}`, [['worker', worker]]).value = value;
    return;
  }
  const first = !family.series.has(stored.key);
  const series = accumulate(family, stored, stored.key);
  if (first) series.value = value;
  else if (shape.mode === 'live max') series.value = Math.max(series.value, value);
  else if (shape.mode === 'live min') series.value = Math.min(series.value, value);
  else series.value += value;
}

function accumulate(
  family: OpenFamily,
  stored: StoredSeries,
  key: string,
  extraLabels?: readonly (readonly [string, string])[],
): Accumulated {
  let series = family.series.get(key);
  if (series === undefined) {
    series = {
      labelValues: stored.labelValues,
      ...(extraLabels && { extraLabels }),
      createdMs: stored.createdMs,
      value: 0,
      low: 0,
      setMs: 0,
      counts: undefined,
    };
    family.series.set(key, series);
  } else if (stored.createdMs < series.createdMs) series.createdMs = stored.createdMs;
  return series;
}

function closeFamily({ shape, series }: OpenFamily): Family {
  const { name, help, unit, labelNames } = shape;
  const base = { name, help, unit, labelNames };
  if (shape.type === 'histogram') {
    const closed: HistogramSeries[] = [];
    for (const { labelValues, counts, value, createdMs } of series.values()) {
      closed.push({ labelValues, counts: counts ?? [], sum: value, createdMs });
    }
    return { ...base, type: 'histogram', bounds: shape.bounds ?? [], series: closed };
  }
  const counter = shape.type === 'counter';
  const closed: ScalarSeries[] = [];
  for (const { labelValues, extraLabels, value, low, createdMs } of series.values()) {
    closed.push({
      labelValues,
      value: value + low,
      ...(extraLabels && { extraLabels }),
      ...(counter && { createdMs }),
    });
  }
  return { ...base, type: shape.type, series: closed };
}
