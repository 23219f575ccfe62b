/** Types: what is written against prom-client's compiles against ours, and is what it says at run time. */
import { expect, test } from 'vitest';
import type {
  CollectFunction,
  CounterConfiguration,
  DefaultMetricsCollectorConfiguration,
  GaugeConfiguration,
  HistogramConfiguration,
  LabelValues,
  Metric,
  MetricObjectWithValues,
  MetricValue,
  OpenMetricsContentType,
  PrometheusContentType,
  RegistryContentType,
  SummaryConfiguration,
} from '../index.js';
import promClient, * as named from '../index.js';

test('definitions, labels and children have the types that integrations use', async () => {
  const registry = new named.Registry();
  const counterOf: CounterConfiguration<'method' | 'code'> = {
    name: 'c_total',
    help: 'C',
    labelNames: ['method', 'code'] as const,
    registers: [registry],
    aggregator: 'sum',
  };
  const counter: named.Counter<'method' | 'code'> = new named.Counter(counterOf);
  const labels: LabelValues<'method' | 'code'> = { code: 200 };
  counter.inc(labels, 2);
  const child: named.Counter.Internal = counter.labels('GET', '200');
  child.inc();
  const gaugeOf: GaugeConfiguration<string> = {
    name: 'g',
    help: 'G',
    registers: [registry],
    collect() {
      this.set(3);
    },
  };
  const collect: CollectFunction<named.Gauge> = gaugeOf.collect!;
  const histogramOf: HistogramConfiguration<'a'> = { name: 'h', help: 'H', labelNames: ['a'], buckets: [1] };
  const summaryOf: SummaryConfiguration<'a'> = { name: 's', help: 'S', maxAgeSeconds: 60, ageBuckets: 2 };
  const metrics: Metric<'a'>[] = [
    new named.Histogram<'a'>({ ...histogramOf, registers: [registry] }),
    new named.Summary<'a'>({ ...summaryOf, registers: [registry] }),
  ];
  const gauge = new named.Gauge(gaugeOf);
  await gauge.get();
  expect((gauge as unknown as GaugeConfiguration<string>).collect).toBe(collect);
  const object: MetricObjectWithValues<MetricValue<'method' | 'code'>> = await counter.get();
  expect(object.values.map(({ value }) => value)).toEqual([2, 1]);
  expect(metrics[0]).toBeInstanceOf(named.Histogram);
  expect(metrics[1]).toBeInstanceOf(named.Summary);
  const end: (labels?: LabelValues<'a'>) => number = (metrics[0] as named.Histogram<'a'>).startTimer({
    a: 1,
  });
  expect(end()).toBeGreaterThanOrEqual(0);
});

test('content types are literals', () => {
  const prometheus: PrometheusContentType = named.prometheusContentType;
  const openMetrics: OpenMetricsContentType = named.openMetricsContentType;
  const either: readonly RegistryContentType[] = [prometheus, openMetrics];
  const registry = new named.Registry<OpenMetricsContentType>(openMetrics);
  const own: OpenMetricsContentType = registry.contentType;
  expect(either).toContain(own);
  const config: DefaultMetricsCollectorConfiguration<OpenMetricsContentType> = {
    register: registry,
    prefix: 'a_',
  };
  named.collectDefaultMetrics(config);
  expect(named.collectDefaultMetrics.metricsList).toContain('gc');
});

test('what cannot be does not compile', () => {
  const wrong = () => {
    // @ts-expect-error there is no such label
    new named.Counter({ name: 'c_total', help: 'C', labelNames: ['a'] }).inc({ b: 1 });
    // @ts-expect-error there is no such aggregator
    new named.Gauge({ name: 'g', help: 'G', aggregator: 'median' });
    // @ts-expect-error a help text is needed
    new named.Histogram({ name: 'h' });
  };
  expect(wrong).toThrow();
});

test('the default export is the whole module', () => {
  expect(promClient.register).toBe(named.register);
  expect(promClient.AggregatorRegistry).toBe(named.AggregatorRegistry);
});
