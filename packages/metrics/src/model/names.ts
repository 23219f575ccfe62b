/** What metric and label names may look like. */

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether a metric name needs no quotes in any format. */
export function isClassicMetricName(name: string): boolean {
  return METRIC.test(name);
}

/** Whether a label name needs no quotes in any format. */
export function isClassicLabelName(name: string): boolean {
  return LABEL.test(name);
}
