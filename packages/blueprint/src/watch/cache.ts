/**
 * Cache: how often it has what is asked for, how long it takes, what it throws out.
 *
 * A cache that does not hit is a cause and no symptom: it makes something else slow, which has its own alert. So nobody
 * is woken by it.
 */
import {
  add,
  and,
  bottomk,
  type Duration,
  ge,
  gt,
  lt,
  notRe,
  type RangeLength,
  re,
} from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { percent, slow } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { share } from './limits.ts';
import { anyOf, noneOfThese, type ValueCondition } from './outcomes.ts';
import { asked, LINES_MAX, levels, lines, quantiles } from './panels.ts';
import { type Counting, Scope, type Series, shareOf } from './scope.ts';
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

/** What was asked of a cache: one counter with a label that says whether it was there, or a counter for either. */
export type CountedLookups<C extends CounterLike = CounterLike> =
  | { readonly lookups: C; readonly hits?: undefined; readonly misses?: undefined }
  | { readonly hits: C; readonly misses: CounterLike; readonly lookups?: undefined };

/** The metrics of a cache. */
export type CacheInstrument<C extends CounterLike = CounterLike> = CountedLookups<C> & {
  /** How long lookups took, in seconds. */
  readonly duration?: HistogramLike | undefined;
  /** What was thrown out before its time. */
  readonly evictions?: CounterLike | undefined;
  /** How many entries it holds. */
  readonly entries?: GaugeLike | undefined;
  /** How many bytes it holds. */
  readonly size?: GaugeLike | undefined;
  /** Lookups that failed. */
  readonly errors?: CounterLike | undefined;
};

/** The alerts of {@link cacheWatch}. */
export type CacheAlert = 'CacheMissing' | 'CacheSlow' | 'CacheFailing';

/** What {@link cacheWatch} may be told. */
export interface CacheWatchOptions<Label extends string = string> extends WatchOptions<CacheAlert> {
  /** The label that says whether it was there. Default: `result`, `outcome` or `status`. */
  readonly resultLabel?: Label;
  /** Its values when it was. Default: `hit`, or those that begin so. */
  readonly hits?: readonly string[];
  /** The label that tells caches apart; `false` for none. Default: `cache` or `name`. */
  readonly by?: Label | false;
  /** The share of lookups that should hit. Default 0.5. */
  readonly hitShareMin?: number;
  /** How long a lookup may take, in seconds. Default 0.1. */
  readonly secondsMax?: number;
  /** Which share of lookups must be faster. Default 0.95. */
  readonly quantile?: number;
  /** How many may fail per second. Default 0.1. */
  readonly errorsPerSecondMax?: number;
  /** Over how long all of these are taken. Default `15m`. */
  readonly window?: Duration;
  /** Below so many lookups in the window nothing is said. Default 100. */
  readonly lookupsMin?: number;
}

/** Lookups of a cache, by whether it was there. */
interface Lookups {
  readonly all: (counting: Counting, window: RangeLength, by?: string) => Series;
  readonly hits: (counting: Counting, window: RangeLength, by?: string) => Series;
  readonly misses: (window: RangeLength) => Series;
  readonly of: WatchedMetric;
}

/** Watches a cache: `cacheWatch({ lookups })`, `cacheWatch({ hits, misses })`. */
export function cacheWatch<const C extends CounterLike>(
  instrument: CacheInstrument<C>,
  options: CacheWatchOptions<NoInfer<LabelOf<C>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Cache', options);
  const lookups = lookupsOf(scope, instrument, options);
  const duration = watchedMetric('cacheWatch: duration', instrument.duration, ['histogram']);
  const evictions = watchedMetric('cacheWatch: evictions', instrument.evictions, ['counter']);
  const entries = watchedMetric('cacheWatch: entries', instrument.entries, ['gauge']);
  const size = watchedMetric('cacheWatch: size', instrument.size, ['gauge']);
  const errors = watchedMetric('cacheWatch: errors', instrument.errors, ['counter']);
  const by = labelOf('cacheWatch', lookups.of, options.by, ['cache', 'cache_name', 'name']);
  const { hitShareMin = 0.5, secondsMax = 0.1, quantile = 0.95, window = '15m', lookupsMin = 100 } = options;
  const { errorsPerSecondMax = 0.1 } = options;
  return assembleWatch('Cache', options, {
    rows: [
      {
        panels: [
          lookupPanel(lookups),
          hitPanel(lookups, by, hitShareMin),
          duration &&
            quantiles(
              scope,
              duration,
              {
                title: 'Duration',
                description: 'How long lookups take: half of them stay below the median.',
              },
              { max: secondsMax },
            ),
          removalPanel(scope, evictions, errors),
          entries &&
            levels(scope, [{ legend: 'entries', metric: entries, by }], {
              title: 'Entries',
              description:
                'How many entries it holds. Falling to 0: it was emptied, and everything behind it has more to do.',
            }),
          size &&
            levels(
              scope,
              [{ legend: 'size', metric: size, by }],
              {
                title: 'Size',
                description: 'How many bytes it holds. Level at its bound while it evicts: it is too small.',
              },
              { unit: 'bytes' },
            ),
        ],
      },
    ],
    alerts: {
      CacheMissing: missing(lookups, by, { hitShareMin, window, lookupsMin, subject }),
      CacheSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: lookupsMin },
        {
          subject,
          things: 'lookups',
          severity: 'warning',
          for: '10m',
          by,
          advice:
            'See what the cache and the way to it do; a cache that is slower than what is behind it does harm.',
        },
      ),
      CacheFailing: errors && {
        expr: gt(scope.events(errors, 'rate', window, { by }), errorsPerSecondMax),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: lookups fail`,
        description: ({ value, text }) =>
          text`${value.humanize} lookups fail per second within ${window}; at most ${errorsPerSecondMax} are expected. See whether the cache can be reached.`,
      },
    },
  });
}

function lookupsOf(scope: Scope, instrument: CacheInstrument, options: CacheWatchOptions): Lookups {
  if (instrument.lookups === undefined) {
    const hits = watchedMetric('cacheWatch: hits', instrument.hits, ['counter']);
    const misses = watchedMetric('cacheWatch: misses', instrument.misses, ['counter']);
    const of = (metric: WatchedMetric) => (counting: Counting, window: RangeLength, by?: string) =>
      scope.events(metric, counting, window, { by });
    return {
      of: hits,
      hits: of(hits),
      misses: (window) => of(misses)('rate', window),
      all: (counting, window, by) => add(of(hits)(counting, window, by), of(misses)(counting, window, by)),
    };
  }
  const lookups = watchedMetric('cacheWatch: lookups', instrument.lookups, ['counter']);
  const label = labelOf('cacheWatch', lookups, options.resultLabel, ['result', 'outcome', 'status']);
  if (label === undefined)
    throw new DefinitionError(
      `cacheWatch: ${lookups.name} has no label that tells hits: name it as resultLabel`,
    );
  const domain = lookups.labels[label]!;
  const known =
    domain === 'open' ? options.hits : (options.hits ?? domain.filter((value) => /^hit/.test(value)));
  if (known?.length === 0)
    throw new DefinitionError(
      `cacheWatch: no value of ${label} of ${lookups.name} says that it was there: give hits`,
    );
  const hit = known === undefined ? re('hit.*') : anyOf(known);
  const miss = known === undefined ? notRe('hit.*') : noneOfThese(known);
  const under = (condition?: ValueCondition) => (counting: Counting, window: RangeLength, by?: string) =>
    scope.events(lookups, counting, window, { by, ...(condition && { conditions: { [label]: condition } }) });
  return {
    of: lookups,
    hits: under(hit),
    misses: (window) => under(miss)('rate', window),
    all: under(),
  };
}

function lookupPanel(lookups: Lookups) {
  return lines(
    { title: 'Lookups', description: 'Lookups per second: what was there, and what was not.' },
    {
      queries: [
        asked((window) => lookups.hits('rate', window), 'hits'),
        asked((window) => lookups.misses(window), 'misses'),
      ],
      unit: 'ops',
      stack: 'normal',
      colors: { hits: 'green', misses: 'orange' },
    },
  );
}

function hitPanel(lookups: Lookups, by: string | undefined, least: number) {
  return lines(
    {
      title: 'Hit ratio',
      description: `Share of lookups that hit. Good: above ${percent(least)} and level. A sudden drop: it was emptied, or keys have changed.`,
    },
    {
      queries: [
        asked(
          (window) => {
            const ratio = shareOf(lookups.hits('rate', window, by), lookups.all('rate', window, by));
            // Those that hit least are those that one looks for.
            return by === undefined ? ratio : bottomk(LINES_MAX, ratio);
          },
          by === undefined ? 'hits' : `{{${by}}}`,
        ),
      ],
      unit: 'percentunit',
      max: 1,
      thresholds: [{ color: 'red' }, { value: least, color: 'green' }],
      thresholdStyle: 'dashed',
    },
  );
}

function removalPanel(scope: Scope, evictions: WatchedMetric | undefined, errors: WatchedMetric | undefined) {
  const queries = [
    ...(evictions === undefined
      ? []
      : [asked((window) => scope.events(evictions, 'rate', window), 'evictions')]),
    ...(errors === undefined ? [] : [asked((window) => scope.events(errors, 'rate', window), 'errors')]),
  ];
  if (queries.length === 0) return undefined;
  return lines(
    {
      title: 'Evictions and errors',
      description: `Entries that were thrown out before their time, and lookups that failed, per second. Many evictions and a low hit ratio: it is too small.`,
    },
    { queries, unit: 'ops', colors: { evictions: 'orange', errors: 'red' } },
  );
}

function missing(
  lookups: Lookups,
  by: string | undefined,
  about: {
    readonly hitShareMin: number;
    readonly window: Duration;
    readonly lookupsMin: number;
    readonly subject: string;
  },
): WatchAlert {
  const { hitShareMin, window, lookupsMin, subject } = about;
  share('hitShareMin', hitShareMin);
  const all = lookups.all('increase', window, by);
  return {
    expr: and(lt(shareOf(lookups.hits('increase', window, by), all), hitShareMin), ge(all, lookupsMin)),
    for: '15m',
    severity: 'info',
    summary: `${subject}: what is asked for is seldom there`,
    description: ({ value, text }) =>
      text`${value.percentage} of lookups hit within ${window}; at least ${percent(hitShareMin)} is expected. See whether it was emptied, whether keys have changed, and whether it is too small.`,
  };
}
