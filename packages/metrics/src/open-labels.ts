/**
 * Whether open labels tell series apart in this process. With METRICS_INCLUDE_LABELS=false each has one value, so that
 * a metric has a handful of series whatever its callers pass; closed labels keep theirs.
 *
 * Read when an open label is first used, and not before: counting begins before a program says how it is served.
 */
import { includesOpenLabels } from './serve/variables.ts';

let included: boolean | undefined;

/** The value that an open label has when it is given this one. */
export function openLabelValue(label: string, value: string): string {
  included ??= isIncluded();
  if (included) return value;
  return label === 'method' ? 'ALL' : '*';
}

/** What cannot be read is told by `serveMetrics`; whoever counts is not to be stopped by it. */
function isIncluded(): boolean {
  try {
    return includesOpenLabels(process.env);
  } catch {
    return true;
  }
}
