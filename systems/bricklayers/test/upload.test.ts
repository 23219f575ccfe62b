import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { slice } from '../dist/gcode/slicer.js';
import { Bricklayer } from '../dist/gcode/transform.js';
import { type Answer, answerOf, changes, eventually, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const LIMIT = 200_000;
const GCODE = [...slice(6)].join('');

let service: Service;

beforeAll(async () => {
  service = await Service.start({ BRICKLAYERS_UPLOAD_BYTES_MAX: String(LIMIT) });
});

afterAll(async () => {
  await service?.stop();
});

function expected(text: string, startAtLayer: number, extrusionMultiplier: number): string {
  const bricklayer = new Bricklayer({ startAtLayer, extrusionMultiplier });
  return bricklayer.push(text) + bricklayer.end();
}

describe('an upload', () => {
  test.each([
    ['by default', '', {}, 3, 1.05],
    ['by query', '?start_at_layer=2&extrusion_multiplier=1.2', {}, 2, 1.2],
    ['by fields', '', { start_at_layer: '5', extrusion_multiplier: '1' }, 5, 1],
    ['by fields before the query', '?start_at_layer=2', { start_at_layer: '4' }, 4, 1.05],
  ])('is transformed with parameters %s', async (_, query, fields, layer, multiplier) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    body.set('file', new Blob([GCODE]), 'my part.gcode');
    const upload = await answerOf(await service.fetch(`/api/v1/upload${query}`, { method: 'POST', body }));
    expect(upload.status).toBe(201);
    expect(upload.json).toMatchObject({
      filename: 'my part.gcode',
      start_at_layer: layer,
      extrusion_multiplier: multiplier,
      input_bytes: GCODE.length,
    });
    const id = String(upload.json.job_id);
    const { json } = await service.waitFor(id, 'completed', 'error');
    expect(json.status).toBe('completed');
    const download = await service.fetch(`/api/v1/download/${id}`);
    const text = await download.text();
    expect(download.headers.get('content-disposition')).toBe('attachment; filename="my_part.bricks.gcode"');
    expect(text).toBe(expected(GCODE, layer, multiplier));
    expect(json.output_bytes).toBe(text.length);
    expect(text).not.toBe(GCODE);
  });

  test.each(['part.gcode', 'part.gco', 'part.g', 'PART.GCODE'])('may be named %s', async (filename) => {
    expect((await service.upload(GCODE, '', filename)).status).toBe(201);
  });

  test.each([
    ['a shopping list', 'milk\nbread\n', /no layers found/],
    ['binary', 'GCDE\0\0\0', /binary data/],
  ])('of %s ends as error, and its output is not there', async (_, text, message) => {
    const id = String((await service.upload(text)).json.job_id);
    const { json } = await service.waitFor(id, 'completed', 'error');
    expect(json).toMatchObject({ status: 'error', output_bytes: null });
    expect(json.message).toMatch(message);
    const download = await answerOf(await service.fetch(`/api/v1/download/${id}`));
    expect(download).toMatchObject({ status: 409, json: { error: 'not_ready', status: 'error' } });
    expect((await service.files()).filter((file) => file.includes(id))).toEqual([`${id}.gcode`]);
  });
});

/** Posts a body as it is. */
async function post(body: FormData | string | null, headers: Record<string, string> = {}): Promise<Answer> {
  return answerOf(await service.fetch('/api/v1/upload', { method: 'POST', body, headers }));
}

function form(parts: readonly (readonly [name: string, value: string, filename?: string])[]): FormData {
  const body = new FormData();
  for (const [name, value, filename] of parts) {
    if (filename === undefined) body.append(name, value);
    else body.append(name, new Blob([value]), filename);
  }
  return body;
}

const RAW = { 'content-type': 'multipart/form-data; boundary=b' };
const HEAD = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.gcode"\r\n\r\n';

describe('a bad upload gets a clear answer, is counted under its reason, and leaves no file:', () => {
  test.each<[string, () => Promise<Answer>, number, string, RegExp]>([
    [
      'another extension',
      () => service.upload(GCODE, '', 'a.stl'),
      400,
      'invalid_extension',
      /"a.stl".*\.gcode/,
    ],
    ['no extension', () => service.upload(GCODE, '', 'gcode'), 400, 'invalid_extension', /"gcode"/],
    ['a byte too many', () => service.upload('x'.repeat(LIMIT + 1)), 413, 'file_too_large', /200000 bytes/],
    ['far too large', () => service.upload('x'.repeat(8e6)), 413, 'file_too_large', /200000 bytes/],
    [
      'a layer that is none',
      () => service.upload(GCODE, '?start_at_layer=0'),
      400,
      'invalid_parameter',
      /start_at_layer is "0"/,
    ],
    [
      'half a layer',
      () =>
        post(
          form([
            ['start_at_layer', '2.5'],
            ['file', GCODE, 'a.g'],
          ]),
        ),
      400,
      'invalid_parameter',
      /start_at_layer is "2.5"/,
    ],
    [
      'a multiplier out of range, after the file',
      () =>
        post(
          form([
            ['file', GCODE, 'a.g'],
            ['extrusion_multiplier', '1.21'],
          ]),
        ),
      400,
      'invalid_parameter',
      /extrusion_multiplier is "1.21".*1.0 to 1.2/,
    ],
    [
      'a multiplier that is no number',
      () => service.upload(GCODE, '?extrusion_multiplier='),
      400,
      'invalid_parameter',
      /extrusion_multiplier is ""/,
    ],
    ['a field of another name', () => post(form([['gcode', GCODE, 'a.g']])), 400, 'missing_file', /"gcode"/],
    ['fields only', () => post(form([['start_at_layer', '3']])), 400, 'missing_file', /field "file"/],
    [
      'two files',
      () =>
        post(
          form([
            ['file', GCODE, 'a.g'],
            ['file', GCODE, 'b.g'],
          ]),
        ),
      400,
      'several_files',
      /one per upload/,
    ],
    ['an empty file', () => service.upload(''), 400, 'empty_file', /empty/],
    ['no body', () => post(null), 400, 'missing_file', /multipart\/form-data/],
    [
      'JSON',
      () => post('{}', { 'content-type': 'application/json' }),
      415,
      'not_multipart',
      /application\/json/,
    ],
    [
      'bare G-code',
      () => post(GCODE, { 'content-type': 'text/x.gcode' }),
      415,
      'not_multipart',
      /text\/x.gcode/,
    ],
    ['a type that is none', () => post(GCODE, { 'content-type': 'gcode' }), 415, 'not_multipart', /./],
    [
      'no boundary',
      () => post(GCODE, { 'content-type': 'multipart/form-data' }),
      400,
      'malformed_body',
      /[Bb]oundary/,
    ],
    ['no boundary in the body', () => post(GCODE, RAW), 400, 'malformed_body', /cannot be read/],
    ['an end before the end', () => post(HEAD + GCODE, RAW), 400, 'malformed_body', /cannot be read/],
    ['a head without an end', () => post(HEAD.slice(0, 60), RAW), 400, 'malformed_body', /cannot be read/],
  ])('%s', async (_, upload, status, reason, message) => {
    await eventually(async () => (await service.workers()).every(({ busy }) => !busy));
    const files = (await service.files()).sort();
    const before = await service.metrics();
    const answer = await upload();
    expect({ ...answer, json: { ...answer.json, message: '' } }).toEqual({
      status,
      json: { error: reason, message: '' },
    });
    expect(answer.json.message).toMatch(message);
    expect((await service.files()).sort()).toEqual(files);
    const changed = async () =>
      changes(before, await service.metrics(), /^(upload|processing|http_requests_total.*POST).*/);
    await expect.poll(changed).toEqual({
      [`http_requests_total{endpoint="/api/v1/upload", method="POST", status="${status}"}`]: 1,
      [`uploads_total{status="${status === 413 ? 'failed_size' : 'failed_validation'}"}`]: 1,
      [`upload_validation_failures_total{reason="${reason}"}`]: 1,
    });
  });

  test('far too large, from a client that writes all of it before it reads, and wants to close', async () => {
    const { port } = new URL(service.url);
    const client = connect(Number(port), '127.0.0.1').pause();
    const content = Buffer.alloc(20e6, 'x');
    const head = [
      'POST /api/v1/upload HTTP/1.1',
      'Host: x',
      'Connection: close',
      `Content-Type: ${RAW['content-type']}`,
      `Content-Length: ${HEAD.length + content.length}`,
    ];
    client.write(`${head.join('\r\n')}\r\n\r\n${HEAD}`);
    await new Promise<void>((resolve, reject) => {
      client.write(content, (error) => (error ? reject(error) : resolve()));
    });
    let answer = '';
    client
      .setEncoding('latin1')
      .on('data', (text: string) => {
        answer += text;
      })
      .resume();
    await eventually(() => answer.includes('file_too_large'));
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    client.destroy();
  });

  test('a client that goes away half way', async () => {
    const files = (await service.files()).sort();
    const before = await service.metrics();
    const { port } = new URL(service.url);
    const client = connect(Number(port), '127.0.0.1');
    const head = [
      'POST /api/v1/upload HTTP/1.1',
      'Host: x',
      `Content-Type: ${RAW['content-type']}`,
      'Content-Length: 150000',
    ];
    client.write(`${head.join('\r\n')}\r\n\r\n${HEAD}${'G1 X1 Y1 E1\n'.repeat(5000)}`);
    // The file is there while the upload goes on: otherwise its absence later would tell nothing.
    await eventually(async () => (await service.files()).some((file) => file.endsWith('.part')));
    client.destroy();
    await eventually(async () => !(await service.files()).some((file) => file.endsWith('.part')));
    expect((await service.files()).sort()).toEqual(files);
    const changed = async () =>
      changes(before, await service.metrics(), /^(upload|http_requests_total.*POST).*/);
    await expect.poll(changed).toEqual({
      'http_requests_total{endpoint="/api/v1/upload", method="POST", status="499"}': 1,
      'uploads_total{status="failed_error"}': 1,
    });
  });
});

test('an unknown job is a 404 for its status and its download', async () => {
  const before = await service.metrics();
  expect(await service.status('nobody')).toMatchObject({ status: 404, json: { error: 'no_such_job' } });
  const download = await answerOf(await service.fetch('/api/v1/download/nobody'));
  expect(download).toMatchObject({ status: 404, json: { error: 'no_such_job' } });
  const changed = async () =>
    changes(before, await service.metrics(), /^(downloads_total|http_requests_total.*404)/);
  await expect.poll(changed).toEqual({
    'downloads_total{status="failed_not_found"}': 1,
    'http_requests_total{endpoint="/api/v1/download/{job_id}", method="GET", status="404"}': 1,
    'http_requests_total{endpoint="/api/v1/status/{job_id}", method="GET", status="404"}': 1,
  });
});
