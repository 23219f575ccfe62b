/** What the watches of uploads and downloads have in common: files that go in one direction or the other. */
import type { Duration } from '@binnacle/promql/builder';
import { failing, slow, stuck } from './alerts.ts';
import { subjectOf, type WatchAlert, type WatchRow } from './assembly.ts';
import { type OutcomeOptions, outcomesByLabel } from './outcomes.ts';
import {
  busiest,
  distribution,
  endings,
  failureShare,
  failureShareBy,
  LINES_MAX,
  levels,
  quantiles,
  reasons,
  slowest,
  successShare,
} from './panels.ts';
import { Scope } from './scope.ts';
import type { WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  labelOf,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of files that are moved. */
export interface TransferInstrument<C extends CounterLike = CounterLike> {
  /** Files that were moved, or were to be. */
  readonly total: C;
  /** How large they are, in bytes. */
  readonly size?: HistogramLike | undefined;
  /** How long it took, in seconds. */
  readonly duration?: HistogramLike | undefined;
  /** Under way. */
  readonly inProgress?: GaugeLike | undefined;
  /** Those that were refused, by reason. */
  readonly refused?: CounterLike | undefined;
}

/** What may be told of files that are moved. */
export interface TransferOptions<Label extends string = string> extends OutcomeOptions<Label> {
  /** The label that tells kinds apart; `false` for none. Default: `provider`, `file_type`, `source` and the like. */
  readonly by?: Label | false;
  /** The share that may fail. Default 0.2: visitors make mistakes, too. */
  readonly failureShareMax?: number;
  /** Over how long it is taken. Default `10m`. */
  readonly window?: Duration;
  /** Below so many in the window nothing is said. Default 5. */
  readonly eventsMin?: number;
  /** How long one may take, in seconds. Default: no alert, since it follows the size. */
  readonly secondsMax?: number;
  /** Which share must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Alerts when some are under way and none has ended for so long. Default `30m`. */
  readonly stuckAfter?: Duration;
}

/** The words for one direction. */
export interface Direction {
  /** The name of the watch's function, for messages. */
  readonly of: string;
  /** As it stands in titles. */
  readonly kind: string;
  /** In the plural, as it stands in sentences. */
  readonly things: string;
  /** What to do when they fail. */
  readonly advice: string;
}

const KIND_LABELS = ['provider', 'file_type', 'type', 'format', 'source'];
const REASON_LABELS = ['reason', 'error', 'error_type', 'code'];

/** The rows and alerts of one direction. */
export function transferParts(
  { of, kind, things, advice }: Direction,
  instrument: TransferInstrument,
  options: TransferOptions & WatchOptions,
): {
  readonly rows: readonly WatchRow[];
  readonly failing: WatchAlert | undefined;
  readonly slow: WatchAlert | undefined;
  readonly stuck: WatchAlert | undefined;
} {
  const scope = new Scope(options.where);
  const subject = subjectOf(kind, options);
  const outcomes = outcomesByLabel(`${of}: total`, scope, instrument.total, options);
  const size = watchedMetric(`${of}: size`, instrument.size, ['histogram']);
  const duration = watchedMetric(`${of}: duration`, instrument.duration, ['histogram']);
  const inProgress = watchedMetric(`${of}: inProgress`, instrument.inProgress, ['gauge']);
  const refused = watchedMetric(`${of}: refused`, instrument.refused, ['counter']);
  const by = labelOf(of, outcomes.of, options.by, KIND_LABELS);
  const { failureShareMax = 0.2, window = '10m', eventsMin = 5 } = options;
  const { secondsMax, quantile = 0.95, stuckAfter = '30m' } = options;
  const about = { subject, things, severity: 'warning' } as const;
  const main = [
    endings(outcomes, {
      title: kind,
      description: `${kind} per second, by how they ended. A sudden drop is as bad as many failures: nobody gets through.`,
    }),
    failureShare(
      outcomes,
      { title: 'Share that fails', description: `Share of ${things} that failed. Good: near 0. ${advice}` },
      failureShareMax,
    ),
    successShare(
      outcomes,
      { title: 'Success rate', description: `Share of ${things} that ended well.` },
      failureShareMax,
    ),
    inProgress &&
      levels(scope, [{ legend: 'under way', metric: inProgress, color: 'blue' }], {
        title: 'Under way',
        description: `Number of ${things} under way. Growing while none end: they hang.`,
      }),
    duration &&
      quantiles(
        scope,
        duration,
        {
          title: 'Duration',
          description: `How long ${things} take: half of them stay below the median. It follows the size; growing without it, the way is slow.`,
        },
        { max: secondsMax },
      ),
  ];
  const detail = [
    refused &&
      busiest(scope, refused, labelOf(of, refused, undefined, REASON_LABELS), {
        title: 'Refused',
        description: `Refused per second, the ${LINES_MAX} most frequent reasons. One that grows at once is a client that has changed, or a limit that has become too low.`,
      }),
    refused &&
      reasons(scope, refused, labelOf(of, refused, undefined, REASON_LABELS), {
        title: 'Why refused',
        description: 'What was refused in the whole time that is shown, by reason.',
      }),
    size &&
      quantiles(
        scope,
        size,
        { title: 'Size', description: 'How large files are: half of them stay below the median.' },
        { unit: 'bytes' },
      ),
    size &&
      distribution(
        scope,
        size,
        { title: 'Distribution of sizes', description: 'How many files are how large.' },
        'bytes',
      ),
    busiest(scope, outcomes.of, by, {
      title: 'Most frequent kinds',
      description: `${kind} per second, the ${LINES_MAX} most frequent kinds.`,
    }),
    reasons(scope, outcomes.of, outcomes.label, {
      title: 'How they ended',
      description: `All ${things} of the time that is shown, by how they ended.`,
    }),
    failureShareBy(
      outcomes,
      by,
      {
        title: 'Failing kinds',
        description: `The ${LINES_MAX} kinds with the greatest share of failures. One alone: look there. All: look at what they share.`,
      },
      failureShareMax,
    ),
    duration &&
      slowest(
        scope,
        duration,
        by,
        {
          title: 'Slowest kinds',
          description: `The ${LINES_MAX} kinds that take longest: 95 of 100 stay below.`,
        },
        { max: secondsMax },
      ),
  ];
  return {
    rows: [{ panels: main }, { title: 'in detail', collapsed: true, panels: detail }],
    failing: failing(
      outcomes,
      { shareMax: failureShareMax, window, eventsMin },
      { ...about, by, for: '10m', advice },
    ),
    slow: slow(
      scope,
      duration,
      { secondsMax, quantile, window, eventsMin },
      {
        ...about,
        by,
        for: '10m',
        advice: 'See whether files have grown, and what the way between both ends does.',
      },
    ),
    stuck: stuck(scope, inProgress, outcomes, stuckAfter, {
      ...about,
      for: '5m',
      advice: 'They hang: see what they wait for, and restart what moves them if nothing changes.',
    }),
  };
}
