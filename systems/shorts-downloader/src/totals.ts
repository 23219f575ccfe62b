/**
 * How tasks and downloads ended, out of the database into the counters. The transaction that ends a download counts it
 * there; from there on `countTotals` makes of it counters that no kill and no restart disturbs.
 */
import { type CountedTotals, countTotals } from '@binnacle/metrics/totals';
import type { Downloads } from './downloads.ts';
import {
  celeryTasks,
  downloads as downloadsTotal,
  ENDINGS,
  NO_PROVIDER,
  PROCESS_DOWNLOAD,
  PROVIDERS,
} from './metrics.ts';

/** Every way in which a download can end, as `STATUS PROVIDER`; a video without a provider was not stored. */
const WAYS = ENDINGS.flatMap((status) =>
  [...PROVIDERS, ...(status === 'failed' ? [NO_PROVIDER] : [])].map((provider) => ({ status, provider })),
);

/** How often one process of the service reads them. Any other may be asked for the metrics, and shows what was read. */
const READ_INTERVAL_MS = 1_000;

/** Reads the totals from time to time, and when metrics are shown. */
export function countEnded(downloads: Downloads): CountedTotals {
  const ways = WAYS.map(({ status, provider }) => [
    `${status} ${provider}`,
    downloadsTotal.bind({ status, provider }),
  ]);
  const tasks = ENDINGS.map((status) => [status, celeryTasks.bind({ task_name: PROCESS_DOWNLOAD, status })]);
  return countTotals({
    intervalMs: READ_INTERVAL_MS,
    into: Object.fromEntries([...ways, ...tasks]),
    source: async () => {
      const totals = await downloads.totals();
      const found = WAYS.map(({ status, provider }) => ({
        status,
        total: totals[`${status} ${provider}`] ?? 0,
      }));
      const sums = ENDINGS.map((ending) => [
        ending,
        found.reduce((sum, { status, total }) => (status === ending ? sum + total : sum), 0),
      ]);
      return Object.fromEntries([
        ...WAYS.map((way, i) => [`${way.status} ${way.provider}`, found[i]!.total]),
        ...sums,
      ]);
    },
  });
}
