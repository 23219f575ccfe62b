/**
 * What the worker counts. Definitions only: importing this file counts nothing and opens nothing.
 *
 * Durations are those of stages that came to their end, each from its beginning to its end in one process; a video that
 * fails is counted in {@link videosProcessed}, and in no duration of the stage that it failed in.
 */
import { counter, gauge, histogram, label } from '@binnacle/metrics';
import { gpuMetrics } from '@binnacle/metrics/gpu';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'worker';

/** How long transcribing a video took, all its chunks together, by model. */
export const transcriptionDuration = histogram({
  name: 'transcription_duration_seconds',
  help: 'Time to transcribe a video',
  unit: 'seconds',
  labels: { model: label },
  buckets: [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200],
});

/** How long it took to fetch a video. */
export const downloadDuration = histogram({
  name: 'download_duration_seconds',
  help: 'Time to download a video',
  unit: 'seconds',
  buckets: [5, 10, 30, 60, 120, 300, 600, 900],
});

/** How long it took to make a WAV file of a video. */
export const transcodeDuration = histogram({
  name: 'transcode_duration_seconds',
  help: 'Time to transcode a video to WAV',
  unit: 'seconds',
  buckets: [1, 5, 10, 30, 60, 120, 300],
});

/** How long it took to tell speakers apart. */
export const diarizationDuration = histogram({
  name: 'diarization_duration_seconds',
  help: 'Time to tell the speakers of a video apart',
  unit: 'seconds',
  buckets: [10, 30, 60, 120, 300, 600, 900, 1800],
});

/** Videos that wait for a worker, as the database said last; every process that reads it sets the same. */
export const videosPending = gauge({
  name: 'videos_pending',
  help: 'Videos waiting in the queue',
  mode: 'mostrecent',
});

/** What a worker does with a video, in this order. */
export const VIDEO_STATES = ['downloading', 'transcoding', 'transcribing', 'diarizing'] as const;

/** One of {@link VIDEO_STATES}. */
export type VideoState = (typeof VIDEO_STATES)[number];

/** Videos in the hands of a worker, by what it does with them. One that dies lets go of its own. */
export const videosInProgress = gauge({
  name: 'videos_in_progress',
  help: 'Videos being processed, by state',
  labels: { state: VIDEO_STATES },
  mode: 'live sum',
});

/** How a video can end. */
export const VIDEO_RESULTS = ['completed', 'failed'] as const;

/** One of {@link VIDEO_RESULTS}. */
export type VideoResult = (typeof VIDEO_RESULTS)[number];

/** Every video, once, by how it ended. */
export const videosProcessed = counter({
  name: 'videos_processed_total',
  help: 'Total videos processed, by result',
  labels: { result: VIDEO_RESULTS },
});

/** How long it took until a model was ready, by the program that runs it. */
export const modelLoad = histogram({
  name: 'whisper_model_load_seconds',
  help: 'Time to load a model',
  unit: 'seconds',
  labels: { model: label, backend: label },
  buckets: [1, 5, 10, 30, 60, 120, 300],
});

/** How long transcribing one chunk took. */
export const chunkDuration = histogram({
  name: 'whisper_chunk_transcription_seconds',
  help: 'Time to transcribe one chunk',
  unit: 'seconds',
  labels: { model: label },
  buckets: [5, 10, 30, 60, 120, 300, 600],
});

/** Into how many chunks a video was cut. */
export const chunkCount = histogram({
  name: 'chunk_count',
  help: 'Chunks per video',
  buckets: [1, 2, 3, 5, 10, 15, 20, 30, 50],
});

/** Memory of GPUs; nothing where there is none. */
export const gpu = gpuMetrics({ names: { utilization: false, temperature: false, power: false } });

/** Always 1; says what transcribes. A gauge as in the document, and gone with the process that set it. */
export const workerInfo = gauge({
  name: 'worker_info',
  help: 'Worker info; always 1',
  labels: { whisper_model: label, whisper_backend: label, force_gpu: label },
  mode: 'live max',
});
