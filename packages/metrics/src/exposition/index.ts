/** The exposition formats, each with its writer and its parser in one file. Safe in a browser. */
export { type Escaping, escapeFamilies, isEscaping } from './escaping.ts';
export { EXEMPLAR_CHARS_MAX } from './exemplar.ts';
export type {
  Exemplar,
  Family,
  HistogramFamily,
  HistogramSeries,
  ScalarFamily,
  ScalarSeries,
  SummaryFamily,
  SummarySeries,
} from './families.ts';
export {
  ACCEPT_CHARS_MAX,
  acceptsGzip,
  type ExpositionFormat,
  type Negotiated,
  negotiate,
  writeExposition,
} from './negotiate.ts';
export {
  encodeOpenMetrics,
  OPENMETRICS_CONTENT_TYPE,
  type OpenMetricsHandler,
  type OpenMetricsOptions,
  type OpenMetricsWriterOptions,
  parseOpenMetrics,
  writeOpenMetrics,
} from './openmetrics.ts';
export { canonicalNumber } from './openmetrics-lines.ts';
export type { OpenMetricsType } from './openmetrics-rules.ts';
export {
  PROTOBUF_CONTENT_TYPE,
  type ProtobufHandler,
  type ProtobufWriterOptions,
  parseProtobuf,
  writeProtobuf,
} from './protobuf.ts';
export { ProtobufError } from './protobuf-wire.ts';
export {
  ExpositionError,
  encodeText,
  parseNumber,
  parseSeriesText,
  parseText,
  TEXT_CONTENT_TYPE,
  type TextHandler,
  writeText,
} from './text.ts';
