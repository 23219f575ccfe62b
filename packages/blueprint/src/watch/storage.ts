/**
 * Storage: how full it is and when it will be, how many files it holds, and whether files reach it.
 *
 * What fills up is held against its capacity twice: by what is used now, and by where it is heading. The second comes
 * early enough to do something in working hours.
 */
import { type Duration, topk } from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { failing, slow } from './alerts.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { type Capacity, fillingUp, nearlyFull, usedShare } from './capacity.ts';
import { type OutcomeOptions, type Outcomes, outcomesByLabel } from './outcomes.ts';
import {
  asked,
  busiest,
  endings,
  failureShare,
  failureShareBy,
  LINES_MAX,
  levels,
  limit,
  lines,
  quantiles,
  slowest,
} from './panels.ts';
import { kept, Scope } from './scope.ts';
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

/** The metrics of a storage. */
export interface StorageInstrument<U extends GaugeLike = GaugeLike, W extends CounterLike = CounterLike> {
  /** How much is stored, in bytes. */
  readonly usage: U;
  /** How much can be stored, in bytes; without it, say `quotaBytes`. */
  readonly capacity?: GaugeLike | undefined;
  /** How many files are stored. */
  readonly files?: GaugeLike | undefined;
  /** Files that were written to it, by how that ended. */
  readonly writes?: W | undefined;
  /** How long writing took, in seconds. */
  readonly writeDuration?: HistogramLike | undefined;
}

/** The alerts of {@link storageWatch}. */
export type StorageAlert =
  | 'StorageNearlyFull'
  | 'StorageFillingUp'
  | 'StorageWritesFailing'
  | 'StorageWritesSlow';

/** What {@link storageWatch} may be told. */
export interface StorageWatchOptions<Label extends string = string, StatusLabel extends string = string>
  extends WatchOptions<StorageAlert>,
    OutcomeOptions<StatusLabel> {
  /** The label that tells several apart; `false` for none. Default: `provider`, `bucket`, `device` and the like. */
  readonly by?: Label | false;
  /** How much can be stored in each, in bytes. Without it and without a capacity nothing can be said of fullness. */
  readonly quotaBytes?: number;
  /** The share that may be used. Default 0.8. */
  readonly usedShareMax?: number;
  /** From how long ago it is extrapolated. Default `6h`. */
  readonly fillingWindow?: Duration;
  /** Alerts when it will be full in so many seconds. Default a day. */
  readonly fullWithinSeconds?: number;
  /** The share of writes that may fail. Default 0.1. */
  readonly failureShareMax?: number;
  /** Over how long it is taken. Default `15m`. */
  readonly window?: Duration;
  /** Below so many writes in the window nothing is said. Default 5. */
  readonly writesMin?: number;
  /** How long a write may take, in seconds. Default: no alert, since it follows the size. */
  readonly secondsMax?: number;
  /** Which share of writes must be faster. Default 0.95. */
  readonly quantile?: number;
}

const STORE_LABELS = ['provider', 'bucket', 'store', 'backend', 'device', 'volume', 'folder'];

/** Watches storage: `storageWatch({ usage, writes }, { quotaBytes: 5 * 2 ** 30 })`. */
export function storageWatch<const U extends GaugeLike, const W extends CounterLike = never>(
  instrument: StorageInstrument<U, W>,
  options: StorageWatchOptions<NoInfer<LabelOf<U>>, NoInfer<LabelOf<W>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Storage', options);
  const usage = watchedMetric('storageWatch: usage', instrument.usage, ['gauge']);
  const capacity = watchedMetric('storageWatch: capacity', instrument.capacity, ['gauge']);
  const files = watchedMetric('storageWatch: files', instrument.files, ['gauge']);
  const writeDuration = watchedMetric('storageWatch: writeDuration', instrument.writeDuration, ['histogram']);
  const writes =
    instrument.writes && outcomesByLabel('storageWatch: writes', scope, instrument.writes, options);
  const by = labelOf('storageWatch', usage, options.by, STORE_LABELS);
  const total = capacity ?? quota(options.quotaBytes);
  const held: Capacity | undefined =
    total === undefined ? undefined : { measured: usage, isFree: false, total, by: kept(usage, by) };
  const { usedShareMax = 0.8, fillingWindow = '6h', fullWithinSeconds = 86_400 } = options;
  const { failureShareMax = 0.1, window = '15m', writesMin: eventsMin = 5 } = options;
  const { secondsMax, quantile = 0.95 } = options;
  const about = {
    subject,
    thing: 'storage',
    advice: 'Remove what is not needed, or get more before it is full: then nothing can be written.',
    severity: 'warning',
  } as const;
  return assembleWatch('Storage', options, {
    rows: [
      { panels: fullness(scope, { usage, files, held, by, usedShareMax }) },
      {
        title: 'writes',
        panels: writePanels(scope, { writes, writeDuration, by, failureShareMax, secondsMax }),
      },
    ],
    alerts: {
      StorageNearlyFull: held && nearlyFull(scope, held, usedShareMax, { ...about, for: '15m' }),
      StorageFillingUp:
        held &&
        fillingUp(
          scope,
          held,
          { window: fillingWindow, aheadSeconds: fullWithinSeconds },
          { ...about, for: '1h' },
        ),
      StorageWritesFailing:
        writes &&
        failing(
          writes,
          { shareMax: failureShareMax, window, eventsMin },
          {
            subject,
            things: 'writes',
            severity: 'critical',
            for: '5m',
            by,
            advice:
              'See whether it is full, whether it can be reached, and whether our credentials still hold.',
          },
        ),
      StorageWritesSlow: slow(
        scope,
        writeDuration,
        { secondsMax, quantile, window, eventsMin },
        {
          subject,
          things: 'writes',
          severity: 'warning',
          for: '10m',
          by,
          advice: 'See whether files have grown, and what the provider and the network say.',
        },
      ),
    },
  });
}

function quota(bytes: number | undefined): number | undefined {
  if (bytes !== undefined && !(bytes > 0 && Number.isFinite(bytes)))
    throw new DefinitionError(`storageWatch: quotaBytes ${bytes} is no number of bytes`);
  return bytes;
}

interface Fullness {
  readonly usage: WatchedMetric;
  readonly files: WatchedMetric | undefined;
  readonly held: Capacity | undefined;
  readonly by: string | undefined;
  readonly usedShareMax: number;
}

function fullness(scope: Scope, { usage, files, held, by, usedShareMax }: Fullness) {
  return [
    levels(
      scope,
      [{ legend: 'used', metric: usage, by }],
      {
        title: 'Used',
        description: 'How much is stored. Good: level. Only growing: nothing removes what is old.',
      },
      { unit: 'bytes' },
    ),
    held &&
      lines(
        {
          title: 'Share used',
          description:
            'How much is stored of what can be. From the limit on there is an alert; at 100 % nothing can be written.',
        },
        {
          queries: [
            asked(() => topk(LINES_MAX, usedShare(scope, held)), by === undefined ? 'used' : `{{${by}}}`),
          ],
          unit: 'percentunit',
          ...limit(usedShareMax),
        },
      ),
    files &&
      levels(scope, [{ legend: 'files', metric: files, by }], {
        title: 'Files',
        description: 'How many files are stored. Bytes that grow without files are larger files.',
      }),
  ];
}

interface Writing {
  readonly writes: Outcomes | undefined;
  readonly writeDuration: WatchedMetric | undefined;
  readonly by: string | undefined;
  readonly failureShareMax: number;
  readonly secondsMax: number | undefined;
}

function writePanels(scope: Scope, { writes, writeDuration, by, failureShareMax, secondsMax }: Writing) {
  const failed = {
    title: 'Share that fails',
    description: `Share of writes that failed${by === undefined ? '' : ` by ${by}`}. Good: 0. One alone: look there. All: look at our own network and credentials.`,
  };
  return [
    writes &&
      endings(writes, {
        title: 'Writes',
        description: 'Files written per second, by how that ended. Good: none fail.',
      }),
    writes &&
      busiest(scope, writes.of, by, {
        title: 'Most written',
        description: 'Files written per second, by where.',
      }),
    writes &&
      (failureShareBy(writes, by, failed, failureShareMax) ?? failureShare(writes, failed, failureShareMax)),
    writeDuration &&
      quantiles(
        scope,
        writeDuration,
        {
          title: 'Duration of writes',
          description:
            'How long writing a file takes: half of them stay below the median. It follows the size.',
        },
        { max: secondsMax },
      ),
    writeDuration &&
      slowest(
        scope,
        writeDuration,
        by,
        { title: 'Slowest', description: 'Where writing takes longest: 95 of 100 stay below.' },
        { max: secondsMax },
      ),
  ];
}
