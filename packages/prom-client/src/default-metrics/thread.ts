/** Default metrics of one thread: its heap, and what is active in its event loop. */
import {
  type ActiveReading,
  type RuntimeMetricName,
  readActiveHandles,
  readActiveRequests,
  readActiveResources,
  readHeap,
  readHeapSpaces,
} from '@binnacle/metrics/runtime';
// biome-ignore lint/style/useNodejsImportProtocol: tests of programs replace this module, under this name
import v8 from 'v8';
import { type DefaultMetric, defaultMetric } from './definer.ts';

/** The heap. */
export const heapSizeAndUsed = defaultMetric(
  ['nodejs_heap_size_total_bytes', 'nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'],
  (definer) => {
    if (typeof process.memoryUsage !== 'function') return;
    const { labels } = definer;
    const total = definer.gauge('nodejs_heap_size_total_bytes', {
      collect() {
        const heap = readHeap();
        if (heap === undefined) return;
        total.set(labels, heap.totalBytes);
        used.set(labels, heap.usedBytes);
        if (heap.externalBytes !== undefined) external.set(labels, heap.externalBytes);
      },
    });
    const used = definer.gauge('nodejs_heap_size_used_bytes');
    const external = definer.gauge('nodejs_external_memory_bytes');
  },
);

/** The spaces of the heap, where the runtime tells of them. */
export const heapSpacesSizeAndUsed = defaultMetric(
  [
    'nodejs_heap_space_size_total_bytes',
    'nodejs_heap_space_size_used_bytes',
    'nodejs_heap_space_size_available_bytes',
  ],
  (definer) => {
    if (readHeapSpaces(v8) === undefined) return;
    const total = definer.gauge('nodejs_heap_space_size_total_bytes', {
      collect() {
        for (const { space, totalBytes, usedBytes, availableBytes } of readHeapSpaces(v8) ?? []) {
          const labels = { space, ...definer.labels };
          total.set(labels, totalBytes);
          used.set(labels, usedBytes);
          available.set(labels, availableBytes);
        }
      },
    });
    const used = definer.gauge('nodejs_heap_space_size_used_bytes');
    const available = definer.gauge('nodejs_heap_space_size_available_bytes');
  },
);

/** What keeps the event loop alive. */
export const processResources = activeMetric(
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  readActiveResources,
);

/** What waits for events. */
export const processHandles = activeMetric(
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  readActiveHandles,
);

/** What is to be done once. */
export const processRequests = activeMetric(
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  readActiveRequests,
);

function activeMetric(
  each: RuntimeMetricName,
  all: RuntimeMetricName,
  read: () => ActiveReading | undefined,
): DefaultMetric {
  return defaultMetric([each, all], (definer) => {
    if (read() === undefined) return;
    const { labels } = definer;
    const byType = definer.gauge(each, {
      collect() {
        const active = read();
        if (active === undefined) return;
        // A type of which there is none any more is not shown.
        byType.reset();
        for (const [type, count] of active.byType) byType.set({ type, ...labels }, count);
        total.set(labels, active.total);
      },
    });
    const total = definer.gauge(all);
  });
}
