/**
 * The metrics of a runtime while they are reported: each is defined when it first has a value, so that what a
 * platform cannot read is not there at all, rather than there as 0.
 */
import { Counter } from '../counter.ts';
import { type Checked, checkDefinition } from '../definition.ts';
import { Gauge } from '../gauge.ts';
import { type Histogram, histogram } from '../histogram.ts';
import { type LabelSpec, label } from '../labels.ts';
import type { Registry } from '../registry.ts';
import type { FamilyShape, GaugeMode } from '../store/store.ts';
import { RUNTIME_FAMILIES, type RuntimeFamily, type RuntimeMetricName } from './families.ts';
import { GC_KINDS, type GcKind } from './garbage-collection.ts';

/** The labels of a value of the runtime. */
type RuntimeLabels = Readonly<Record<string, string>>;

/** How a {@link RuntimeRecorder} defines its metrics. */
export interface RecorderOptions {
  readonly registry: Registry;
  readonly prefix: string;
  readonly perWorker: boolean;
  readonly gcBuckets: readonly number[];
  /** The totals that counters of the registry were told, by name and label values. */
  readonly told: Map<string, number>;
}

/** Defines and sets the metrics that are wanted; what is not wanted is left out silently. */
export class RuntimeRecorder {
  readonly #options: RecorderOptions;
  readonly #wanted: ReadonlySet<RuntimeMetricName>;
  readonly #gauges = new Map<RuntimeMetricName, Gauge<LabelSpec>>();
  readonly #counters = new Map<RuntimeMetricName, Counter<LabelSpec>>();

  constructor(wanted: ReadonlySet<RuntimeMetricName>, options: RecorderOptions) {
    this.#wanted = wanted;
    this.#options = options;
  }

  /** Whether a value of this metric is of any use, so that it need not be read where it is not. */
  wants(name: RuntimeMetricName): boolean {
    return this.#wanted.has(name);
  }

  /** Sets a gauge; a value that is undefined was not to be had. */
  set(name: RuntimeMetricName, value: number | undefined, labels: RuntimeLabels = {}): void {
    if (value === undefined || !this.#wanted.has(name)) return;
    let gauge = this.#gauges.get(name);
    if (gauge === undefined) {
      const checked = this.#check(name, this.#modeOf(name));
      gauge = checked.registry.define(checked.shape, checked.labels, () => new Gauge<LabelSpec>(checked));
      this.#gauges.set(name, gauge);
    }
    gauge.bind(labels).set(value);
  }

  /**
   * Raises a counter by what a total has grown since it was told before, the first time by all of it. What has been
   * told outlives this recorder: who stops and starts again must not count the same twice.
   */
  raise(name: RuntimeMetricName, total: number, labels: RuntimeLabels = {}): void {
    if (!this.#wanted.has(name)) return;
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      const checked = this.#check(name, { type: 'counter' });
      counter = checked.registry.define(checked.shape, checked.labels, () => new Counter<LabelSpec>(checked));
      this.#counters.set(name, counter);
    }
    const { told, prefix } = this.#options;
    const key = [prefix + name, ...Object.values(labels)].join(' ');
    const before = told.get(key) ?? 0;
    if (total <= before) return;
    told.set(key, total);
    counter.bind(labels).inc(total - before);
  }

  /** The histogram of collections, all kinds of them from the start. */
  gcDurations(): Histogram<{ readonly kind: readonly GcKind[] }> {
    const { registry, prefix, gcBuckets } = this.#options;
    const { help } = RUNTIME_FAMILIES.nodejs_gc_duration_seconds;
    return histogram({
      name: `${prefix}nodejs_gc_duration_seconds`,
      ...{ help, unit: 'seconds', labels: { kind: GC_KINDS }, buckets: gcBuckets, registry },
    });
  }

  #modeOf(name: RuntimeMetricName): { readonly type: 'gauge'; readonly mode: GaugeMode } {
    const family: RuntimeFamily = RUNTIME_FAMILIES[name];
    return { type: 'gauge', mode: this.#options.perWorker ? 'per worker' : (family.mode ?? 'live sum') };
  }

  /**
   * Checks a definition as every other one, except that gauges here may end in `_total`: nobody is free to name
   * them otherwise. The check then is that of the name without the suffix.
   */
  #check(name: RuntimeMetricName, kind: Pick<FamilyShape, 'type' | 'mode'>): Checked {
    const { help, unit, labelNames }: RuntimeFamily = RUNTIME_FAMILIES[name];
    const { registry, prefix } = this.#options;
    const labels = Object.fromEntries(labelNames.map((own) => [own, label]));
    const whole = prefix + name;
    const accepted = kind.type === 'gauge' ? whole.replace(/_total$/, '') : whole;
    const definition = { name: accepted, help, unit, labels, registry };
    const checked = checkDefinition(definition, kind, kind.mode === 'per worker' ? ['worker'] : []);
    return { ...checked, shape: { ...checked.shape, name: whole } };
  }
}
