import { readFile } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { uploadsWatch } from '../../../blueprint/dist/index.js';
import { createRegistry } from '../../dist/index.js';
import { changes, value } from '../../dist/testing.js';
import {
  ByteCounter,
  contentTypeOf,
  startUpload,
  type UploadedFile,
  type UploadRules,
  uploadMetrics,
  validateUpload,
} from '../../dist/uploads.js';

function withoutSeconds(all: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([series]) => !series.endsWith('seconds_sum')));
}

describe('an upload', () => {
  test('is counted by its ending, under way until then', () => {
    const metrics = uploadMetrics({ registry: createRegistry() });
    const result = changes(metrics, () => {
      startUpload({ metrics }).accepted(4_200_000);
      startUpload({ metrics }).refused('file_too_large');
      startUpload({ metrics }).refused('invalid_extension');
      startUpload({ metrics }).refused('invalid_extension');
      startUpload({ metrics }).failed(new Error('the disk is full'));
      startUpload({ metrics });
    });
    expect(withoutSeconds(result)).toEqual({
      'uploads_total{status="success"}': 1,
      'uploads_total{status="failed_size"}': 1,
      'uploads_total{status="failed_validation"}': 2,
      'uploads_total{status="failed_error"}': 1,
      upload_file_size_bytes_count: 1,
      upload_file_size_bytes_sum: 4_200_000,
      upload_duration_seconds_count: 2,
      uploads_in_progress: 1,
      'upload_validation_failures_total{reason="file_too_large"}': 1,
      'upload_validation_failures_total{reason="invalid_extension"}': 2,
    });
    expect(value(metrics.size).buckets['5000000']).toBe(1);
  });

  test('ends once, with what is told first', () => {
    const metrics = uploadMetrics({ registry: createRegistry() });
    const result = changes(metrics, () => {
      const upload = startUpload({ metrics });
      expect(upload.ended).toBe(false);
      upload.refused('empty_file');
      upload.failed(new Error('later'));
      upload.accepted(5);
      upload.refused('file_too_large');
      expect(upload.ended).toBe(true);
    });
    expect(result).toEqual({
      'uploads_total{status="failed_validation"}': 1,
      'upload_validation_failures_total{reason="empty_file"}': 1,
    });
  });

  test('has failed where its block ends and nothing was told', () => {
    const metrics = uploadMetrics({ registry: createRegistry() });
    const receive = () => {
      using upload = startUpload({ metrics });
      if (!upload.ended) throw new Error('the client went away');
    };
    expect(receive).toThrow('went away');
    expect(value(metrics.total, { status: 'failed_error' })).toBe(1);
    expect(value(metrics.inProgress)).toBe(0);
    {
      using upload = startUpload({ metrics });
      upload.accepted(1);
    }
    expect(value(metrics.total, { status: 'success' })).toBe(1);
    expect(value(metrics.total, { status: 'failed_error' })).toBe(1);
  });

  test('is counted with other names, statuses, reasons and buckets', () => {
    const metrics = uploadMetrics({
      registry: createRegistry(),
      names: { total: 'files_total', duration: false, inProgress: false, refused: 'refusals_total' },
      labels: { status: 'outcome' },
      statuses: { accepted: 'ok', tooLarge: 'refused', refused: 'refused', failed: 'error' },
      reasons: ['big', 'ugly'],
      sizeReasons: ['big'],
      sizeBuckets: [10, 20],
    });
    expect(metrics.duration).toBeUndefined();
    const result = changes(metrics, () => {
      startUpload({ metrics }).refused('big');
      startUpload({ metrics }).refused('ugly');
      startUpload({ metrics }).accepted(15);
    });
    expect(result).toEqual({
      'files_total{outcome="ok"}': 1,
      'files_total{outcome="refused"}': 2,
      'refusals_total{reason="big"}': 1,
      'refusals_total{reason="ugly"}': 1,
      upload_file_size_bytes_count: 1,
      upload_file_size_bytes_sum: 15,
    });
    expect(Object.keys(value(metrics.size).buckets)).toEqual(['10', '20', '+Inf']);
    // @ts-expect-error Reasons are those of the definition.
    startUpload({ metrics }).refused('empty_file');
  });
});

test('the metrics of a contract come out of it by leaving out', async () => {
  const url = new URL('../../../../systems/bricklayers/contract.json', import.meta.url);
  const contract = JSON.parse(await readFile(url, 'utf8')) as {
    readonly services: { readonly web: { readonly metrics: readonly { readonly name: string }[] } };
  };
  const registry = createRegistry();
  const metrics = uploadMetrics({ registry, names: { duration: false, inProgress: false } });
  startUpload({ metrics }).accepted(1);
  const names = [...new Set([...registry.series()].map(({ shape }) => shape.name))];
  const wanted = contract.services.web.metrics.filter(({ name }) => name.startsWith('upload'));
  expect(names.sort()).toEqual(wanted.map(({ name }) => name).sort());
  expect(
    [...registry.series()].filter(({ shape }) => shape.name === 'uploads_total').map((s) => s.labelValues[0]),
  ).toEqual(['success', 'failed_size', 'failed_validation', 'failed_error']);
});

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13);
const RULES: UploadRules = { bytesMax: 100, extensions: ['.gcode', '.G'] };

test.each<[string, UploadedFile, UploadRules, string | undefined]>([
  ['all is right', { filename: 'PART.gcode', bytes: 100 }, RULES, undefined],
  ['nothing is known', {}, RULES, undefined],
  ['there are no rules', { filename: 'x', bytes: 1e12 }, {}, undefined],
  ['it is a byte too large', { filename: 'a.g', bytes: 101 }, RULES, 'file_too_large'],
  ['it is empty', { filename: 'a.g', bytes: 0 }, RULES, 'empty_file'],
  ['it may be empty', { filename: 'a.g', bytes: 0 }, { ...RULES, mayBeEmpty: true }, undefined],
  ['the extension is another', { filename: 'a.stl', bytes: 1 }, RULES, 'invalid_extension'],
  ['there is no extension', { filename: 'gcode', bytes: 1 }, RULES, 'invalid_extension'],
  ['the type is declared', { contentType: 'Image/PNG; q=1' }, { contentTypes: ['image/png'] }, undefined],
  [
    'another type is declared',
    { contentType: 'image/gif' },
    { contentTypes: ['image/png'] },
    'invalid_content_type',
  ],
  ['the bytes say it', { head: PNG, contentType: 'text/plain' }, { contentTypes: ['image/png'] }, undefined],
  [
    'the bytes say another than declared',
    { head: PNG, contentType: 'application/pdf' },
    { contentTypes: ['application/pdf'] },
    'invalid_content_type',
  ],
  [
    'the bytes would say what is declared, and do not',
    { head: Buffer.from('hello there'), contentType: 'image/png' },
    { contentTypes: ['image/png'] },
    'invalid_content_type',
  ],
  [
    'no bytes say what is declared',
    { head: Buffer.from('a,b\n1,2'), contentType: 'text/csv' },
    { contentTypes: ['text/csv'] },
    undefined,
  ],
])('a file is judged where %s', (_, file, rules, reason) => {
  expect(validateUpload(file, rules)).toBe(reason);
});

test.each([
  [PNG, 'image/png'],
  [Buffer.from('%PDF-1.7'), 'application/pdf'],
  [Buffer.from('RIFF\0\0\0\0WEBPVP8 '), 'image/webp'],
  [Buffer.from('\0\0\0\x18ftypmp42'), 'video/mp4'],
  [Buffer.from('plain'), undefined],
  [Buffer.alloc(0), undefined],
])('the beginning %o is that of %s', (head, type) => {
  expect(contentTypeOf(head)).toBe(type);
});

test('a stream is counted on its way, and ends where it is too large', async () => {
  const written: Buffer[] = [];
  const sink = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk);
        done();
      },
    });
  const counter = new ByteCounter({ bytesMax: 6 });
  await pipeline(Readable.from([Buffer.from('abc'), Buffer.from('def')]), counter, sink());
  expect([counter.bytes, Buffer.concat(written).toString()]).toEqual([6, 'abcdef']);
  const small = new ByteCounter({ bytesMax: 5 });
  const source = Readable.from([Buffer.from('abc'), Buffer.from('def')]);
  await expect(pipeline(source, small, sink())).rejects.toThrow('larger than 5 bytes');
  const own = new ByteCounter({ bytesMax: 1, tooLarge: (max) => new RangeError(`${max}`) });
  await expect(pipeline(Readable.from([Buffer.from('abc')]), own, sink())).rejects.toThrow(RangeError);
});

test('the watch of uploads takes the metrics', () => {
  const text = JSON.stringify(uploadsWatch(uploadMetrics({ registry: createRegistry() })));
  for (const title of ['Why refused', 'Size', 'Duration', 'Under way', 'Share that fails'])
    expect(text).toContain(`"${title}"`);
  for (const alert of ['UploadsFailing', 'UploadsStuck']) expect(text).toContain(alert);
});
