/** Answering for a service from outside: what it shows, what it leaves alone, and what it refuses. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type DirectoryExporter, type DirectoryExporterOptions, exportDirectory } from '../dist/index.js';
import { FORMAT_VERSION } from '../dist/store/segment-header.js';
import { member, metricsDirectory, valueIn } from './members.ts';

const exporters: DirectoryExporter[] = [];
afterEach(async () => {
  for (const exporter of exporters.splice(0)) await exporter.close();
});

async function open(directory: string, options: DirectoryExporterOptions = {}): Promise<DirectoryExporter> {
  const exporter = await exportDirectory(directory, options);
  exporters.push(exporter);
  return exporter;
}

const WELL = 'done_total{how="well"}';
const segments = (directory: string) => fs.readdirSync(directory).filter((name) => name.endsWith('.segment'));

test('it adds up the processes, folds what the dead left, and shows the counts when all have gone', async () => {
  const directory = metricsDirectory();
  const a = await member(directory, { service: 'uploads', instance: 'blue' });
  const b = await member(directory, { service: 'uploads', instance: 'blue' });
  const exporter = await open(directory);
  expect([exporter.service, exporter.instance]).toEqual(['uploads', 'blue']);
  const shown = async (series: string) => valueIn((await exporter.exposition()).body, series);
  await a.tell('inc', 3);
  await b.tell('inc', 4);
  await b.tell('active', 2);
  expect(await shown(WELL)).toBe(7);
  expect(await shown('binnacle_metrics_writers')).toBe(2);
  expect(await shown('active')).toBe(2);
  await b.kill();
  expect(await shown(WELL)).toBe(7);
  expect(await shown('binnacle_metrics_writers')).toBe(1);
  expect(segments(directory)).toHaveLength(1);
  await a.kill();
  expect(await shown(WELL)).toBe(7);
  expect(await shown('binnacle_metrics_writers')).toBe(0);
  expect(await shown(WELL)).toBe(7);
  // A new epoch, beside an exporter that goes on.
  const c = await member(directory, { service: 'uploads', instance: 'blue' });
  await c.tell('inc', 1);
  expect(await shown(WELL)).toBe(1);
});

test('it answers on a port as the service does, to whom it may', async () => {
  const directory = metricsDirectory();
  const a = await member(directory);
  await a.tell('inc', 3);
  const exporter = await open(directory, { token: 'sesame' });
  const { address, port } = await exporter.listen({ port: 0 });
  expect(address).toBe(`http://127.0.0.1:${port}/metrics`);
  expect((await fetch(address)).status).toBe(401);
  const response = await fetch(address, {
    headers: { authorization: 'Bearer sesame', accept: 'application/openmetrics-text' },
  });
  const text = await response.text();
  expect(text).toContain(`${WELL} 3`);
  expect(text.endsWith('# EOF\n')).toBe(true);
});

test('what is deleted under it is an answer, not an end', async () => {
  const directory = metricsDirectory();
  await member(directory);
  const exporter = await open(directory);
  const { address } = await exporter.listen({ port: 0 });
  fs.rmSync(directory, { recursive: true });
  const response = await fetch(address);
  expect([response.status, await response.text()]).toEqual([
    500,
    expect.stringContaining(`${directory} was deleted or emptied meanwhile`),
  ]);
});

function noteService(directory: string, format: number = FORMAT_VERSION): void {
  const manifest = { format, service: 's', instance: '', epoch: 'e', epochStartedMs: 1 };
  fs.writeFileSync(path.join(directory, 'service.json'), JSON.stringify(manifest));
}

const root = process.getuid?.() === 0;

test.each<[what: string, make: (directory: string) => string, code: string, said: string]>([
  ['no directory', (d) => path.join(d, 'gone'), 'directory_unusable', 'there is no directory'],
  ['any folder', (d) => d, 'directory_unusable', 'has no service.json: it is no metrics directory'],
  [
    'another service.json',
    (d) => {
      fs.writeFileSync(path.join(d, 'service.json'), '{"name": "tea"}');
      return d;
    },
    'directory_unusable',
    'is not what a service notes',
  ],
  [
    'another format',
    (d) => {
      noteService(d, 999);
      return d;
    },
    'format_version',
    'was written in format 999',
  ],
  [
    'a folder that others may write to',
    (d) => {
      noteService(d);
      fs.chmodSync(d, 0o777);
      return d;
    },
    'directory_unusable',
    'is open to others (mode 777',
  ],
  [
    'the folder of another user',
    (d) => {
      noteService(d);
      if (root) fs.chownSync(d, 12_345, 12_345);
      else fs.chmodSync(d, 0o000);
      return d;
    },
    'directory_unusable',
    root ? 'belongs to user 12345' : 'may not be read by this user',
  ],
  [
    'a link',
    (d) => {
      const real = path.join(d, 'real');
      fs.mkdirSync(real, { mode: 0o700 });
      noteService(real);
      fs.symlinkSync(real, path.join(d, 'link'));
      return path.join(d, 'link');
    },
    'directory_unusable',
    'is a link or no directory',
  ],
])('%s is refused with a reason', async (_, make, code, said) => {
  const directory = make(metricsDirectory());
  await expect(exportDirectory(directory)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(said),
  });
});
