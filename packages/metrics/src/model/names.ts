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

/** Whether a text may be the name of a metric or of a label: any that UTF-8 can hold, but none that is empty. */
export function isName(name: string): boolean {
  return name !== '' && !/\p{Surrogate}/u.test(name);
}
