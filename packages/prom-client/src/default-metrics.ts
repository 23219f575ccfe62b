/**
 * Metrics of the runtime, under the names that prom-client gave them and public dashboards use. Beside
 * `collectDefaultMetrics` each group is a function of its own, as programs import them from `lib/metrics/*`.
 */
import type { DefaultMetric, DefaultMetricsConfiguration } from './default-metrics/definer.ts';
import { eventLoopLag, gc } from './default-metrics/event-loop.ts';
import {
  osMemoryHeap,
  processCpuTotal,
  processMaxFileDescriptors,
  processOpenFileDescriptors,
  processStartTime,
  version,
} from './default-metrics/process.ts';
import {
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  processHandles,
  processRequests,
  processResources,
} from './default-metrics/thread.ts';

/** In the order in which they are exposed. */
const metrics: Readonly<Record<string, DefaultMetric>> = {
  processCpuTotal,
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
  eventLoopLag,
  processResources,
  processHandles,
  processRequests,
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  version,
  gc,
};

/**
 * Defines all metrics of the runtime.
 * @throws TypeError where the configuration is no object
 */
export function collectDefaultMetrics(config?: DefaultMetricsConfiguration | null): void {
  if (config !== null && config !== undefined && typeof config !== 'object')
    throw new TypeError('config must be null, undefined, or an object');
  for (const metric of Object.values(metrics)) metric(config?.register, config ?? {});
}

/** The names of the groups. */
collectDefaultMetrics.metricsList = Object.keys(metrics);
