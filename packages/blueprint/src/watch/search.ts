/**
 * Search: queries, how long they take, what they find, and whether the index still grows.
 *
 * That queries find nothing at all is the symptom of an index that was lost, and nothing fails then.
 */
import { and, type Duration, div, ge, gt, lt, topk, unless } from '@binnacle/promql/builder';
import { failing, slow } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { type OutcomeOptions, outcomesByLabel } from './outcomes.ts';
import { asked, busiest, endings, failureShare, LINES_MAX, lines, quantiles, slowest } from './panels.ts';
import { kept, Scope } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type HistogramLike,
  type LabelOf,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a search. */
export interface SearchInstrument<Q extends CounterLike = CounterLike> {
  /** Queries that were answered. */
  readonly queries: Q;
  /** What they found. */
  readonly results?: CounterLike;
  /** How long queries took, in seconds. */
  readonly duration?: HistogramLike;
  /** What was put into the index. */
  readonly indexed?: CounterLike;
}

/** The alerts of {@link searchWatch}. */
export type SearchAlert = 'SearchFailing' | 'SearchSlow' | 'SearchFindsNothing' | 'SearchIndexStale';

/** What {@link searchWatch} may be told. */
export interface SearchWatchOptions<Label extends string = string>
  extends WatchOptions<SearchAlert>,
    OutcomeOptions<Label> {
  /** The label that tells kinds of queries apart; `false` for none. Default: `query_type`, `backend` or `index`. */
  readonly by?: Label | false;
  /** The share of queries that may fail. Default 0.05. */
  readonly failureShareMax?: number;
  /** How long a query may take, in seconds. Default 1. */
  readonly secondsMax?: number;
  /** Which share of queries must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Over how long these are taken. Default `10m`. */
  readonly window?: Duration;
  /** Below so many queries in the window nothing is said. Default 20. */
  readonly queriesMin?: number;
  /** Over how long queries must have found something. Default `30m`. */
  readonly findsWithin?: Duration;
  /** Alerts when nothing was indexed for so long. Default: no alert, since not everywhere something always comes. */
  readonly indexesWithin?: Duration;
}

/** Watches a search: `searchWatch({ queries, results, indexed })`. */
export function searchWatch<const Q extends CounterLike>(
  instrument: SearchInstrument<Q>,
  options: SearchWatchOptions<NoInfer<LabelOf<Q>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Search', options);
  const outcomes = outcomesByLabel('searchWatch: queries', scope, instrument.queries, options);
  const results = watchedMetric('searchWatch: results', instrument.results, ['counter']);
  const duration = watchedMetric('searchWatch: duration', instrument.duration, ['histogram']);
  const indexed = watchedMetric('searchWatch: indexed', instrument.indexed, ['counter']);
  const by = labelOf('searchWatch', outcomes.of, options.by, ['query_type', 'backend', 'index']);
  const { failureShareMax = 0.05, secondsMax = 1, quantile = 0.95 } = options;
  const { window = '10m', queriesMin = 20, findsWithin = '30m', indexesWithin } = options;
  const about = { subject, things: 'queries', severity: 'warning', by } as const;
  const asking = (within: Duration) => ge(outcomes.ended('increase', within), queriesMin);
  return assembleWatch('Search', options, {
    rows: [
      {
        panels: [
          busiest(scope, outcomes.of, by, {
            title: 'Queries',
            description: `Queries per second, the ${LINES_MAX} most frequent kinds.`,
          }) ?? endings(outcomes, { title: 'Queries', description: 'Queries per second.' }),
          failureShare(
            outcomes,
            { title: 'Share that fails', description: 'Share of queries that failed. Good: 0.' },
            failureShareMax,
          ),
          duration &&
            quantiles(
              scope,
              duration,
              {
                title: 'Duration',
                description: 'How long queries take: half of them stay below the median.',
              },
              { max: secondsMax },
            ),
          duration &&
            slowest(
              scope,
              duration,
              by,
              { title: 'Slowest kinds', description: 'What takes longest: 95 of 100 queries stay below.' },
              { max: secondsMax },
            ),
          results && resultPanel(scope, outcomes.of, results, by),
          indexed && indexPanel(scope, indexed),
        ],
      },
    ],
    alerts: {
      SearchFailing: failing(
        outcomes,
        { shareMax: failureShareMax, window, eventsMin: queriesMin },
        {
          ...about,
          severity: 'critical',
          for: '5m',
          advice: 'See whether the index answers, and what its log says.',
        },
      ),
      SearchSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: queriesMin },
        {
          ...about,
          for: '10m',
          advice: 'See whether queries have changed, and what else the index does now.',
        },
      ),
      SearchFindsNothing: results && {
        expr: unless(asking(findsWithin), gt(scope.events(results, 'increase', findsWithin), 0)),
        for: '5m',
        severity: 'critical',
        summary: `${subject}: nothing is found any more`,
        description: ({ value, text }) =>
          text`${value.humanize} queries within ${findsWithin} found nothing at all. See whether the index still holds anything; if not, build it again.`,
      },
      SearchIndexStale: indexed && indexesWithin && stale(scope, indexed, indexesWithin, subject),
    },
  });
}

function resultPanel(scope: Scope, queries: WatchedMetric, results: WatchedMetric, by: string | undefined) {
  const [apart] = kept(results, by);
  return lines(
    {
      title: 'Results per query',
      description:
        'What one query finds on average. Good: level. Falling to 0: the index was lost, or queries have changed.',
    },
    {
      queries: [
        asked(
          (window) => {
            const found = scope.events(results, 'rate', window, { by: apart });
            const ratio = div(found, gt(scope.events(queries, 'rate', window, { by: apart }), 0));
            return apart === undefined ? ratio : topk(LINES_MAX, ratio);
          },
          apart === undefined ? 'results' : `{{${apart}}}`,
        ),
      ],
      unit: 'short',
    },
  );
}

function indexPanel(scope: Scope, indexed: WatchedMetric) {
  const about = {
    title: 'Indexed',
    description:
      'What is put into the index per second. Nothing for long while there is something new: new things are not found.',
  };
  const by = labelOf('searchWatch', indexed, undefined, ['entity_type', 'type', 'index']);
  return (
    busiest(scope, indexed, by, about) ??
    lines(about, {
      queries: [asked((window) => scope.events(indexed, 'rate', window), 'indexed')],
      unit: 'ops',
      colors: { indexed: 'blue' },
    })
  );
}

/** A service that has just started has indexed nothing yet; so the counter must have been there when the window began. */
function stale(scope: Scope, indexed: WatchedMetric, window: Duration, subject: string): WatchAlert {
  return {
    expr: and(lt(scope.events(indexed, 'increase', window), 1), scope.existed(indexed, window)),
    for: '5m',
    severity: 'warning',
    summary: `${subject}: nothing is indexed any more`,
    description: `Nothing was put into the index within ${window}, so new things are not found. See whether what feeds it still runs.`,
  };
}
