/** What the worker can be told, out of variables of the environment. */
import { type Environment, numberFrom } from '@binnacle/system-parts/settings';

/** The worker's limits and times. */
export interface WorkerSettings {
  readonly ffmpeg: string;
  /** After how long somebody else takes up what a process has left. */
  readonly leaseMs: number;
  readonly mediaBytesMax: number;
  readonly mediaSecondsMax: number;
  readonly downloadMsMax: number;
  /** A video that takes longer fails. */
  readonly videoMsMax: number;
  readonly chunkSecondsMax: number;
  /** Before something is tried again that somebody else could not do. */
  readonly retryMs: number;
}

/** @throws SettingsError for a value that cannot be */
export function workerSettings(environment: Environment): WorkerSettings {
  const number = (variable: string, fallback: number, min: number, max: number): number =>
    numberFrom(environment, { variable, fallback, min, max });
  return {
    ffmpeg: environment.FFMPEG_PATH || 'ffmpeg',
    leaseMs: 1000 * number('TRANSCRIPTS_LEASE_SECONDS', 10, 0.5, 3_600),
    mediaBytesMax: number('TRANSCRIPTS_MEDIA_BYTES_MAX', 2_000_000_000, 1, 1e12),
    mediaSecondsMax: number('TRANSCRIPTS_MEDIA_SECONDS_MAX', 4 * 3_600, 1, 86_400),
    downloadMsMax: 1000 * number('TRANSCRIPTS_DOWNLOAD_SECONDS_MAX', 900, 0.1, 86_400),
    videoMsMax: 1000 * number('TRANSCRIPTS_VIDEO_SECONDS_MAX', 2 * 3_600, 1, 7 * 86_400),
    chunkSecondsMax: number('TRANSCRIPTS_CHUNK_SECONDS_MAX', 30, 1, 600),
    retryMs: 1000 * number('TRANSCRIPTS_RETRY_SECONDS', 5, 0, 3_600),
  };
}
