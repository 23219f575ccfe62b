/** Downloads: files that are fetched, by clients from us or by us from elsewhere. */
import { assembleWatch } from './assembly.ts';
import { type TransferInstrument, type TransferOptions, transferParts } from './transfers.ts';
import type { Watch, WatchOptions } from './watch.ts';
import type { CounterLike, LabelOf } from './watched-metric.ts';

/** The metrics of downloads. */
export type DownloadsInstrument<C extends CounterLike = CounterLike> = TransferInstrument<C>;

/** The alerts of {@link downloadsWatch}. */
export type DownloadsAlert = 'DownloadsFailing' | 'DownloadsSlow' | 'DownloadsStuck';

/** What {@link downloadsWatch} may be told. */
export interface DownloadsWatchOptions<Label extends string = string>
  extends WatchOptions<DownloadsAlert>,
    TransferOptions<Label> {}

const DIRECTION = {
  of: 'downloadsWatch',
  kind: 'Downloads',
  things: 'downloads',
  advice:
    'See which ending grows: files that are missing were removed too early or never written; errors stand in the log.',
} as const;

/** Watches downloads: `downloadsWatch({ total: downloads, duration }, { where: { job: 'web' } })`. */
export function downloadsWatch<const C extends CounterLike>(
  instrument: DownloadsInstrument<C>,
  options: DownloadsWatchOptions<NoInfer<LabelOf<C>>> = {},
): Watch {
  const { rows, failing, slow, stuck } = transferParts(DIRECTION, instrument, options);
  return assembleWatch(DIRECTION.kind, options, {
    rows,
    alerts: { DownloadsFailing: failing, DownloadsSlow: slow, DownloadsStuck: stuck },
  });
}
