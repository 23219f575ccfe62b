/**
 * Why a panel has nothing to show, as well as the monitor can tell.
 *
 * In this order: no target is up; a metric of the query was never scraped; no series of it has the labels asked
 * for; there are series, but nothing happened in the range. The queries are parsed for their selectors; the
 * parser is loaded only now, since most panels have data.
 */
import { ownServer, type PrometheusApi, type Target } from '../api/prometheus.ts';
import { span } from '../format/duration.ts';
import type { PanelData } from './load-panel.ts';

/** Finds the reason, in a sentence for the reader. */
export async function diagnose(
  data: PanelData,
  targets: readonly Target[],
  signal: AbortSignal,
  api: PrometheusApi = ownServer,
): Promise<string> {
  if (targets.length === 0) return 'The monitor has no targets: nothing is scraped.';
  const down = targets.filter((target) => target.health === 'down');
  if (down.length === targets.length) return `No target is up. ${jobOf(down[0]!)}: ${down[0]!.lastError}`;
  const culprit = down.length > 0 ? ` Target ${jobOf(down[0]!)} is down: ${down[0]!.lastError}` : '';
  const { selectorsOf } = await import('./selectors.ts');
  const selectors = data.asked.flatMap(selectorsOf);
  const known = new Set(await api.labelValues('__name__', undefined, signal));
  const missing = selectors.find(({ name }) => name !== '' && !known.has(name));
  if (missing !== undefined) return `The metric ${missing.name} has never been scraped.${culprit}`;
  const { fromMs, toMs } = data.window;
  const seconds = Math.max(1, Math.round((toMs - fromMs) / 1000));
  for (const selector of selectors) {
    const counted = await api.queryInstant(
      `count(last_over_time(${selector.text}[${seconds}s]))`,
      toMs / 1000,
      signal,
    );
    if (counted.series.length === 0)
      return `No series matches ${selector.text} in the last ${span(seconds)}.${culprit}`;
  }
  if (data.onlyNaN) return 'No events in this range, so there is nothing to divide by.';
  return 'The series are there, but the query gives no value in this range: too few samples, or no events yet.';
}

function jobOf(target: Target): string {
  return target.labels.job ?? target.scrapePool;
}
