/**
 * Which catalog an expression is checked with: that of the services to which its selectors are bound by `job` or by
 * labels of their targets, and that of all services where they are bound to none. The same name may have other labels
 * elsewhere.
 */
import {
  Catalog,
  type CatalogMetric,
  type Expr,
  type LabelDomain,
  type RecordingRule,
  type VectorSelector,
  walk,
  withRecordingRules,
} from '@binnacle/promql';
import type { ServiceCatalog } from '../catalog/catalog-data.ts';
import type { ScrapeSettings } from './scrape-settings.ts';

/** What every monitor has. */
const NONE = Catalog.of([]);

/** The catalogs of services, alone and together. */
export class Catalogs {
  readonly services: readonly ServiceCatalog[];
  /** Of all services. */
  readonly all: Catalog;
  readonly #recordings: readonly RecordingRule[];
  readonly #scraping: ScrapeSettings;
  readonly #hasOtherTargets: boolean;
  /** All that there are; undefined where they are not known. */
  readonly #jobs: readonly string[] | undefined;
  readonly #bySelection = new Map<string, Catalog>();
  /** Of each service alone, without what rules record. */
  #alone: ReadonlyMap<ServiceCatalog, Catalog> | undefined;

  /** @param hasOtherTargets whether more is scraped than these services */
  constructor(
    services: readonly ServiceCatalog[],
    recordings: readonly RecordingRule[],
    scraping: ScrapeSettings,
    hasOtherTargets: boolean,
  ) {
    this.services = services;
    this.#recordings = recordings;
    this.#scraping = scraping;
    this.#hasOtherTargets = hasOtherTargets;
    this.#jobs = scraping.jobs && [...new Set([...scraping.jobs, ...services.map(({ job }) => job)])].sort();
    this.all = this.#of(services);
  }

  /** The catalog of those services that an expression can select from. */
  for(expr: Expr): Catalog {
    if (this.services.length < 2) return this.all;
    const selected = new Set<ServiceCatalog>();
    walk(expr, (node) => {
      if (node.type !== 'vectorSelector') return;
      for (const service of servicesOf(node, this.services)) selected.add(service);
    });
    // Nothing is selected where a value is wrong, and the checks are to say so.
    if (selected.size === 0) return this.all;
    return this.#of(this.services.filter((service) => selected.has(service)));
  }

  /** Where a job may add any label, nothing is known of the labels of its metrics. */
  #metricsOf({ job, metrics }: ServiceCatalog): readonly CatalogMetric[] {
    if (this.#scraping.labelsOf(job) !== undefined) return metrics;
    return metrics.map(({ labels: _, ...rest }) => rest);
  }

  /** Labels that scraping adds, of which nobody tells the values. */
  #addedLabels(services: readonly ServiceCatalog[]): Record<string, LabelDomain> {
    const names = services.flatMap(({ job }) => [...(this.#scraping.labelsOf(job) ?? [])]);
    return Object.fromEntries([...new Set(names)].sort().map((name) => [name, 'open']));
  }

  /** The services that have series of a name, but for what the monitor writes of every target. */
  having(name: string): readonly ServiceCatalog[] {
    this.#alone ??= new Map(this.services.map((service) => [service, Catalog.of(service.metrics)]));
    if (NONE.series(name) !== undefined) return [];
    return this.services.filter((service) => this.#alone!.get(service)!.series(name) !== undefined);
  }

  #of(services: readonly ServiceCatalog[]): Catalog {
    const key = services.map(({ service }) => JSON.stringify(service)).join();
    let catalog = this.#bySelection.get(key);
    if (catalog === undefined) {
      catalog = withRecordingRules(
        Catalog.of(
          services.flatMap((service) => this.#metricsOf(service)),
          // With the values of all services: what a matcher leaves out is no unknown word.
          {
            targetLabels: { ...this.#addedLabels(services), ...targetLabels(this.services) },
            hasOtherTargets: this.#hasOtherTargets,
            ...(this.#jobs !== undefined && { jobs: this.#jobs }),
          },
        ),
        this.#recordings,
      );
      this.#bySelection.set(key, catalog);
    }
    return catalog;
  }
}

/** The services whose series a selector can take; all of them where it says nothing of targets. */
export function servicesOf(
  selector: VectorSelector,
  services: readonly ServiceCatalog[],
): readonly ServiceCatalog[] {
  return services.filter(({ job, targetLabels: labels }) =>
    selector.matchers.every(({ name, op, value }) => {
      const has = name === 'job' ? job : Object.hasOwn(labels, name) ? labels[name]! : undefined;
      if (has === undefined) return true;
      if (op === '=') return has === value;
      if (op === '!=') return has !== value;
      try {
        const matches = new RegExp(`^(?:${value})$`).test(has);
        return op === '=~' ? matches : !matches;
      } catch {
        // Written for RE2, and read by something else: nothing is left out by a guess.
        return true;
      }
    }),
  );
}

/** The labels that targets add: each with its values, the empty one where some of the services have no such label. */
function targetLabels(services: readonly ServiceCatalog[]): Record<string, LabelDomain> {
  const names = new Set(services.flatMap((service) => Object.keys(service.targetLabels)));
  return Object.fromEntries(
    [...names].sort().map((name) => {
      const values = services.map((service) => service.targetLabels[name] ?? '');
      return [name, [...new Set(values)].sort()];
    }),
  );
}
