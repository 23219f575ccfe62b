/**
 * Registries: which metrics there are, and their text.
 *
 * The metrics of a registry *of the service* (the global one, unless `AggregatorRegistry.setRegistries` names
 * others) are those of all processes together where this process is attached to a metrics directory; its text has
 * them added up, and also those that only other processes have. All other registries show this process.
 */
import { defaultRegistry } from '@binnacle/metrics';
import { writeForeign, writeUnknownFamily } from './foreign-text.ts';
import { INSIDE, type Inside } from './inside.ts';
import type { GivenLabels } from './labels.ts';
import type { Metric, MetricObject, MetricValue } from './metric.ts';
import { defaultLabelsOfService, familiesOfService, shareDefaultLabels } from './service.ts';
import { isClaimed, isSecondary } from './storage.ts';
import { type Family, TextOutput } from './text.ts';

const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** A metric of this package, or anything that a program shows itself. */
export interface AnyMetric {
  readonly name?: string;
  readonly type?: string;
  readonly [INSIDE]?: Inside;
  get(): unknown;
  getForPromString?(): unknown;
  reset?(): void;
}

// The real one: tests replace timers while they run.
const nextTurn = setImmediate;

export class Registry {
  static get PROMETHEUS_CONTENT_TYPE(): string {
    return PROMETHEUS_CONTENT_TYPE;
  }

  static get OPENMETRICS_CONTENT_TYPE(): string {
    return OPENMETRICS_CONTENT_TYPE;
  }

  /** The registry that metrics go to unless they name others. */
  static globalRegistry: Registry;

  _metrics: Record<string, AnyMetric> = {};
  _collectors: unknown[] = [];
  _defaultLabels: GivenLabels = {};
  _contentType: string;
  /** Whether the metrics are those of the service. */
  #ofService = false;
  /** Whether the text has families that only other processes have. */
  #showsOthers = false;
  /** What the program has taken out: it is not shown for other processes either. */
  readonly #takenOut = new Set<string>();

  /** @throws TypeError for a type that there is not */
  constructor(contentType: string = PROMETHEUS_CONTENT_TYPE) {
    if (!isContentType(contentType)) throw new TypeError(`Content type ${contentType} is unsupported`);
    this._contentType = contentType;
  }

  /** @internal Makes the registry's metrics those of the service, or takes that back. */
  static setOfService(registry: Registry, ofService: boolean): void {
    if (registry.#ofService === ofService) return;
    registry.#ofService = ofService;
    registry.#showsOthers = ofService;
    for (const metric of Object.values(registry._metrics)) {
      if (ofService) metric[INSIDE]?.storage.enter(registry);
      else metric[INSIDE]?.storage.leave(registry);
    }
  }

  getMetricsAsArray(): AnyMetric[] {
    return Object.values(this._metrics);
  }

  /** The text of all metrics. A metric whose `collect` fails is shown as it was, and the failure is counted. */
  async metrics(): Promise<string> {
    const metrics = this.getMetricsAsArray();
    const families = await this.#families(metrics);
    await this.#collect(metrics, families !== undefined);
    const out = this.#output();
    for (const metric of metrics) {
      await this.#write(out, metric, families);
      if (out.isSliceFull) await new Promise((resolve) => nextTurn(resolve));
    }
    if (families !== undefined && this.#showsOthers) this.#writeOthers(out, families);
    return out.whole();
  }

  /** The text of one metric. */
  async getMetricsAsString(metric: AnyMetric): Promise<string> {
    const families = await this.#families([metric]);
    await this.#collect([metric], families !== undefined);
    const out = this.#output();
    await this.#write(out, metric, families);
    return out.single();
  }

  /** The text of the metric of a name. @throws Error where there is none */
  getSingleMetricAsString(name: string): Promise<string> {
    const metric = this._metrics[name];
    if (metric === undefined) throw new TypeError(`There is no metric ${name} in this registry`);
    return this.getMetricsAsString(metric);
  }

  /** All metrics with their values in this process, for programs that add processes up themselves. */
  async getMetricsAsJSON(): Promise<MetricObject[]> {
    const objects = await Promise.all(this.getMetricsAsArray().map((metric) => this.#object(metric)));
    const defaultNames = Object.keys(this._defaultLabels);
    const shown = objects.filter((object) => object !== undefined);
    if (defaultNames.length === 0) return shown;
    for (const { values } of shown) {
      for (const value of values ?? []) {
        value.labels = { ...value.labels };
        for (const name of defaultNames) value.labels[name] ||= this._defaultLabels[name];
      }
    }
    return shown;
  }

  getSingleMetric(name: string): AnyMetric | undefined {
    return this._metrics[name];
  }

  removeSingleMetric(name: string): void {
    const metric = this._metrics[name];
    delete this._metrics[name];
    this.#takenOut.add(name);
    metric?.[INSIDE]?.storage.leave(this);
  }

  /** @throws Error where another metric has the name */
  registerMetric(metric: AnyMetric | Metric): void {
    const name = metric.name as string;
    const known = this._metrics[name];
    if (known !== undefined && known !== metric)
      throw new Error(`A metric with the name ${name} has already been registered.`);
    this._metrics[name] = metric as AnyMetric;
    this.#takenOut.delete(name);
    if (this.#ofService) (metric as AnyMetric)[INSIDE]?.storage.enter(this);
  }

  /** Labels that every series has in the text. */
  setDefaultLabels(labels: GivenLabels): void {
    this._defaultLabels = labels ?? {};
    if (this.#ofService) shareDefaultLabels(this._defaultLabels);
  }

  resetMetrics(): void {
    for (const metric of Object.values(this._metrics)) metric.reset?.();
  }

  /** Takes all metrics and default labels out. */
  clear(): void {
    const metrics = this._metrics;
    this._metrics = {};
    this._defaultLabels = {};
    this.#takenOut.clear();
    if (!this.#ofService) return;
    shareDefaultLabels({});
    for (const metric of Object.values(metrics)) metric[INSIDE]?.storage.leave(this);
  }

  get contentType(): string {
    return this._contentType;
  }

  /** @throws Error for a type that there is not */
  setContentType(contentType: string): void {
    if (!isContentType(contentType)) throw new Error(`Content type ${contentType} is unsupported`);
    this._contentType = contentType;
  }

  /**
   * A registry with the metrics of others.
   * @throws Error where they have different types, or two metrics of one name
   */
  static merge(registers: readonly Registry[]): Registry {
    const contentType = registers[0]!.contentType;
    if (registers.some((registry) => registry.contentType !== contentType))
      throw new Error('Registers can only be merged if they have the same content type');
    const merged = new Registry(contentType);
    for (const registry of registers) {
      for (const metric of registry.getMetricsAsArray()) merged.registerMetric(metric);
      if (registry.#showsOthers) merged.#showsOthers = true;
      for (const name of registry.#takenOut) merged.#takenOut.add(name);
    }
    return merged;
  }

  /**
   * @internal The text of all that a service has.
   * @param registries whose metrics in this process say how their families are written
   */
  protected async textOfService(
    families: ReadonlyMap<string, Family>,
    registries: readonly Registry[],
  ): Promise<string> {
    const out = new TextOutput(
      this._contentType === OPENMETRICS_CONTENT_TYPE,
      await defaultLabelsOfService(),
    );
    const known = new Map<string, AnyMetric>();
    for (const metric of registries.flatMap((registry) => registry.getMetricsAsArray())) {
      const family = metric[INSIDE]?.storage.family;
      if (family !== undefined) known.set(family.name, metric);
    }
    for (const [name, family] of families) {
      const metric = known.get(name);
      if (metric !== undefined) await this.#write(out, metric, families);
      else if (!isSecondary(name)) writeUnknownFamily(out, family);
      if (out.isSliceFull) await new Promise((resolve) => nextTurn(resolve));
    }
    return out.whole();
  }

  #output(): TextOutput {
    return new TextOutput(this._contentType === OPENMETRICS_CONTENT_TYPE, this._defaultLabels ?? {});
  }

  /** The families of all processes, where one of the metrics is the service's and there are several processes. */
  #families(metrics: readonly AnyMetric[]): Promise<ReadonlyMap<string, Family> | undefined> | undefined {
    const needed =
      this.#showsOthers || metrics.some((metric) => metric[INSIDE]?.storage.family !== undefined);
    return needed ? familiesOfService() : undefined;
  }

  /** @param collected whether the metrics of the service were asked already */
  async #collect(metrics: readonly AnyMetric[], collected: boolean): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (const metric of metrics) {
      const inside = metric[INSIDE];
      if (inside === undefined || !inside.isPlain) continue;
      if (collected && inside.storage.family !== undefined) continue;
      const asked = inside.storage.collect();
      if (asked !== undefined) waiting.push(asked);
    }
    if (waiting.length > 0) await Promise.all(waiting);
  }

  async #write(
    out: TextOutput,
    metric: AnyMetric,
    families: ReadonlyMap<string, Family> | undefined,
  ): Promise<void> {
    const inside = metric[INSIDE];
    if (inside === undefined || !inside.isPlain) {
      const object = await this.#foreign(metric);
      if (object !== undefined) writeForeign(out, object);
      return;
    }
    const { name, help, type } = metric as Metric;
    out.head(name, help, type);
    const shared = inside.storage.family;
    const family = families === undefined || shared === undefined ? undefined : families.get(shared.name);
    // A family of another shape comes from a process of another version; then this one speaks for itself.
    if (family?.type === shared?.type && family !== undefined) inside.writeFamily(out, family);
    else inside.write(out);
  }

  #writeOthers(out: TextOutput, families: ReadonlyMap<string, Family>): void {
    for (const [name, family] of families) {
      if (this._metrics[name] !== undefined || this.#takenOut.has(name)) continue;
      if (isClaimed(name) || isSecondary(name)) continue;
      writeUnknownFamily(out, family);
    }
  }

  /** The metric's object; undefined, and counted, where it cannot be had. */
  async #object(metric: AnyMetric): Promise<MetricObject | undefined> {
    const inside = metric[INSIDE];
    if (inside === undefined || !inside.isPlain)
      return this.#foreign({ name: metric.name, get: () => metric.get() } as AnyMetric);
    await inside.storage.collect();
    return inside.object();
  }

  async #foreign(metric: AnyMetric): Promise<MetricObject<MetricValue> | undefined> {
    try {
      const object = metric.getForPromString === undefined ? metric.get() : metric.getForPromString();
      return (await object) as MetricObject;
    } catch (error) {
      defaultRegistry().drop(metric.name ?? 'unknown', 'callback', `it cannot be shown: ${messageOf(error)}`);
      return undefined;
    }
  }
}

function isContentType(contentType: string): boolean {
  return contentType === PROMETHEUS_CONTENT_TYPE || contentType === OPENMETRICS_CONTENT_TYPE;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The registry that metrics go to unless they name others. */
export const globalRegistry: Registry = new Registry();
Registry.globalRegistry = globalRegistry;
Registry.setOfService(globalRegistry, true);
