import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Library, type Way } from '../dist/library.js';
import { downloadText, downloadTo } from '../dist/pipeline/download.js';
import { makeSpecimens, type Specimens } from '../dist/specimens.js';

let folder: string;
let library: Library;
let made: Specimens;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'transcripts-download-'));
  made = makeSpecimens();
  library = await Library.start([made.music, made.silence]);
});

afterAll(async () => {
  await library?.close();
  await rm(folder, { recursive: true, force: true });
});

const { signal } = new AbortController();

function download(
  way: Way,
  visit: string,
  limits: { bytesMax?: number; msMax?: number } = {},
): Promise<number> {
  const url = library.address(way, made.music, visit);
  const file = path.join(folder, 'media');
  return downloadTo(file, { what: 'media', url, bytesMax: 1_000_000, msMax: 120_000, signal, ...limits });
}

test('what arrives is what the library has, also piece by piece', async () => {
  const { content } = made.music;
  for (const way of ['media', 'slow'] as const) {
    expect(await download(way, 'whole')).toBe(content.length);
    expect(content.equals(await readFile(path.join(folder, 'media')))).toBe(true);
  }
});

test.each([
  ['missing', 'VideoFailed', 'its server answers 404'],
  ['failing', 'Unavailable', 'its server answers 503'],
  ['breaking', 'Unavailable', 'the media cannot be fetched: '],
  ['huge', 'VideoFailed', 'larger than 1000000 bytes'],
  ['empty', 'VideoFailed', 'the media is empty'],
] as const)('%s media: %s', async (way, name, message) => {
  await expect(download(way, 'fails')).rejects.toMatchObject({
    name,
    message: expect.stringContaining(message),
  });
});

test('a server that is unsteady is asked again, and a failure that passes is none', async () => {
  await expect(download('unsteady', 'again')).rejects.toThrow('answers 503');
  expect(await download('unsteady', 'again')).toBe(made.music.content.length);
});

test('limits hold where the server does not say how much comes, and where it takes its time', async () => {
  await expect(download('slow', 'large', { bytesMax: 30_000 })).rejects.toThrow('larger than 30000 bytes');
  await expect(download('slow', 'long', { msMax: 250 })).rejects.toMatchObject({
    name: 'VideoFailed',
    message: 'the media did not arrive within 0.25 s',
  });
});

test('who stops a download gets what it was stopped with', async () => {
  const stop = new AbortController();
  const url = library.address('slow', made.music, 'stopped');
  const limits = { bytesMax: 1_000_000, msMax: 120_000, signal: stop.signal };
  const stopped = downloadTo(path.join(folder, 'stopped'), { what: 'media', url, ...limits });
  stop.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
});

test('lists are texts, within the same limits', async () => {
  const media = [{ way: 'media', specimen: made.music } as const];
  const list = {
    what: 'list',
    url: library.channel(media, '1'),
    bytesMax: 100,
    msMax: 120_000,
    signal,
  } as const;
  expect(JSON.parse(await downloadText(list))).toEqual(['/media/music.wav?visit=1-0']);
  await expect(downloadText({ ...list, bytesMax: 10 })).rejects.toThrow('the list is larger than 10 bytes');
  const nobody = { ...list, url: 'http://127.0.0.1:9/list' };
  await expect(downloadText(nobody)).rejects.toMatchObject({ name: 'Unavailable' });
});
