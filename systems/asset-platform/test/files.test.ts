import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { rangeOf } from '../dist/files/byte-range.js';
import { formatOf } from '../dist/files/file-format.js';
import { makeSpecimens, type Specimens } from '../dist/specimens.js';
import { Platform } from './platform.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const UPLOAD_BYTES_MAX = 200_000_000;

let platform: Platform;
let specimens: Specimens;
let asset: string;
/** Downloads that came to their end; each is counted when its last byte has left. */
let downloaded = 0;

beforeAll(async () => {
  platform = await Platform.start({ FILES_SERVICE_UPLOAD_BYTES_MAX: String(UPLOAD_BYTES_MAX) });
  specimens = await makeSpecimens();
  asset = await platform.createAsset('has files');
}, 300_000);

afterAll(async () => {
  await platform?.stop();
});

/** Names of all files that the service keeps. */
async function kept(): Promise<string[]> {
  const entries = await readdir(path.join(platform.folder, 'files'), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

test('a file is uploaded, described, listed, downloaded, found, and deleted', async () => {
  const photo = specimens.images[0]!;
  const before = await platform.sum('files', 'files_uploaded_total', { file_type: 'image' });
  const uploaded = await platform.upload(asset, '../Sunset photo.jpg', photo.content);
  expect(uploaded.status).toBe(201);
  const sha256 = createHash('sha256').update(photo.content).digest('hex');
  expect(uploaded.json).toMatchObject({
    asset_id: asset,
    name: 'Sunset photo.jpg',
    bytes: photo.content.length,
    sha256,
    file_type: 'image',
    format: 'jpeg',
    media_type: 'image/jpeg',
  });
  expect(await platform.sum('files', 'files_uploaded_total', { file_type: 'image' })).toBe(before + 1);
  const id = String(uploaded.json.file_id);
  expect((await platform.ask('GET', `/api/v1/files/${id}`)).json).toEqual(uploaded.json);
  expect((await platform.ask('GET', `/api/v1/assets/${asset}/files`)).json.files).toContainEqual(
    uploaded.json,
  );
  const { json } = await platform.ask('GET', '/api/v1/search?q=sunset&type=file');
  expect(json.results).toMatchObject([{ entity_type: 'file', entity_id: id }]);

  const content = await platform.fetch(`/api/v1/files/${id}/content`);
  expect(content.status).toBe(200);
  expect(content.headers.get('content-type')).toBe('image/jpeg');
  expect(content.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''Sunset%20photo.jpg");
  expect(Buffer.from(await content.arrayBuffer())).toEqual(photo.content);
  downloaded++;

  expect((await platform.ask('DELETE', `/api/v1/assets/${asset}`)).json.error).toBe('asset_has_files');
  expect((await platform.ask('DELETE', `/api/v1/files/${id}`)).status).toBe(200);
  expect((await platform.ask('DELETE', `/api/v1/files/${id}`)).status).toBe(404);
  expect((await platform.ask('GET', `/api/v1/files/${id}/content`)).status).toBe(404);
  expect(await kept()).not.toContain(id);
});

describe('downloads', () => {
  const body = Buffer.from('0123456789');
  let address: string;
  let etag: string;

  beforeAll(async () => {
    const { json } = await platform.upload(asset, 'digits.txt', body);
    address = `/api/v1/files/${String(json.file_id)}/content`;
    etag = `"${String(json.sha256)}"`;
  });

  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=4-99', 206, '456789', 'bytes 4-9/10'],
    ['lines=1-2', 200, '0123456789', null],
    ['bytes=0-1,4-5', 200, '0123456789', null],
  ])('%s', async (range, status, text, contentRange) => {
    const response = await platform.fetch(address, { headers: { range } });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
    downloaded++;
  });

  test('a range behind the end is refused, and a known content not sent again; neither is a download', async () => {
    const behind = await platform.fetch(address, { headers: { range: 'bytes=10-' } });
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    await behind.arrayBuffer();
    expect((await platform.fetch(address, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const other = await platform.fetch(address, { headers: { range: 'bytes=0-3', 'if-range': '"other"' } });
    expect([other.status, await other.text()]).toEqual([200, '0123456789']);
    await eventually(async () => (await platform.sum('files', 'files_downloaded_total')) === downloaded + 1);
  });
});

test('a file of any size goes through at constant memory, both ways', { timeout: 300_000 }, async () => {
  const pids = [...platform.workers('gateway'), ...platform.workers('files')];
  const peak = async (): Promise<number> => {
    const statuses = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')),
    );
    return Math.max(...statuses.map((status) => Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)));
  };
  const before = await peak();
  const part = randomBytes(1_000_000);
  const parts = UPLOAD_BYTES_MAX / part.length;
  const uploaded = await platform.fetch(`/api/v1/assets/${asset}/files?name=huge.bin`, {
    method: 'POST',
    // Node's own fetch streams it with `duplex`, which its types do not have.
    ...({ body: Readable.from(Array(parts).fill(part)), duplex: 'half' } as RequestInit),
  });
  const { file_id, bytes, sha256, file_type } = (await uploaded.json()) as Record<string, unknown>;
  expect([bytes, file_type]).toEqual([UPLOAD_BYTES_MAX, 'other']);
  const hash = createHash('sha256');
  const content = await platform.fetch(`/api/v1/files/${String(file_id)}/content`);
  for await (const chunk of content.body!) hash.update(chunk);
  expect(hash.digest('hex')).toBe(sha256);
  // In kB; the garbage of streams comes and goes, but nothing of the size of the file.
  if (before > 0) expect((await peak()) - before).toBeLessThan(100_000);
  await platform.ask('DELETE', `/api/v1/files/${String(file_id)}`);
});

test('what cannot be stored is refused and leaves nothing behind', async () => {
  const before = await kept();
  const counted = await platform.sum('files', 'files_uploaded_total');
  const stored = await platform.sum('files', 'uploads_total', { status: 'success' });
  expect((await platform.upload('no-such-asset', 'a.txt', 'x')).json.error).toBe('no_such_asset');
  expect((await platform.upload('00000000-0000-4000-8000-000000000000', 'a.txt', 'x')).status).toBe(404);
  expect((await platform.upload(asset, 'empty.txt', '')).json.error).toBe('empty_file');
  expect((await platform.upload(asset, 'x'.repeat(256), 'x')).json.error).toBe('invalid_name');
  const large = await platform.upload(asset, 'large.bin', Buffer.alloc(UPLOAD_BYTES_MAX + 1));
  expect([large.status, large.json.error]).toEqual([413, 'file_too_large']);
  expect(await kept()).toEqual(before);
  expect(await platform.sum('files', 'files_uploaded_total')).toBe(counted);
  const refused = (reason: string) => platform.sum('files', 'upload_validation_failures_total', { reason });
  expect(await refused('no_such_asset')).toBe(2);
  for (const reason of ['empty_file', 'invalid_name', 'file_too_large'])
    expect(await refused(reason)).toBe(1);
  const ended = (status: string) => platform.sum('files', 'uploads_total', { status });
  expect([await ended('success'), await ended('failed_size'), await ended('failed_error')]).toEqual([
    stored,
    1,
    0,
  ]);
  expect(await platform.sum('files', 'uploads_in_progress')).toBe(0);
});

test('an upload that breaks off is a 499 at gateway and service, and leaves nothing behind', async () => {
  const before = await kept();
  const labels = { endpoint: '/api/v1/assets/{asset_id}/files', status: '499' };
  const { hostname, port } = new URL(platform.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/v1/assets/${asset}/files?name=left HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n`,
  );
  const [answer] = (await new Promise<[Buffer]>((resolve) => {
    socket.once('data', (data: Buffer) => resolve([data]));
  })) as [Buffer];
  // The service itself has said it, so it has begun to read.
  expect(answer.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  await new Promise<void>((resolve) => {
    socket.write('x'.repeat(500), () => resolve());
  });
  await eventually(async () => (await kept()).length === before.length + 1);
  socket.destroy();
  for (const service of ['gateway', 'files'] as const)
    await eventually(async () => (await platform.sum(service, 'http_requests_total', labels)) === 1);
  await eventually(async () => (await kept()).length === before.length);
  const left = { reason: 'client_went_away' };
  await eventually(async () => (await platform.sum('files', 'upload_validation_failures_total', left)) === 1);
});

test('the same upload under the same key is stored once', async () => {
  const send = async (): Promise<[number, unknown]> => {
    const response = await platform.fetch(`/api/v1/assets/${asset}/files?name=once.txt`, {
      method: 'POST',
      headers: { 'idempotency-key': 'upload-1' },
      body: 'once',
    });
    return [response.status, ((await response.json()) as { file_id: string }).file_id];
  };
  const before = (await kept()).length;
  const [created, id] = await send();
  expect(created).toBe(201);
  expect(await send()).toEqual([200, id]);
  expect((await kept()).length).toBe(before + 1);
});

describe('the content tells what a file is', () => {
  const ftyp = (brand: string): Buffer => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0`, 'latin1');
  test.each([
    ['png', 'image', Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1')],
    ['jpeg', 'image', Buffer.from('\xff\xd8\xff\xe0', 'latin1')],
    ['gif', 'image', Buffer.from('GIF89a..')],
    ['webp', 'image', Buffer.from('RIFF....WEBPVP8 ')],
    ['avif', 'image', ftyp('avif')],
    ['heic', 'image', ftyp('heic')],
    ['svg', 'image', Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['mp4', 'video', ftyp('isom')],
    ['mov', 'video', ftyp('qt  ')],
    ['m4a', 'audio', ftyp('M4A ')],
    ['webm', 'video', Buffer.from('\x1a\x45\xdf\xa3....\x42\x82\x84webm', 'latin1')],
    ['mkv', 'video', Buffer.from('\x1a\x45\xdf\xa3....\x42\x82\x88matroska', 'latin1')],
    ['avi', 'video', Buffer.from('RIFF....AVI LIST')],
    ['wav', 'audio', Buffer.from('RIFF....WAVEfmt ')],
    ['mp3', 'audio', Buffer.from('ID3\x04\0', 'latin1')],
    ['mp3', 'audio', Buffer.from('\xff\xfb\x90\x64', 'latin1')],
    ['aac', 'audio', Buffer.from('\xff\xf1\x50\x80', 'latin1')],
    ['ogg', 'audio', Buffer.from('OggS\0\x02......\x01vorbis', 'latin1')],
    ['ogv', 'video', Buffer.from('OggS\0\x02......\x80theora', 'latin1')],
    ['flac', 'audio', Buffer.from('fLaC....')],
    ['pdf', 'document', Buffer.from('%PDF-1.7\n')],
    [
      'docx',
      'document',
      Buffer.from(`PK\x03\x04${'.'.repeat(26)}[Content_Types].xml....word/document.xml`, 'latin1'),
    ],
    ['zip', 'other', Buffer.from(`PK\x03\x04${'.'.repeat(26)}photo.jpg`, 'latin1')],
    ['html', 'document', Buffer.from('<!DOCTYPE html><title>x</title>')],
    ['json', 'document', Buffer.from('{"a": 1}')],
    ['txt', 'document', Buffer.from('Grüße\n')],
    ['txt', 'document', Buffer.from(`x${'ü'.repeat(5000)}`).subarray(0, 4096)],
    ['bin', 'other', Buffer.from([0, 1, 2, 3])],
    ['bin', 'other', Buffer.from([0xc3, 0x28, 0x41])],
  ])('%s is %s', (format, type, head) => {
    expect(formatOf(head)).toMatchObject({ format, type });
  });

  test('what visitors upload', () => {
    const { images, documents, sounds, videos, broken } = specimens;
    for (const { content, format, fileType } of [...images, ...documents, ...sounds, ...videos, broken])
      expect(formatOf(content)).toMatchObject({ format, type: fileType });
  });
});

test.each([
  [undefined, 10, undefined],
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=5-3', 10, undefined],
  ['bytes=-', 10, undefined],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=-20', 10, { start: 0, end: 9 }],
  ['bytes=9-', 10, { start: 9, end: 9 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
])('the range %s of %d bytes', (header, size, range) => {
  expect(rangeOf(header, size)).toEqual(range);
});
