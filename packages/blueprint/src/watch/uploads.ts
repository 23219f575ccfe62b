/** Uploads: files that clients send, how many are refused or lost, how large they are, how long they take. */
import { assembleWatch } from './assembly.ts';
import { type TransferInstrument, type TransferOptions, transferParts } from './transfers.ts';
import type { Watch, WatchOptions } from './watch.ts';
import type { CounterLike, LabelOf } from './watched-metric.ts';

/** The metrics of uploads. */
export type UploadsInstrument<C extends CounterLike = CounterLike> = TransferInstrument<C>;

/** The alerts of {@link uploadsWatch}. */
export type UploadsAlert = 'UploadsFailing' | 'UploadsSlow' | 'UploadsStuck';

/** What {@link uploadsWatch} may be told. */
export interface UploadsWatchOptions<Label extends string = string>
  extends WatchOptions<UploadsAlert>,
    TransferOptions<Label> {}

const DIRECTION = {
  of: 'uploadsWatch',
  kind: 'Uploads',
  things: 'uploads',
  advice:
    'See which ending grows: mistakes of clients need better messages, errors of ours stand in the log.',
} as const;

/** Watches uploads: `uploadsWatch({ total: uploads, duration }, { where: { job: 'web' } })`. */
export function uploadsWatch<const C extends CounterLike>(
  instrument: UploadsInstrument<C>,
  options: UploadsWatchOptions<NoInfer<LabelOf<C>>> = {},
): Watch {
  const { rows, failing, slow, stuck } = transferParts(DIRECTION, instrument, options);
  return assembleWatch(DIRECTION.kind, options, {
    rows,
    alerts: { UploadsFailing: failing, UploadsSlow: slow, UploadsStuck: stuck },
  });
}
