/**
 * How a default metric is defined: its name with the prefix, the labels that a program gives to all of them, and
 * the registry. Help and labels of each are those of `@binnacle/metrics/runtime`, which also takes the values.
 */
import { RUNTIME_FAMILIES, type RuntimeMetricName } from '@binnacle/metrics/runtime';
import { Counter } from '../counter.ts';
import { Gauge } from '../gauge.ts';
import { Histogram } from '../histogram.ts';
import type { GivenLabels } from '../labels.ts';
import type { Aggregator } from '../metric.ts';
import type { Registry } from '../registry.ts';

/** What `collectDefaultMetrics` is given. */
export interface DefaultMetricsConfiguration {
  /** Default: the global one. */
  readonly register?: Registry | undefined;
  readonly prefix?: string | undefined;
  /** Labels that every series has. */
  readonly labels?: GivenLabels | undefined;
  readonly gcDurationBuckets?: readonly number[] | undefined;
  /** Milliseconds between two looks at the event loop. */
  readonly eventLoopMonitoringPrecision?: number | undefined;
  /**
   * Taken, for registries that need it; nothing is noted. An exemplar of processor time would name the request that
   * asked for the metrics.
   */
  readonly enableExemplars?: boolean | undefined;
}

/** A file of default metrics: defines them when it is called. */
export interface DefaultMetric {
  (registry?: Registry, config?: DefaultMetricsConfiguration): void;
  /** Without a prefix. */
  readonly metricNames: readonly RuntimeMetricName[];
}

/** Makes a {@link DefaultMetric}; what the platform cannot read, `define` leaves undefined. */
export function defaultMetric(
  metricNames: readonly RuntimeMetricName[],
  define: (definer: Definer) => void,
): DefaultMetric {
  const collector = (registry?: Registry, config?: DefaultMetricsConfiguration) =>
    define(new Definer(registry, config ?? {}));
  return Object.assign(collector, { metricNames });
}

/** What is to be said of a metric beside its name. */
interface Details {
  readonly aggregator?: Aggregator;
  /** Sets this metric, and those that are read with it. */
  readonly collect?: () => void | Promise<void>;
}

export class Definer {
  readonly config: DefaultMetricsConfiguration;
  /** Labels that every series has. */
  readonly labels: GivenLabels;
  readonly #registry: Registry | undefined;

  constructor(registry: Registry | undefined, config: DefaultMetricsConfiguration) {
    this.config = config;
    this.labels = config.labels || {};
    this.#registry = registry;
  }

  /** @throws Error where the registry has another metric of the name */
  gauge(name: RuntimeMetricName, details: Details = {}): Gauge {
    return new Gauge({ ...this.#definition(name), ...details });
  }

  /** @throws Error where the registry has another metric of the name */
  counter(name: RuntimeMetricName, details: Details = {}): Counter {
    const enableExemplars = this.config.enableExemplars || false;
    return new Counter({ ...this.#definition(name), ...details, enableExemplars });
  }

  /** @throws Error where the registry has another metric of the name */
  histogram(name: RuntimeMetricName, buckets: readonly number[], details: Details = {}): Histogram {
    return new Histogram({ ...this.#definition(name), ...details, buckets });
  }

  #definition(name: RuntimeMetricName) {
    const { help, labelNames } = RUNTIME_FAMILIES[name];
    return {
      name: `${this.config.prefix || ''}${name}`,
      help,
      labelNames: [...labelNames, ...Object.keys(this.labels)],
      ...(this.#registry && { registers: [this.#registry] }),
    };
  }
}
