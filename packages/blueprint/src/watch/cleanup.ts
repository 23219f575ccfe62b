/**
 * Cleanup: what runs by the clock and removes what is old. Nobody misses it until the disk is full; so that it runs at
 * all is watched, too.
 */
import { absent, and, type Duration, div, gt, lt, or, sub, time } from '@binnacle/promql/builder';
import { seconds } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { asked, limit, lines } from './panels.ts';
import { Scope } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import { type CounterLike, type GaugeLike, type WatchedMetric, watchedMetric } from './watched-metric.ts';

/** The metrics of a cleanup. */
export interface CleanupInstrument {
  /** Passes that were made. */
  readonly runs: CounterLike;
  /** What was removed. */
  readonly deleted?: CounterLike;
  /** What that held, in bytes. */
  readonly freed?: CounterLike;
  /** What could not be removed. */
  readonly errors?: CounterLike;
  /** When a pass last ended well, in Unix seconds. */
  readonly lastSuccess?: GaugeLike;
}

/** The alerts of {@link cleanupWatch}. */
export type CleanupAlert = 'CleanupFailing' | 'CleanupNotRunning' | 'CleanupOverdue';

/** What {@link cleanupWatch} may be told. */
export interface CleanupWatchOptions extends WatchOptions<CleanupAlert> {
  /** How many errors there may be in the window. Default 5. */
  readonly errorsMax?: number;
  /** The window of errors. Default `1h`. */
  readonly window?: Duration;
  /** Alerts when no pass was made for so long. Default `1d`; twice the distance of passes is right. */
  readonly runsWithin?: Duration;
  /** How old the last success may be, in seconds. Default 50 hours: right for what runs once a day. */
  readonly successAgeSecondsMax?: number;
}

/** Watches a cleanup: `cleanupWatch({ runs, deleted, freed, errors }, { runsWithin: '1h' })`. */
export function cleanupWatch(instrument: CleanupInstrument, options: CleanupWatchOptions = {}): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Cleanup', options);
  const runs = watchedMetric('cleanupWatch: runs', instrument.runs, ['counter']);
  const deleted = watchedMetric('cleanupWatch: deleted', instrument.deleted, ['counter']);
  const freed = watchedMetric('cleanupWatch: freed', instrument.freed, ['counter']);
  const errors = watchedMetric('cleanupWatch: errors', instrument.errors, ['counter']);
  const lastSuccess = watchedMetric('cleanupWatch: lastSuccess', instrument.lastSuccess, ['gauge']);
  const { errorsMax = 5, window = '1h', runsWithin = '1d', successAgeSecondsMax = 50 * 3600 } = options;
  const counted = (metric: WatchedMetric | undefined, legend: string) =>
    metric === undefined ? [] : [asked((range) => scope.events(metric, 'rate', range), legend)];
  return assembleWatch('Cleanup', options, {
    rows: [
      {
        panels: [
          lines(
            {
              title: 'Passes and what they remove',
              description:
                'Passes, what was removed and what could not be, per second. Good: as much goes as comes, and no errors.',
            },
            {
              queries: [
                ...counted(runs, 'passes'),
                ...counted(deleted, 'removed'),
                ...counted(errors, 'errors'),
              ],
              unit: 'ops',
              colors: { passes: 'blue', removed: 'green', errors: 'red' },
            },
          ),
          freed &&
            lines(
              {
                title: 'Freed per pass',
                description:
                  'Bytes that one pass frees on average. Much more than usual: it had not run for long.',
              },
              {
                queries: [
                  asked(
                    (range) =>
                      div(scope.events(freed, 'rate', range), gt(scope.events(runs, 'rate', range), 0)),
                    'freed',
                  ),
                ],
                unit: 'bytes',
                colors: { freed: 'green' },
              },
            ),
          lastSuccess &&
            lines(
              { title: 'Since the last success', description: 'How long ago a pass last ended well.' },
              {
                queries: [asked(() => sub(time(), gt(scope.greatest(lastSuccess), 0)), 'since')],
                unit: 's',
                ...limit(successAgeSecondsMax),
              },
            ),
        ],
      },
    ],
    alerts: {
      CleanupFailing: errors && {
        expr: gt(scope.events(errors, 'increase', window), errorsMax),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: it cannot remove everything`,
        description: ({ value, text }) =>
          text`${value.humanize} errors within ${window}; at most ${errorsMax} are expected. See in the log what cannot be removed, and whether it may.`,
      },
      CleanupNotRunning: notRunning(scope, runs, runsWithin, subject),
      CleanupOverdue: lastSuccess && {
        expr: gt(sub(time(), gt(scope.greatest(lastSuccess), 0)), successAgeSecondsMax),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: overdue`,
        description: ({ value, text }) =>
          text`The last success was ${value.duration} ago; at most ${seconds(successAgeSecondsMax)} is expected. See whether it was started, and how it ended.`,
      },
    },
  });
}

/**
 * No pass in the window, though the counter was there when it began, so that a service that has just started has time
 * for its first one; or no counter at all.
 */
function notRunning(scope: Scope, runs: WatchedMetric, within: Duration, subject: string): WatchAlert {
  const idle = and(lt(scope.events(runs, 'increase', within), 1), scope.existed(runs, within));
  return {
    expr: or(idle, absent(scope.series(runs))),
    for: '15m',
    severity: 'warning',
    summary: `${subject}: it does not run`,
    description: `No pass was made within ${within}, or nothing is known of any. See whether it is started; until then nothing is removed, and the disk fills up.`,
  };
}
