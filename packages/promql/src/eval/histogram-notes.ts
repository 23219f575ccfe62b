/** What the user is told about histograms, in Prometheus's words. */
import { quote } from '../quote.ts';
import { forMetric } from './annotations.ts';

/** What was done with histograms when custom bounds did not fit or hints contradicted each other. */
export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

export function mixedFloatsAndHistograms(metricName: string): string {
  return `encountered a mix of histograms and floats for metric name ${quote(metricName)}`;
}

export const MIXED_IN_AGGREGATION = 'encountered a mix of histograms and floats for aggregation';

export function mixedClassicAndNative(metricName: string): string {
  return `vector contains a mix of classic and native histograms${forMetric(metricName)}`;
}

export function mixedSchemas(metricName: string): string {
  return `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metricName)}`;
}

export function notACounter(metricName: string): string {
  return `this native histogram metric is not a counter: ${quote(metricName)}`;
}

export function notAGauge(metricName: string): string {
  return `this native histogram metric is not a gauge: ${quote(metricName)}`;
}

export function ignoredInRange(metricName: string): string {
  return `ignored histograms in a range containing both floats and histograms for metric name ${quote(metricName)}`;
}

export function ignoredInAggregation(op: string): string {
  return `ignored histogram in ${op} aggregation`;
}

export function boundsReconciled(operation: HistogramOperation): string {
  return `mismatched custom buckets were reconciled during ${operation}`;
}

export function resetsCollided(operation: HistogramOperation): string {
  return `conflicting counter resets during histogram ${operation}`;
}

export function incompatibleTypes(op: string, lhs: string, rhs: string): string {
  return `incompatible sample types encountered for binary operator ${quote(op)}: ${lhs} ${op} ${rhs}`;
}

export function incompatibleBuckets(op: string): string {
  return `incompatible bucket layout encountered for binary operator ${op}`;
}
