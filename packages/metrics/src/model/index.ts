/** The data model: names, labels, families and values. Safe in a browser; nothing here touches clock or disk. */
export type { Metadata, MetricType } from './family.ts';
export { Labels, METRIC_NAME } from './labels.ts';
export { isClassicLabelName, isClassicMetricName } from './names.ts';
export type { BucketSpan, CounterResetHint, NativeHistogram } from './native-histogram.ts';
export { isStaleAt, wordsOf, writeStaleAt } from './staleness.ts';
export { formatValue } from './value.ts';
