/**
 * The metrics of all processes of a cluster.
 *
 * Nobody is asked: each process counts where all can read, so that one that hangs delays nothing, and what one has
 * counted stays when it is gone. The process that answers is one of them, and counts too.
 */
import cluster from 'node:cluster';
import { aggregate } from './aggregators.ts';
import type { MetricObject } from './metric.ts';
import { globalRegistry, Registry } from './registry.ts';
import { familiesOfService } from './service.ts';

let ofService: readonly Registry[] = [globalRegistry];

export class AggregatorRegistry extends Registry {
  /**
   * The text of all processes; empty where there is neither a cluster nor a directory that processes share.
   * @throws Error where processes could not be joined
   */
  async clusterMetrics(): Promise<string> {
    const families = await familiesOfService();
    if (families !== undefined) return this.textOfService(families, ofService);
    if (Object.keys(cluster.workers ?? {}).length === 0) return '';
    throw new Error(
      'The metrics of the workers cannot be read: this process could not join them, and has warned why',
    );
  }

  /**
   * A registry of what several processes or registries say, each as `getMetricsAsJSON()` gives it.
   * @throws Error for an aggregator that there is not
   */
  static aggregate(
    metricsArr: readonly (readonly MetricObject[])[],
    registryType: string = Registry.PROMETHEUS_CONTENT_TYPE,
  ): Registry {
    const aggregated = new Registry();
    aggregated.setContentType(registryType);
    const byName = new Map<string, MetricObject[]>();
    for (const metric of metricsArr.flat()) {
      const known = byName.get(metric.name);
      if (known === undefined) byName.set(metric.name, [metric]);
      else known.push(metric);
    }
    for (const metrics of byName.values()) {
      const combined = aggregate(metrics, metrics[0]!.aggregator);
      if (combined !== undefined) aggregated.registerMetric({ ...combined, get: () => combined });
    }
    return aggregated;
  }

  /**
   * Names the registries whose metrics are those of the service, in place of the global one.
   * @throws TypeError for what is no registry
   */
  static setRegistries(regs: Registry | readonly Registry[]): void {
    const next = Array.isArray(regs) ? (regs as readonly Registry[]) : [regs as Registry];
    for (const registry of next) {
      if (!(registry instanceof Registry)) throw new TypeError(`Expected Registry, got ${typeof registry}`);
    }
    for (const registry of ofService) if (!next.includes(registry)) Registry.setOfService(registry, false);
    for (const registry of next) Registry.setOfService(registry, true);
    ofService = next;
  }
}
