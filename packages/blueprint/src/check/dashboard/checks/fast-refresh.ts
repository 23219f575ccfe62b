/** Dashboards that ask more often than there is something new. */
import { formatDuration } from '@binnacle/promql';
import { REFRESH_DEFAULT } from '../../../dashboard/dashboard.ts';
import { durationMs } from '../../repository/scrape-file.ts';
import type { DashboardCheck } from '../dashboard-check.ts';

/** Reports a refresh that is faster than scrapes. */
export const fastRefresh: DashboardCheck = {
  name: 'fast-refresh',
  inspect({ dashboard, subject, place, context: { scrapeIntervalMs } }, report) {
    const { refresh } = dashboard;
    // What nobody has chosen, and too seldom to do harm.
    if (refresh === REFRESH_DEFAULT) return;
    const ms = typeof refresh === 'string' ? durationMs(refresh) : undefined;
    if (ms === undefined || ms === 0 || scrapeIntervalMs === undefined || ms >= scrapeIntervalMs) return;
    report(subject, place('/refresh'), {
      severity: 'info',
      message: `it refreshes every ${refresh}, and scrapes are ${formatDuration(scrapeIntervalMs)} apart`,
      reason: 'everybody who looks at it asks all its queries several times for the same answer',
      remedy: `refresh every ${formatDuration(scrapeIntervalMs)}.`,
    });
  },
};
