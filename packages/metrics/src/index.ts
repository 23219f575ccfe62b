/** What a program says about itself: metrics, the store they lie in, and the `/metrics` that shows them. */
export {
  type BoundCounter,
  type Counter,
  type CounterDefinition,
  type CounterName,
  counter,
} from './counter.ts';
export { type Definer, defineMetrics, type Unplaced } from './define-metrics.ts';
export { type Definition, EXPIRE_AFTER_MS_MIN } from './definition.ts';
export {
  type CountOptions,
  EXEMPLAR_CHARACTERS_MAX,
  noteExemplar,
  SPAN_EXEMPLAR_INTERVAL_MS,
} from './exemplar.ts';
export { type BoundGauge, type Gauge, type GaugeDefinition, type GaugeName, gauge } from './gauge.ts';
export {
  type BoundHistogram,
  DEFAULT_BUCKETS,
  type Histogram,
  type HistogramDefinition,
  histogram,
  type NativeOptions,
} from './histogram.ts';
export { type Info, info } from './info.ts';
export {
  type ClosedLabel,
  closed,
  LABEL_VALUE_CHARACTERS_MAX,
  type LabelSpec,
  type LabelValues,
  label,
  type OpenLabel,
  type SparseLabel,
  sparse,
} from './labels.ts';
export {
  type Operation,
  type OperationDefinition,
  OUTCOMES,
  type Outcome,
  type OutcomeLabels,
  operation,
} from './operation.ts';
export {
  COLLECT_TIMEOUT_MS,
  type CollectCallback,
  createRegistry,
  defaultRegistry,
  type Registry,
  type RegistryOptions,
} from './registry.ts';
export type { DirectoryExporter, DirectoryExporterOptions } from './serve/directory-exporter.ts';
export { ServeError, type ServeErrorCode } from './serve/errors.ts';
export type { Listener } from './serve/listener.ts';
export type { Exposition, ExpositionOptions } from './serve/responder.ts';
export type { MetricsServer } from './serve/server.ts';
export {
  exportDirectory,
  exposition,
  metricsFetchHandler,
  metricsHandler,
  serveMetrics,
  serverOf,
} from './serve/serving.ts';
export type {
  AccessOptions,
  BasicAuth,
  PortTaken,
  ServeOptions,
  TlsOptions,
} from './serve/settings.ts';
export type { Environment } from './serve/variables.ts';
export { type StateSet, type StateSetDefinition, stateSet } from './state-set.ts';
export { StoreError, type StoreErrorCode } from './store/errors.ts';
export { type CounterMode, type GaugeMode, OVERFLOW_VALUE, SERIES_PER_METRIC_MAX } from './store/store.ts';
export {
  BoundSummary,
  DEFAULT_QUANTILES,
  DEFAULT_WINDOW_MS,
  DEFAULT_WINDOW_STEPS,
  type Summary,
  type SummaryDefinition,
  summary,
} from './summary.ts';
export type { IncompleteTimer, Timer } from './timer.ts';
