/**
 * Scraping: jobs that fetch from elsewhere, what they bring, and what becomes of it.
 *
 * The jobs themselves are watched as jobs are; here it is about their sources, which change without telling anybody: a
 * source of which all fail, or of which nothing new comes, has changed its pages or has locked us out.
 */
import { type Duration, topk } from '@binnacle/promql/builder';
import { failing, notCompleting, piling, slow, stuck } from './alerts.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { type OutcomeOptions, outcomesByLabel } from './outcomes.ts';
import {
  asked,
  endings,
  failureShare,
  failureShareBy,
  LINES_MAX,
  levels,
  lines,
  quantiles,
  slowest,
  successShare,
} from './panels.ts';
import { Scope } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  type LabelOf,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a scraper. */
export interface ScrapingInstrument<J extends CounterLike = CounterLike> {
  /** Jobs that ended, by how. */
  readonly jobs: J;
  /** How long they took, in seconds. */
  readonly duration?: HistogramLike;
  /** Jobs that are worked on. */
  readonly active?: GaugeLike;
  /** Jobs that wait. */
  readonly queue?: GaugeLike;
  /** What they brought, by what became of it: new, updated, an error. */
  readonly results?: CounterLike;
  /** What is done to what was found, each by its labels: duplicates, enrichments, verifications. */
  readonly steps?: Readonly<Record<string, CounterLike | HistogramLike>>;
}

/** The alerts of {@link scrapingWatch}. */
export type ScrapingAlert =
  | 'ScrapingFailing'
  | 'ScrapingResultsFailing'
  | 'ScrapingSlow'
  | 'ScrapingStuck'
  | 'ScrapingNotCompleting'
  | 'ScrapingPiling';

/** What {@link scrapingWatch} may be told. */
export interface ScrapingWatchOptions<Label extends string = string>
  extends WatchOptions<ScrapingAlert>,
    OutcomeOptions<Label> {
  /** The label that tells sources apart; `false` for none. Default: `source`, `site` or `spider`. */
  readonly by?: Label | false;
  /** The share of jobs, and of results, that may fail. Default 0.2. */
  readonly failureShareMax?: number;
  /** Over how long it is taken. Default `15m`. */
  readonly window?: Duration;
  /** Below so many jobs in the window nothing is said. Default 5. */
  readonly jobsMin?: number;
  /** Below so many results in the window nothing is said. Default 20. */
  readonly resultsMin?: number;
  /** The values of `results` that are errors, where their label is open. */
  readonly resultFailures?: readonly string[];
  /** How long a job may take, in seconds. Default: no alert, since only you know. */
  readonly secondsMax?: number;
  /** Which share of jobs must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Alerts when jobs are worked on and none has ended for so long. Default `30m`. */
  readonly stuckAfter?: Duration;
  /** Alerts when there is work and none was completed for so long. Default `1h`. */
  readonly completesWithin?: Duration;
  /** How many may wait. Default 100. */
  readonly queueMax?: number;
}

/** Watches a scraper: `scrapingWatch({ jobs, duration, active, results })`. */
export function scrapingWatch<const J extends CounterLike>(
  instrument: ScrapingInstrument<J>,
  options: ScrapingWatchOptions<NoInfer<LabelOf<J>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Scraping', options);
  const jobs = outcomesByLabel('scrapingWatch: jobs', scope, instrument.jobs, options);
  const results =
    instrument.results &&
    outcomesByLabel('scrapingWatch: results', scope, instrument.results, {
      ...(options.resultFailures !== undefined && { failures: options.resultFailures }),
    });
  const duration = watchedMetric('scrapingWatch: duration', instrument.duration, ['histogram']);
  const active = watchedMetric('scrapingWatch: active', instrument.active, ['gauge']);
  const queue = watchedMetric('scrapingWatch: queue', instrument.queue, ['gauge']);
  const by = labelOf('scrapingWatch', jobs.of, options.by, ['source', 'site', 'spider']);
  const { failureShareMax = 0.2, window = '15m', jobsMin = 5, resultsMin = 20 } = options;
  const { secondsMax, quantile = 0.95, stuckAfter = '30m', completesWithin = '1h', queueMax = 100 } = options;
  const about = { subject, things: 'jobs', severity: 'warning', by } as const;
  const queueBy = queue && labelOf('scrapingWatch', queue, undefined, ['queue', 'queue_name']);
  const sources = 'The source may have changed its pages, or have locked us out: open it as its visitors do.';
  return assembleWatch('Scraping', options, {
    rows: [
      {
        panels: [
          endings(jobs, { title: 'Jobs', description: 'Jobs per second, by how they ended.' }),
          failureShare(
            jobs,
            { title: 'Share that fails', description: `Share of jobs that failed. Good: near 0. ${sources}` },
            failureShareMax,
          ),
          successShare(
            jobs,
            { title: 'Success rate', description: 'Share of jobs that ended well.' },
            failureShareMax,
          ),
          levels(
            scope,
            [
              ...(queue === undefined
                ? []
                : [{ legend: 'waiting', metric: queue, color: 'orange' } as const]),
              ...(active === undefined
                ? []
                : [{ legend: 'active', metric: active, color: 'green' } as const]),
            ],
            {
              title: 'Waiting and active',
              description: 'Jobs that wait, and those that are worked on. Good: what waits falls back to 0.',
            },
            { max: queue === undefined ? undefined : queueMax },
          ),
          duration &&
            quantiles(
              scope,
              duration,
              { title: 'Duration', description: 'How long jobs take: half of them stay below the median.' },
              { max: secondsMax },
            ),
        ],
      },
      {
        title: 'results',
        panels: [
          results &&
            endings(results, {
              title: 'Results',
              description:
                'What jobs brought, per second. Only updated and nothing new: the source is known to its end.',
            }),
          failureShareBy(
            jobs,
            by,
            {
              title: 'Failing sources',
              description: `The ${LINES_MAX} sources with the greatest share of failures. ${sources}`,
            },
            failureShareMax,
          ),
          duration &&
            slowest(scope, duration, by, {
              title: 'Slowest sources',
              description: `The ${LINES_MAX} sources that take longest: 95 of 100 jobs stay below.`,
            }),
          ...Object.entries(instrument.steps ?? {}).map(([name, step]) => stepPanel(scope, name, step)),
        ],
      },
    ],
    alerts: {
      ScrapingFailing: failing(
        jobs,
        { shareMax: failureShareMax, window, eventsMin: jobsMin },
        { ...about, for: '5m', advice: sources },
      ),
      ScrapingResultsFailing:
        results &&
        failing(
          results,
          { shareMax: failureShareMax, window, eventsMin: resultsMin },
          { ...about, things: 'results', for: '10m', advice: sources },
        ),
      ScrapingSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: jobsMin },
        {
          ...about,
          for: '10m',
          advice: 'See whether the source answers slowly, or holds us back on purpose.',
        },
      ),
      ScrapingStuck: stuck(scope, active, jobs, stuckAfter, {
        ...about,
        for: '5m',
        advice: 'Jobs hang: see what they wait for, and restart the workers if nothing moves.',
      }),
      ScrapingNotCompleting: notCompleting(scope, [queue, active], jobs, completesWithin, {
        ...about,
        severity: 'critical',
        for: '5m',
        advice: 'See whether all fail or none ends: read the log of the workers.',
      }),
      ScrapingPiling: piling(scope, queue, queueMax, {
        ...about,
        things: 'waiting jobs',
        by: queueBy,
        for: '10m',
        advice: 'See whether workers are there and end jobs; if they do, add more.',
      }),
    },
  });
}

/** A counter by the first of its labels, or how long a step takes by the first of its own. */
function stepPanel(scope: Scope, name: string, given: CounterLike | HistogramLike) {
  const step: WatchedMetric = watchedMetric(`scrapingWatch: steps.${name}`, given, ['counter', 'histogram']);
  const by = Object.keys(step.labels).at(-1);
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  if (step.type === 'histogram')
    return (
      slowest(scope, step, by, {
        title,
        description: `How long it takes: 95 of 100 stay below. The ${LINES_MAX} slowest.`,
      }) ??
      quantiles(scope, step, { title, description: 'How long it takes: half of them stay below the median.' })
    );
  return lines(
    { title, description: `How much of it per second, the ${LINES_MAX} most frequent kinds.` },
    {
      queries: [
        asked(
          (window) => topk(LINES_MAX, scope.events(step, 'rate', window, { by })),
          by === undefined ? name : `{{${by}}}`,
        ),
      ],
      unit: 'ops',
    },
  );
}
