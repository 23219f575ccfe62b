import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { slice } from '../dist/gcode/slicer.js';
import { Cleanup } from '../dist/web/cleanup.js';
import { answerOf, changes, eventually, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let dir: string;
let service: Service | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bricklayers-cleanup-'));
});

afterEach(async () => {
  await service?.stop();
  service = undefined;
  await rm(dir, { recursive: true, force: true });
});

const NOW_MS = Date.UTC(2026, 0, 1);

async function file(name: string, bytes: number, ageMs: number): Promise<void> {
  await writeFile(join(dir, name), 'x'.repeat(bytes));
  await utimes(join(dir, name), new Date(NOW_MS), new Date(NOW_MS - ageMs));
}

function cleanup(folders: readonly string[], keep: readonly string[] = []): Cleanup {
  const paths = new Set(keep.map((name) => join(dir, name)));
  return new Cleanup({ folders, retentionMs: 1000, intervalMs: 1e6, keep: () => paths, now: () => NOW_MS });
}

test('a run removes what is older than the retention time and not in use, and counts it', async () => {
  await file('old', 100, 1001);
  await file('older.part', 20, 5000);
  await file('open', 100, 5000);
  await file('young', 100, 999);
  expect(await cleanup([dir], ['open']).run()).toEqual({ files: 2, bytes: 120, errors: 0 });
  expect((await readdir(dir)).sort()).toEqual(['open', 'young']);
});

test('what cannot be removed is an error, and the rest goes on', async () => {
  await mkdir(join(dir, 'a-folder'));
  await utimes(join(dir, 'a-folder'), new Date(NOW_MS), new Date(NOW_MS - 5000));
  await file('old', 10, 5000);
  await writeFile(join(dir, 'no-folder'), '');
  expect(await cleanup([join(dir, 'no-folder'), dir]).run()).toEqual({ files: 1, bytes: 10, errors: 2 });
});

test('two runs never overlap', async () => {
  await file('old', 10, 5000);
  const cleaner = cleanup([dir]);
  const [first, second] = await Promise.all([cleaner.run(), cleaner.run()]);
  expect(second).toBe(first);
});

test('in the service a result that was removed is gone, with 410, and the counters tell', async () => {
  service = await Service.start({
    BRICKLAYERS_RETENTION_SECONDS: '0.5',
    BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '0.2',
  });
  const before = await service.metrics();
  const text = [...slice(4)].join('');
  const id = String((await service.upload(text)).json.job_id);
  const { json } = await service.waitFor(id, 'completed');
  await eventually(async () => (await service!.files()).length === 0);
  const download = await answerOf(await service.fetch(`/api/v1/download/${id}`));
  expect(download).toMatchObject({ status: 410, json: { error: 'file_gone' } });
  const changed = async () =>
    changes(before, await service!.metrics(), /^(cleanup_(files|bytes|errors)|downloads)/);
  await expect.poll(changed).toEqual({
    cleanup_files_deleted_total: 2,
    cleanup_bytes_freed_total: text.length + Number(json.output_bytes),
    'downloads_total{status="failed_file_missing"}': 1,
  });
});

test('files of a job that is not finished stay, however old', async () => {
  service = await Service.start({
    BRICKLAYERS_WORKERS: '1',
    BRICKLAYERS_RETENTION_SECONDS: '0.1',
    BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '0.1',
  });
  const [worker] = await service.workers();
  process.kill(worker!.pid, 'SIGSTOP');
  const ids = [1, 2].map(() => service!.upload([...slice(4)].join('')));
  const jobs = (await Promise.all(ids)).map(({ json }) => String(json.job_id));
  const { cleanup_runs_total: runs = 0 } = await service.metrics();
  await eventually(async () => ((await service!.metrics()).cleanup_runs_total ?? 0) > runs + 4);
  expect(await service.files()).toHaveLength(2);
  process.kill(worker!.pid, 'SIGCONT');
  for (const id of jobs) await service.waitFor(id, 'completed');
});

test('the file of an upload that is under way stays, however long it takes', async () => {
  service = await Service.start({
    BRICKLAYERS_RETENTION_SECONDS: '0.1',
    BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '0.1',
  });
  const runs = async (): Promise<number> => (await service!.metrics()).cleanup_runs_total ?? 0;
  const part = 'name="file"; filename="a.gcode"';
  const body = [
    `--b\r\ncontent-disposition: form-data; ${part}\r\n\r\n${[...slice(4)].join('')}`,
    '\r\n--b--\r\n',
  ] as const;
  const { hostname, port } = new URL(service.url);
  const client = connect(Number(port), hostname).setEncoding('utf8');
  let answer = '';
  client.on('data', (text: string) => {
    answer += text;
  });
  const length = Buffer.byteLength(body.join(''));
  client.write(
    `POST /api/v1/upload HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: ${length}\r\n\r\n${body[0]}`,
  );
  await eventually(async () => (await service!.files()).length === 1);
  const before = await runs();
  await eventually(async () => (await runs()) > before + 4);
  expect(await service.files()).toHaveLength(1);
  client.write(body[1]);
  await eventually(() => answer.includes('job_id'));
  expect(answer).toMatch(/^HTTP\/1.1 201 /);
  client.destroy();
});
