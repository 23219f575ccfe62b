/** What names may look like. */

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether a metric may have this name. */
export function validateMetricName(name: string): boolean {
  return METRIC_NAME.test(name);
}

/** Whether labels may have these names. */
export function validateLabelName(names: readonly string[] = []): boolean {
  return names.every((name) => LABEL_NAME.test(name));
}

/**
 * Checks the label names of a metric. Beyond what prom-client finds: a name that is given twice, and one that
 * Prometheus keeps for itself, because every scrape of them would be refused.
 * @throws Error for names that cannot be
 */
export function checkLabelNames(metric: string, names: readonly string[]): void {
  if (!validateLabelName(names)) throw new Error('Invalid label name');
  const reserved = names.find((name) => name.startsWith('__'));
  if (reserved !== undefined) {
    throw new Error(
      `Invalid label name: ${reserved} of metric ${metric} begins with __, which Prometheus keeps for itself`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`Invalid label name: metric ${metric} has ${twice} twice`);
}
