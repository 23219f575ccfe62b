/** PromQL: parse, print, evaluate. */
export type * from './ast.ts';
export {
  children,
  hasParameter,
  isComparison,
  isSetOperator,
  passesSeries,
  unwrapParens,
  walk,
} from './ast.ts';
export { marksBelow, renderParseError, underline } from './caret.ts';
export { documentedType, valueType } from './check.ts';
export { Catalog, type CatalogMetric, type CatalogOptions, type LabelDomain } from './checker/catalog.ts';
export { CHECK_NAMES, type CheckOptions, checkQuery } from './checker/checker.ts';
export {
  catalogOf,
  type DefinitionsOptions,
  type LabelDefinition,
  type MetricDefinition,
} from './checker/definitions.ts';
export type { Facts, SampleKind } from './checker/facts.ts';
export { type Finding, renderFinding, type Severity } from './checker/finding.ts';
export { Inference, metricNameOf } from './checker/infer.ts';
export { canExist, type LabelFacts, LabelSet } from './checker/label-set.ts';
export { nearest } from './checker/nearest.ts';
export { type RecordingRule, withRecordingRules } from './checker/recording-rules.ts';
export { fits, type Unit, unitInWords } from './checker/unit.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { Engine, type EngineOptions, type QueryOptions } from './engine.ts';
export { FUNCTIONS, type FunctionSignature } from './functions.ts';
export { compacted } from './histogram/buckets.ts';
export { type ClassicSample, fromClassic } from './histogram/classic.ts';
export { type HistogramLiteral, parseHistogramLiteral } from './histogram/literal.ts';
export { formatHistogram, formatHistogramLiteral, type ShownBucket, shownBuckets } from './histogram/text.ts';
export { MemoryStorage } from './memory.ts';
export { ParseError, type ParseProblem } from './parse-error.ts';
export { type ParseOptions, parse, parseMetricSelector } from './parser.ts';
export { indexOfByte, lineAndColumn } from './position.ts';
export { type PrettyOptions, prettyExpr } from './pretty.ts';
export { printExpr, printMatcher } from './printer.ts';
export { isValidUtf8, quote, quoteCharacter, unquote } from './quote.ts';
export {
  parseLabels,
  parseSeriesDescription,
  type SequenceValue,
  type SeriesDescription,
} from './series-description.ts';
export * from './storage.ts';
export {
  type MatrixValue,
  QueryError,
  type QueryErrorCode,
  type QueryResult,
  type ScalarValue,
  type StringValue,
  type Value,
  type VectorSample,
  type VectorValue,
} from './value.ts';
