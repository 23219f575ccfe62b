/**
 * What can go wrong with a download: a closed hierarchy, each with a code that clients and dashboards may rely on.
 *
 * The class says who can help: the video site's videos are as they are, the way there and the storage may work again
 * in a moment. Only what may is tried again.
 */
import type { ProviderName } from './metrics.ts';

/** What is wrong with the video itself; asking again gives the same. */
export const VIDEO_ERROR_CODES = [
  'INVALID_URL',
  'VIDEO_NOT_FOUND',
  'VIDEO_UNAVAILABLE',
  'VIDEO_UNSUPPORTED',
  'VIDEO_TOO_LARGE',
] as const;

/** What is wrong with the way to the video. */
export const TRANSFER_ERROR_CODES = ['DOWNLOAD_FAILED', 'DOWNLOAD_TIMEOUT'] as const;

/** What is wrong with the storage. */
export const STORAGE_ERROR_CODES = ['STORAGE_FULL', 'STORAGE_FAILED'] as const;

/** The code of everything else. */
export const UNKNOWN_ERROR = 'UNKNOWN_ERROR';

/** Every code that a failed attempt can have. */
export type ErrorCode =
  | (typeof VIDEO_ERROR_CODES)[number]
  | (typeof TRANSFER_ERROR_CODES)[number]
  | (typeof STORAGE_ERROR_CODES)[number]
  | typeof UNKNOWN_ERROR;

/** What all of them have. Only the three classes below extend it. */
export abstract class DownloadError extends Error {
  abstract override readonly name: 'VideoError' | 'TransferError' | 'StorageError';
  abstract readonly code: Exclude<ErrorCode, typeof UNKNOWN_ERROR>;
  /** Whether another attempt may succeed. */
  abstract readonly isPassing: boolean;
}

/** The video cannot be had. */
export class VideoError extends DownloadError {
  override readonly name = 'VideoError';
  override readonly code: (typeof VIDEO_ERROR_CODES)[number];
  override readonly isPassing = false;

  constructor(code: VideoError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The video did not come through. */
export class TransferError extends DownloadError {
  override readonly name = 'TransferError';
  override readonly code: (typeof TRANSFER_ERROR_CODES)[number];
  override readonly isPassing = true;

  constructor(code: TransferError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The video could not be stored. Where there is no room, there is none a moment later. */
export class StorageError extends DownloadError {
  override readonly name = 'StorageError';
  override readonly code: (typeof STORAGE_ERROR_CODES)[number];
  override readonly isPassing: boolean;
  /** The provider that could not; undefined where none was chosen. */
  readonly provider: ProviderName | undefined;

  constructor(
    code: StorageError['code'],
    message: string,
    options: ErrorOptions & { readonly provider?: ProviderName } = {},
  ) {
    super(message, options);
    this.code = code;
    this.isPassing = code === 'STORAGE_FAILED';
    this.provider = options.provider;
  }
}

/** The code of whatever was thrown. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof DownloadError ? error.code : UNKNOWN_ERROR;
}

/** Whether another attempt may succeed; what nobody foresaw may have passed. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof DownloadError) || error.isPassing;
}

/** The process stops, or its attempt is another's by now: nobody's error. */
export class LetGo extends Error {
  override readonly name = 'AbortError';
}
