/**
 * What is done for one video, in a folder of its own that goes with it:
 *
 *     downloading    the media, as its address gives it
 *     transcoding    to WAV, whatever it was
 *     transcribing   in chunks, one after the other; those without a sound are left out
 *     diarizing      who said what
 *
 * Each stage that comes to its end is measured and noted among the steps, which are stored with the video: whoever
 * adds them up knows what was measured.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BoundHistogram } from '@binnacle/metrics';
import {
  chunkCount,
  chunkDuration,
  diarizationDuration,
  downloadDuration,
  modelLoad,
  transcodeDuration,
  transcriptionDuration,
  type VideoState,
  videosInProgress,
} from '../metrics/worker.ts';
import { type Chunk, chunksOf, envelopeOf } from '../pipeline/chunks.ts';
import { downloadTo } from '../pipeline/download.ts';
import type { Engine, Spoken } from '../pipeline/engines/engine.ts';
import { VideoFailed } from '../pipeline/failure.ts';
import { type Segment, withSpeakers } from '../pipeline/speakers.ts';
import { transcode } from '../pipeline/transcode.ts';
import { SAMPLE_RATE, Wav, wavOf } from '../pipeline/wav.ts';
import type { Step } from './queue.ts';
import type { WorkerSettings } from './settings.ts';

/** What there is to do, and with what. */
export interface VideoWork {
  readonly url: string;
  /** Where its own folder is made. */
  readonly folder: string;
  readonly engine: Engine | undefined;
  readonly settings: WorkerSettings;
  readonly signal: AbortSignal;
  /** Gets what was done. */
  readonly steps: Step[];
  /** Told of each stage as it begins. */
  readonly onState: (state: VideoState) => void;
}

/** What came of it. */
export interface Transcript {
  readonly segments: readonly Segment[];
  readonly seconds: number;
}

const WITHOUT_ENGINE =
  'nothing here can transcribe: install pocketsphinx, or whisper-cli with a model that WHISPER_MODEL names';

/**
 * Does it.
 * @throws VideoFailed, Unavailable, or the reason of the signal
 */
export async function transcribeVideo(work: VideoWork): Promise<Transcript> {
  const { engine, settings, signal, url } = work;
  if (engine === undefined) throw new VideoFailed(WITHOUT_ENGINE);
  const own = await mkdtemp(path.join(work.folder, 'video-'));
  try {
    const [media, sound] = [path.join(own, 'media'), path.join(own, 'sound.wav')];
    await stage(work, 'downloading', 'download', downloadDuration, () =>
      downloadTo(media, {
        what: 'media',
        url,
        bytesMax: settings.mediaBytesMax,
        msMax: settings.downloadMsMax,
        signal,
      }),
    );
    await stage(work, 'transcoding', 'transcode', transcodeDuration, () =>
      transcode({
        source: media,
        target: sound,
        ffmpeg: settings.ffmpeg,
        secondsMax: settings.mediaSecondsMax,
        signal,
      }),
    );
    const wav = await Wav.open(sound);
    try {
      if (wav.seconds > settings.mediaSecondsMax)
        throw new VideoFailed(`the media is longer than ${settings.mediaSecondsMax} s`);
      const durations = transcriptionDuration.bind({ model: engine.model });
      const spoken = await stage(work, 'transcribing', 'transcription', durations, () =>
        transcribe(work, engine, wav, own),
      );
      const segments = await stage(work, 'diarizing', 'diarization', diarizationDuration, () =>
        withSpeakers(wav, spoken, signal),
      );
      return { segments, seconds: wav.seconds };
    } finally {
      await wav.close();
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** Runs a stage; what throws is not measured. */
async function stage<Result>(
  { steps, onState }: VideoWork,
  state: VideoState,
  step: Step,
  durations: Pick<BoundHistogram, 'observe'>,
  run: () => Promise<Result>,
): Promise<Result> {
  onState(state);
  const beganMs = performance.now();
  videosInProgress.inc({ state });
  try {
    const result = await run();
    durations.observe((performance.now() - beganMs) / 1000);
    steps.push(step);
    return result;
  } finally {
    videosInProgress.dec({ state });
  }
}

async function transcribe(work: VideoWork, engine: Engine, wav: Wav, folder: string): Promise<Spoken[]> {
  const chunks = chunksOf(await envelopeOf(wav), wav.samples, work.settings.chunkSecondsMax);
  chunkCount.observe(chunks.length);
  work.steps.push('chunking');
  const spoken: Spoken[] = [];
  for (const chunk of chunks)
    if (!chunk.silent) spoken.push(...(await transcribeChunk(work, engine, wav, chunk, folder)));
  return spoken;
}

async function transcribeChunk(
  { signal, steps }: VideoWork,
  engine: Engine,
  wav: Wav,
  { start, end }: Chunk,
  folder: string,
): Promise<Spoken[]> {
  const { model, backend } = engine;
  const file = path.join(folder, 'chunk.wav');
  await writeFile(file, wavOf(await wav.read(start, end)));
  const beganMs = performance.now();
  const { spoken, loadSeconds } = await engine.transcribe(file, signal);
  const seconds = (performance.now() - beganMs) / 1000;
  if (loadSeconds !== undefined) {
    modelLoad.observe({ model, backend }, loadSeconds);
    steps.push('model_load');
  }
  // Engines load their model anew for each chunk, which is measured by itself.
  chunkDuration.observe({ model }, Math.max(0, seconds - (loadSeconds ?? 0)));
  steps.push('chunk');
  const offset = start / SAMPLE_RATE;
  return spoken.map(({ startSeconds, endSeconds, text }) => ({
    startSeconds: offset + startSeconds,
    endSeconds: offset + endSeconds,
    text,
  }));
}
