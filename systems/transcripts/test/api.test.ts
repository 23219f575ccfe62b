import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { exported } from '../dist/api/exports.js';
import { Library } from '../dist/library.js';
import { makeSpecimens, type Specimens } from '../dist/specimens.js';
import { HAS_TOOLS, type JobAnswer, System } from './system.ts';

vi.setConfig({ testTimeout: 240_000 });

let system: System;
let library: Library;
let made: Specimens;

beforeAll(async () => {
  made = makeSpecimens();
  library = await Library.start([...made.speech, ...made.dialogues, made.silence, made.broken]);
  system = await System.start({
    // What is slow here is the machine; nobody is late, and nobody is taken for dead.
    TRANSCRIPTS_DOWNLOAD_SECONDS_MAX: '120',
    TRANSCRIPTS_LEASE_SECONDS: '60',
    TRANSCRIPTS_MEDIA_BYTES_MAX: '5000000',
    TRANSCRIPTS_CHUNK_SECONDS_MAX: '2',
  });
}, 300_000);

afterAll(async () => {
  await library?.close();
  expect(await system?.stop()).toEqual([]);
});

describe('a job', () => {
  test('is made once, however often it is asked for with its key', async () => {
    const key = { 'idempotency-key': '5dd4ff2d-0b0f-4b3f-9a4e-4fc42a6f8a9a' };
    const body = { url: library.address('missing', made.silence, 'key') };
    const [first, second] = await Promise.all([
      system.ask('POST', '/api/v1/jobs', body, key),
      system.ask('POST', '/api/v1/jobs', body, key),
    ]);
    expect([first.status, second.status].sort()).toEqual([200, 202]);
    expect(first.json.job_id).toBe(second.json.job_id);
    expect(await system.sum('api', 'jobs_created_total')).toBe(1);
  });

  test.each([
    [{ url: 7 }, 'invalid_url'],
    [{ url: 'file:///etc/passwd' }, 'invalid_url'],
    [{ url: `http://127.0.0.1/${'a'.repeat(2_000)}` }, 'invalid_url'],
    [{ url: 'http://127.0.0.1/\0' }, 'invalid_url'],
    [{ url: 'http://127.0.0.1/', type: 'playlist' }, 'invalid_type'],
    [['http://127.0.0.1/'], 'malformed_body'],
  ])('that cannot be is refused: %j', async (body, code) => {
    const { status, json } = await system.ask('POST', '/api/v1/jobs', body);
    expect([status, json.error]).toEqual([400, code]);
  });

  test('that nobody knows, and routes that are not there', async () => {
    const statuses = [];
    for (const address of ['status/none', 'status/00000000-0000-4000-8000-000000000000', 'exports/none/srt'])
      statuses.push((await system.ask('GET', `/api/v1/${address}`)).json.error);
    expect(statuses).toEqual(['no_such_job', 'no_such_job', 'no_such_video']);
    expect((await system.ask('GET', '/api/v2/jobs')).json.error).toBe('no_such_route');
    expect((await system.ask('GET', '/api/v1/search?q=')).json.error).toBe('invalid_query');
    expect((await system.ask('GET', '/api/v1/jobs?limit=0')).json.error).toBe('invalid_limit');
  });

  test('is listed, the newest first', async () => {
    const id = await system.create(library.address('missing', made.silence, 'listed'));
    const { jobs } = (await system.ask('GET', '/api/v1/jobs?limit=1')).json as { jobs: { job_id: string }[] };
    expect(jobs.map(({ job_id }) => job_id)).toEqual([id]);
  });
});

describe('media that cannot be transcribed fail in words', () => {
  test.each([
    ['missing', 'the media cannot be fetched: its server answers 404', 1],
    ['failing', 'the media cannot be fetched: its server answers 503', 3],
    ['breaking', 'the media cannot be fetched:', 3],
    ['huge', 'the media is larger than 5000000 bytes', 1],
    ['empty', 'the media is empty', 1],
  ] as const)('%s', async (way, message, attempts) => {
    const { status, videos } = await system.run(library.address(way, made.speech[0]!, 'fails'));
    expect([status, videos[0]?.status, videos[0]?.attempts]).toEqual(['failed', 'failed', attempts]);
    expect(videos[0]?.message).toContain(message);
  });

  test('channels without a list, and with an empty one', async () => {
    const messages = [];
    for (const path of ['list/broken', 'channels/', 'missing/list'])
      messages.push((await system.run(`${library.url}/${path}`, 'channel')).message);
    expect(messages).toEqual([
      'the list is no list of addresses in JSON',
      'the list names no media',
      'the list cannot be fetched: its server answers 404',
    ]);
    await expect.poll(() => system.sum('api', 'jobs_failed_total', { job_type: 'channel' })).toBe(3);
  });
});

describe.skipIf(!HAS_TOOLS)('a recording', () => {
  let job: JobAnswer;
  let video: JobAnswer['videos'][number];

  beforeAll(async () => {
    // "the people are happy" and "good morning everybody", of two voices.
    job = await system.run(library.address('unsteady', made.dialogues[0]!, 'talk'));
    video = job.videos[0]!;
  }, 240_000);

  test('is transcribed, though its server failed at first, in chunks, by two speakers', () => {
    expect([job.status, video.status, video.attempts, video.message]).toEqual([
      'completed',
      'completed',
      2,
      null,
    ]);
    expect(video.speakers).toBe(2);
    expect(video.duration_seconds).toBeGreaterThan(3);
    const { chunk, ...once } = video.steps;
    expect(chunk).toBeGreaterThan(1);
    expect(once).toEqual({
      download: 1,
      transcode: 1,
      chunking: 1,
      model_load: chunk,
      transcription: 1,
      diarization: 1,
    });
  });

  test('is exported as srt, vtt and json, which say the same', async () => {
    const get = async (format: string): Promise<string> =>
      (await system.fetch(`/api/v1/exports/${video.video_id}/${format}`)).text();
    const { segments, speakers } = JSON.parse(await get('json')) as {
      speakers: number;
      segments: { start: number; end: number; speaker: number; text: string }[];
    };
    expect(speakers).toBe(2);
    expect(segments.map(({ text }) => text).join(' ')).toContain('people');
    const clock = (time: string): number => {
      const [hours, minutes, seconds] = time.replace(',', '.').split(':').map(Number);
      return hours! * 3600 + minutes! * 60 + seconds!;
    };
    const srt = [...(await get('srt')).matchAll(/^\d+\n(\S+) --> (\S+)\nSpeaker (\d+): (.+)\n\n/gm)];
    const vtt = await get('vtt');
    expect(vtt.startsWith('WEBVTT\n\n')).toBe(true);
    const cues = [...vtt.matchAll(/^(\S+) --> (\S+)\n<v Speaker (\d+)>(.+)\n\n/gm)];
    for (const found of [srt, cues])
      expect(
        found.map(([, start, end, speaker, text]) => ({
          start: clock(start!),
          end: clock(end!),
          speaker: Number(speaker),
          text,
        })),
      ).toEqual(
        segments.map((segment) => ({
          ...segment,
          start: expect.closeTo(segment.start, 2),
          end: expect.closeTo(segment.end, 2),
        })),
      );
  });

  test('is exported as pdf', async () => {
    const response = await system.fetch(`/api/v1/exports/${video.video_id}/pdf`);
    expect(response.headers.get('content-type')).toBe('application/pdf');
    expect(response.headers.get('content-disposition')).toContain(`${video.video_id}.pdf`);
    const pdf = Buffer.from(await response.arrayBuffer());
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(textIn(pdf)).toMatch(/Transcript.*Speaker 1.*people/s);
  });

  test('is found by what is said in it, in any form of a word, best first, and not by what is not', async () => {
    const found = async (q: string): Promise<{ video_id: string; highlight: string }[]> => {
      const { json } = await system.ask('GET', `/api/v1/search?q=${encodeURIComponent(q)}`);
      return json.results as { video_id: string; highlight: string }[];
    };
    const before = await system.sum('api', 'search_queries_total', { backend: 'postgres' });
    for (const q of ['people', 'PEOPLE', '"people"', 'people or zebras'])
      expect(await found(q)).toMatchObject([
        { video_id: video.video_id, highlight: expect.stringContaining('**people**') },
      ]);
    for (const q of ['zebras', 'people zebras', "'; DROP TABLE segments; --"])
      expect(await found(q)).toEqual([]);
    expect(await system.sum('api', 'search_queries_total', { backend: 'postgres' })).toBe(before + 7);
  });

  test('cannot be exported before it is there, after it failed, or as something else', async () => {
    const refused = async (id: string, format: string): Promise<unknown> =>
      (await system.ask('GET', `/api/v1/exports/${id}/${format}`)).json.error;
    expect(await refused(video.video_id, 'docx')).toBe('no_such_format');
    const failed = await system.run(library.address('page', made.silence, 'page'));
    expect(await refused(failed.videos[0]!.video_id, 'srt')).toBe('video_failed');
    // Comes when it is told to.
    const waiting: (() => void)[] = [];
    const server = createServer((_request, response) => {
      waiting.push(() => response.end(made.silence.content));
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const id = await system.create(`http://127.0.0.1:${(server.address() as AddressInfo).port}/held`);
      expect(await refused((await system.job(id)).videos[0]!.video_id, 'srt')).toBe('not_ready');
      await eventually(() => waiting.length > 0);
      for (const send of waiting) send();
      await eventually(async () => (await system.job(id)).status === 'completed', 150_000);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('in which nobody speaks has an empty transcript', async () => {
    const silent = await system.run(library.address('media', made.silence, 'silent'));
    expect([silent.status, silent.videos[0]?.speakers]).toEqual(['completed', 0]);
    expect(silent.videos[0]?.steps.chunk).toBeUndefined();
    const { video_id } = silent.videos[0]!;
    expect(await (await system.fetch(`/api/v1/exports/${video_id}/vtt`)).text()).toBe('WEBVTT\n\n');
  });

  test('of a channel is one of several; the job is completed when one is', async () => {
    const media = [
      { way: 'media', specimen: made.silence },
      { way: 'missing', specimen: made.silence },
      { way: 'media', specimen: made.broken },
    ] as const;
    const channel = await system.run(library.channel(media, 'channel'), 'channel');
    expect([channel.status, ...channel.videos.map(({ status }) => status)]).toEqual([
      'completed',
      'completed',
      'failed',
      'failed',
    ]);
    await expect.poll(() => system.sum('api', 'jobs_completed_total', { job_type: 'channel' })).toBe(1);
  });

  test('and all others are counted as they ended, by both services', async () => {
    const { jobs } = (await system.ask('GET', '/api/v1/jobs?limit=100')).json as {
      jobs: { job_id: string }[];
    };
    const counts = async (): Promise<Record<string, number>> => {
      const all = await Promise.all(jobs.map(({ job_id }) => system.job(job_id)));
      const videos = all.flatMap((one) => one.videos);
      const of = (list: readonly { status: string }[], status: string): number =>
        list.filter((one) => one.status === status).length;
      return {
        jobsCompleted: of(all, 'completed'),
        jobsFailed: of(all, 'failed'),
        videosCompleted: of(videos, 'completed'),
        videosFailed: of(videos, 'failed'),
      };
    };
    await eventually(async () => {
      const { jobsCompleted = 0, jobsFailed = 0 } = await counts();
      return jobsCompleted + jobsFailed === jobs.length;
    });
    const told = await counts();
    const counted = async (by: 'api' | 'worker'): Promise<Record<string, number>> => ({
      jobsCompleted: await system.sum('api', 'jobs_completed_total'),
      jobsFailed: await system.sum('api', 'jobs_failed_total'),
      videosCompleted:
        by === 'api'
          ? await system.sum('api', 'videos_transcribed_total')
          : await system.sum('worker', 'videos_processed_total', { result: 'completed' }),
      videosFailed:
        by === 'api'
          ? await system.sum('api', 'videos_failed_total')
          : await system.sum('worker', 'videos_processed_total', { result: 'failed' }),
    });
    for (const by of ['api', 'worker'] as const) await expect.poll(() => counted(by)).toEqual(told);
    expect(await system.sum('api', 'jobs_created_total')).toBe(jobs.length);
    await expect.poll(() => system.sum('worker', 'videos_in_progress')).toBe(0);
    await expect.poll(() => system.sum('worker', 'videos_pending')).toBe(0);
  });
});

test('texts of all kinds stand in every export', async () => {
  const video = { id: 'v', url: 'http://127.0.0.1/a', seconds: 3_700.5, speakers: 1, model: 'm' } as never;
  const said = [{ startSeconds: 3_661.0004, endSeconds: 3_662.9996, speaker: 1, text: 'a < b & “c” → 日本' }];
  const text = async (format: 'srt' | 'vtt' | 'pdf'): Promise<string | Buffer> =>
    (await exported(format, video, said)).content;
  expect(await text('srt')).toBe('1\n01:01:01,000 --> 01:01:03,000\nSpeaker 1: a < b & “c” → 日本\n\n');
  expect(await text('vtt')).toContain('<v Speaker 1>a &lt; b &amp; “c” → 日本');
  const pdf = await text('pdf');
  // What its fonts have not stands as a question mark.
  expect(textIn(pdf as Buffer)).toContain('a < b & \u0093c\u0094 ? ??');
});

/** The text of a PDF as pdfkit writes it: compressed streams, with pieces of lines in hexadecimal digits. */
function textIn(pdf: Buffer): string {
  const lines: string[] = [];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at)) {
    const start = at + 'stream\n'.length;
    const end = pdf.indexOf('\nendstream', start);
    const content = inflateSync(pdf.subarray(start, end)).toString('latin1');
    for (const [, pieces] of content.matchAll(/\[(.*)\] TJ/g))
      lines.push(
        [...pieces!.matchAll(/<([0-9a-f]+)>/g)]
          .map(([, digits]) => Buffer.from(digits!, 'hex').toString('latin1'))
          .join(''),
      );
    at = end + '\nendstream'.length;
  }
  return lines.join('\n');
}
