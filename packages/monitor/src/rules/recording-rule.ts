/** Recording rules: a query's result under a new name. */
import { type Labels, METRIC_NAME } from '@binnacle/metrics/model';
import type { Sample } from '../storage.ts';
import type { RuleQueryResult } from './rule-query.ts';

/** What a recording rule writes, or why it failed. */
export type RecordingStep =
  | { readonly samples: readonly Sample[] }
  | { readonly samples?: never; readonly error: string };

/**
 * The samples of one evaluation: the result's labels with the rule's name and labels put over them.
 * @param limit how many series the rule may have; 0 for no limit
 */
export function stepRecording(
  name: string,
  ruleLabels: Readonly<Record<string, string>>,
  limit: number,
  results: RuleQueryResult,
): RecordingStep {
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const { labels, value, histogram } of results) {
    const named = recordedLabels(labels, name, ruleLabels);
    if (seen.has(named.key))
      return { error: 'vector contains metrics with the same labelset after applying rule labels' };
    seen.add(named.key);
    samples.push(histogram === undefined ? { labels: named, value } : { labels: named, value, histogram });
  }
  if (limit > 0 && samples.length > limit)
    return { error: `exceeded limit of ${limit} with ${samples.length} series` };
  return { samples };
}

function recordedLabels(labels: Labels, name: string, ruleLabels: Readonly<Record<string, string>>): Labels {
  let named = labels.with(METRIC_NAME, name);
  for (const [label, value] of Object.entries(ruleLabels)) named = named.with(label, value);
  return named;
}
