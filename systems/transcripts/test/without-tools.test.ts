import { expect, test } from 'vitest';
import { freePorts } from '../../parts/test/running.ts';
import { Library } from '../dist/library.js';
import { makeSpecimens } from '../dist/specimens.js';
import { System } from './system.ts';

test('without an engine everything starts, says it once, and every video fails in words and is counted', {
  timeout: 300_000,
}, async () => {
  const { silence } = makeSpecimens();
  const library = await Library.start([silence]);
  const [port] = await freePorts(1);
  const system = await System.start({
    // The API listens where the worker's metrics were to be.
    WORKER_METRICS_PORT: String(port),
    TRANSCRIPTS_API_PORT: String(port),
    POCKETSPHINX_PATH: '/nowhere/pocketsphinx',
    WHISPER_PATH: '/nowhere/whisper-cli',
    FFMPEG_PATH: '/nowhere/ffmpeg',
  });
  try {
    await expect.poll(() => system.output.join('').match(/every video fails/g)).toHaveLength(2);
    const single = await system.run(library.address('media', silence, '1'));
    expect([single.status, single.message]).toEqual([
      'failed',
      'nothing here can transcribe: install pocketsphinx, or whisper-cli with a model that WHISPER_MODEL names',
    ]);
    const media = [{ way: 'media', specimen: silence } as const, { way: 'slow', specimen: silence } as const];
    expect((await system.run(library.channel(media, '2'), 'channel')).status).toBe('failed');
    await expect.poll(() => system.sum('worker', 'videos_processed_total', { result: 'failed' })).toBe(3);
    await expect.poll(() => system.sum('api', 'videos_failed_total')).toBe(3);
    expect(await system.sum('api', 'jobs_failed_total', { job_type: 'single' })).toBe(1);
    expect(await system.sum('api', 'jobs_failed_total', { job_type: 'channel' })).toBe(1);
    expect(
      await system.sum('worker', 'worker_info', { whisper_backend: 'none', whisper_model: 'none' }),
    ).toBe(1);
    expect(await system.sum('worker', 'download_duration_seconds_count')).toBe(0);
  } finally {
    await library.close();
    expect(await system.stop()).toEqual([]);
  }
});
