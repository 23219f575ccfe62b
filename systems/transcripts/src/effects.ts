/**
 * What follows from what: which counters a request moves, and how a job ended. `enter` writes an answer into the
 * ledger, `enterDied` what a request without an answer may have led to, `enterEnd` what became of a job.
 */
import { series } from '@binnacle/system-parts/samples';
import type { Effect, Ledger } from './ledger.ts';

const JOBS = '/api/v1/jobs';
const STATUS = '/api/v1/status/{job_id}';
const SEARCH = '/api/v1/search';
const EXPORT = '/api/v1/exports/{video_id}/{format}';

/** The routes by their templates. */
export const ENDPOINTS = { JOBS, STATUS, SEARCH, EXPORT } as const;

/** What a path is counted as that the API has not. */
export const UNMATCHED = 'unmatched';

/** Chunks of one of the visitors' recordings at most. */
const CHUNKS_MAX = 20;

/** A request as far as the counters are concerned. */
export interface Deed {
  readonly method: string;
  /** The route's template. */
  readonly endpoint: string;
  /** `job_type` of a new job; `format` of an export. */
  readonly label?: string;
}

/** Enters an answer. */
export function enter(ledger: Ledger, deed: Deed, status: number): void {
  ledger.request(deed.method, deed.endpoint, status);
  ledger.counted(effectsOf(deed, status));
  // The job was there when it was asked for once more: who made it counted it, or died before it could.
  if (deed.method === 'POST' && deed.endpoint === JOBS && status === 200)
    ledger.mayHaveCounted(effectsOf(deed, 202));
}

/** Enters a request that had no answer, or not all of it. */
export function enterDied(ledger: Ledger, deed: Deed): void {
  ledger.died();
  ledger.mayHaveRequested(deed.method, deed.endpoint);
  ledger.mayHaveCounted(effectsOf(deed, deed.method === 'POST' ? 202 : 200));
}

/** What a request moves that had this status. */
function effectsOf({ method, endpoint, label = '' }: Deed, status: number): Effect[] {
  const one = (name: string, labels: Record<string, string>): Effect[] => [
    { service: 'api', series: series(name, labels) },
  ];
  switch (`${method} ${endpoint} ${status}`) {
    case `POST ${JOBS} 202`:
      return one('jobs_created_total', { job_type: label });
    case `GET ${SEARCH} 200`:
      return one('search_queries_total', { backend: 'postgres' });
    case `GET ${EXPORT} 200`:
      return one('exports_total', { format: label });
    default:
      return [];
  }
}

/** A video as the API describes it when it has ended. */
export interface EndedVideo {
  readonly video_id: string;
  readonly url: string;
  readonly status: 'completed' | 'failed';
  readonly attempts: number;
  /** Of these, the attempts of which the steps are known; the processes of the others have died. */
  readonly told_attempts: number;
  readonly steps: Readonly<Record<string, number>>;
  readonly model: string | null;
  readonly backend: string | null;
  readonly message: string | null;
}

/** A job as the API describes it when it has ended. */
export interface EndedJob {
  readonly job_type: string;
  readonly status: 'completed' | 'failed';
  readonly message: string | null;
  readonly videos: readonly EndedVideo[];
}

/** Enters how a job ended, and its videos. */
export function enterEnd(ledger: Ledger, { job_type, status, videos }: EndedJob): void {
  ledger.counted([{ service: 'api', series: series(`jobs_${status}_total`, { job_type }) }]);
  for (const video of videos) {
    const ended = video.status === 'completed' ? 'videos_transcribed_total' : 'videos_failed_total';
    ledger.counted([
      { service: 'api', series: series(ended) },
      { service: 'worker', series: series('videos_processed_total', { result: video.status }) },
      ...stepsOf(video, video.steps),
    ]);
    const died = video.attempts - video.told_attempts;
    const each = { ...EACH_STEP, chunk: CHUNKS_MAX, model_load: CHUNKS_MAX };
    for (let i = 0; i < died; i++) ledger.mayHaveCounted(stepsOf(video, each));
  }
}

const EACH_STEP = { download: 1, transcode: 1, chunking: 1, transcription: 1, diarization: 1 } as const;

function stepsOf({ model, backend }: EndedVideo, steps: Readonly<Record<string, number>>): Effect[] {
  const by = { model: model ?? '' };
  const families: Readonly<Record<string, string>> = {
    download: series('download_duration_seconds_count'),
    transcode: series('transcode_duration_seconds_count'),
    chunking: series('chunk_count_count'),
    model_load: series('whisper_model_load_seconds_count', { ...by, backend: backend ?? '' }),
    chunk: series('whisper_chunk_transcription_seconds_count', by),
    transcription: series('transcription_duration_seconds_count', by),
    diarization: series('diarization_duration_seconds_count'),
  };
  return Object.entries(steps).flatMap(([step, times]) => {
    const family = families[step];
    return family === undefined ? [] : [{ service: 'worker' as const, series: family, by: times }];
  });
}
