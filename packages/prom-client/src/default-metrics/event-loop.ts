/** Default metrics of a thread's event loop: its delays, and the collections that hold it up. */
import {
  EVENT_LOOP_RESOLUTION_MS,
  EventLoopMonitor,
  GC_BUCKETS,
  type GcWatch,
  readLoopLag,
  watchGarbageCollection,
} from '@binnacle/metrics/runtime';
import type { Histogram } from '../histogram.ts';
import type { GivenLabels } from '../labels.ts';
import { defaultMetric } from './definer.ts';

/** By resolution. One serves all registries, since reading takes nothing from other readers. */
const monitors = new Map<number, EventLoopMonitor>();

function monitorOf(resolutionMs: number): EventLoopMonitor {
  let monitor = monitors.get(resolutionMs);
  if (monitor === undefined) {
    monitor = EventLoopMonitor.start({ resolutionMs });
    monitors.set(resolutionMs, monitor);
  }
  return monitor;
}

/**
 * The delay of the event loop. prom-client's are those since the last scrape, and each scrape takes them away from
 * the next reader; these are those of the last 30 to 60 seconds, or since the last scrape where that is longer ago.
 */
export const eventLoopLag = defaultMetric(
  [
    'nodejs_eventloop_lag_seconds',
    'nodejs_eventloop_lag_min_seconds',
    'nodejs_eventloop_lag_max_seconds',
    'nodejs_eventloop_lag_mean_seconds',
    'nodejs_eventloop_lag_stddev_seconds',
    'nodejs_eventloop_lag_p50_seconds',
    'nodejs_eventloop_lag_p90_seconds',
    'nodejs_eventloop_lag_p99_seconds',
  ],
  (definer) => {
    const { labels } = definer;
    const monitor = monitorOf(definer.config.eventLoopMonitoringPrecision || EVENT_LOOP_RESOLUTION_MS);
    const lag = definer.gauge('nodejs_eventloop_lag_seconds', {
      aggregator: 'average',
      async collect() {
        const delays = monitor.delays();
        if (delays !== undefined) {
          min.set(labels, delays.min);
          max.set(labels, delays.max);
          mean.set(labels, delays.mean);
          stddev.set(labels, delays.stddev);
          p50.set(labels, delays.percentile(50));
          p90.set(labels, delays.percentile(90));
          p99.set(labels, delays.percentile(99));
        }
        lag.set(labels, await readLoopLag());
      },
    });
    const min = definer.gauge('nodejs_eventloop_lag_min_seconds', { aggregator: 'min' });
    const max = definer.gauge('nodejs_eventloop_lag_max_seconds', { aggregator: 'max' });
    const mean = definer.gauge('nodejs_eventloop_lag_mean_seconds', { aggregator: 'average' });
    const stddev = definer.gauge('nodejs_eventloop_lag_stddev_seconds', { aggregator: 'average' });
    const p50 = definer.gauge('nodejs_eventloop_lag_p50_seconds', { aggregator: 'average' });
    const p90 = definer.gauge('nodejs_eventloop_lag_p90_seconds', { aggregator: 'average' });
    const p99 = definer.gauge('nodejs_eventloop_lag_p99_seconds', { aggregator: 'average' });
  },
);

interface Watched {
  readonly durations: WeakRef<Histogram>;
  readonly labels: GivenLabels;
}

/** The histograms that collections are counted in; those of registries that nobody has any more are let go of. */
const watched = new Set<Watched>();
let watch: GcWatch | undefined;

/** How long collections take, each of a batch, where prom-client counts the first one only. */
export const gc = defaultMetric(['nodejs_gc_duration_seconds'], (definer) => {
  watch ??= watchGarbageCollection((kind, seconds) => {
    for (const one of watched) {
      const durations = one.durations.deref();
      if (durations === undefined) watched.delete(one);
      else durations.observe({ kind, ...one.labels }, seconds);
    }
  });
  if (watch === undefined) return;
  const { flush } = watch;
  const durations = definer.histogram(
    'nodejs_gc_duration_seconds',
    definer.config.gcDurationBuckets || GC_BUCKETS,
    { collect: () => flush() },
  );
  watched.add({ durations: new WeakRef(durations), labels: definer.labels });
});
