import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../../test/children.ts';
import { storageWatch, systemWatch } from '../../../blueprint/dist/index.js';
import { diskMetrics, type FolderMeasuring, measureFolders } from '../../dist/disk.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { value } from '../../dist/testing.js';
import { startAs } from '../members.ts';

const running: FolderMeasuring[] = [];

afterEach(() => {
  for (const measuring of running.splice(0)) measuring.stop();
  vi.restoreAllMocks();
});

/** Makes files with so many bytes each, and the folders above them. */
function write(folder: string, files: Readonly<Record<string, number>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.alloc(bytes));
  }
}

/** Measures once, and again when it is told. */
async function start<const F extends string>(folders: Readonly<Record<F, string>>) {
  const registry = createRegistry();
  const metrics = diskMetrics({ folders: Object.keys(folders) as F[], registry });
  const measuring = measureFolders(folders, { metrics, intervalMs: 3_600_000 });
  running.push(measuring);
  await measuring.run();
  return { registry, metrics, measuring };
}

/** The bytes of each folder, as they are exposed. */
function exposed(registry: Registry, name = 'disk_folder_bytes'): Record<string, number> {
  const found: Record<string, number> = {};
  // The second slot is the time at which it was set; 0 is not exposed.
  for (const { shape, labelValues, values, index } of registry.series())
    if (shape.name === name && values[index + 1] !== 0) found[labelValues.join()] = values[index]!;
  return found;
}

/** The warnings of the client from now on. */
function warnings(): string[] {
  const told: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void told.push(String(warning)));
  return told;
}

describe('a folder', () => {
  test('is the files in it and below it', async () => {
    const folder = temporaryFolder();
    write(folder, {
      'uploads/a': 10,
      'uploads/b/c': 20,
      'uploads/b/d/e': 30,
      'outputs/f': 1,
      'outputs/g': 0,
    });
    fs.mkdirSync(path.join(folder, 'empty'));
    const { metrics } = await start({
      uploads: path.join(folder, 'uploads'),
      outputs: path.join(folder, 'outputs'),
      empty: path.join(folder, 'empty'),
    });
    const of = (name: 'uploads' | 'outputs' | 'empty') => [
      value(metrics.usage, { folder: name }),
      value(metrics.files, { folder: name }),
    ];
    expect([of('uploads'), of('outputs'), of('empty')]).toEqual([
      [60, 3],
      [1, 2],
      [0, 0],
    ]);
  });

  test('does not hold what its links lead to, nor pipes', async () => {
    const folder = temporaryFolder();
    const elsewhere = temporaryFolder();
    write(elsewhere, { large: 1_000 });
    write(folder, { small: 1 });
    fs.symlinkSync(elsewhere, path.join(folder, 'folder'));
    fs.symlinkSync(path.join(elsewhere, 'large'), path.join(folder, 'file'));
    fs.symlinkSync(folder, path.join(folder, 'circle'));
    fs.symlinkSync('nowhere', path.join(folder, 'nowhere'));
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const { registry } = await start({ data: folder });
    expect(exposed(registry)).toEqual({ data: 1 });
    expect(exposed(registry, 'disk_folder_files')).toEqual({ data: 1 });
  });

  test('may itself be a link', async () => {
    const folder = temporaryFolder();
    write(folder, { 'there/file': 5 });
    fs.symlinkSync(path.join(folder, 'there'), path.join(folder, 'here'));
    const { registry } = await start({ data: path.join(folder, 'here') });
    expect(exposed(registry)).toEqual({ data: 5 });
  });

  test('that is not there has no series and one warning, until it was there again', async () => {
    const told = warnings();
    const folder = temporaryFolder();
    const uploads = path.join(folder, 'uploads');
    write(folder, { 'outputs/a': 3 });
    const { registry, measuring } = await start({ uploads, outputs: path.join(folder, 'outputs') });
    await measuring.run();
    expect(exposed(registry)).toEqual({ outputs: 3 });
    expect(told).toEqual([expect.stringMatching(/^folder uploads: it cannot be measured: ENOENT/)]);
    for (const times of [2, 3]) {
      write(uploads, { b: 7 });
      await measuring.run();
      expect(exposed(registry)).toEqual({ uploads: 7, outputs: 3 });
      fs.rmSync(uploads, { recursive: true });
      await measuring.run();
      expect(exposed(registry)).toEqual({ outputs: 3 });
      expect(exposed(registry, 'disk_folder_files')).toEqual({ outputs: 1 });
      expect(told).toHaveLength(times);
    }
  });

  test('that is a file is no folder', async () => {
    const told = warnings();
    const folder = temporaryFolder();
    write(folder, { file: 3 });
    const { registry } = await start({ data: path.join(folder, 'file') });
    expect(exposed(registry)).toEqual({});
    expect(told).toEqual([expect.stringContaining('ENOTDIR')]);
  });

  // Root reads everything.
  if (process.getuid?.() !== 0)
    test('that cannot be read in part is measured without it', async () => {
      const told = warnings();
      const folder = temporaryFolder();
      write(folder, { 'open/a': 1, 'locked/b': 2 });
      fs.chmodSync(path.join(folder, 'locked'), 0);
      const { registry, measuring } = await start({ data: folder });
      await measuring.run();
      fs.chmodSync(path.join(folder, 'locked'), 0o700);
      expect(exposed(registry)).toEqual({ data: 1 });
      expect(told).toEqual([expect.stringMatching(/a part of it cannot be read .* EACCES/)]);
    });

  test('may change while it is measured', async () => {
    const told = warnings();
    const folder = temporaryFolder();
    for (let i = 0; i < 300; i++) write(folder, { [`kept/${i}`]: 1, [`gone/${i}/file`]: 1 });
    const { measuring, registry } = await start({ data: folder });
    expect(exposed(registry)).toEqual({ data: 600 });
    const measured = measuring.run();
    fs.rmSync(path.join(folder, 'gone'), { recursive: true });
    await measured;
    await measuring.run();
    expect(exposed(registry)).toEqual({ data: 300 });
    expect(told).toEqual([]);
  });
});

test('a file system is measured where it is mounted, once for all folders on it', async () => {
  const [one, other] = [temporaryFolder(), temporaryFolder()];
  const { registry, metrics } = await start({ one, other });
  const [mountpoint, ...others] = Object.keys(exposed(registry, 'disk_total_bytes'));
  expect(others).toEqual([]);
  const total = value(metrics.diskTotal, { mountpoint: mountpoint! });
  const { bsize, blocks } = await statfs(mountpoint!);
  expect(total).toBe(bsize * blocks);
  expect(one.startsWith(mountpoint!)).toBe(true);
  expect(fs.statSync(mountpoint!).dev).toBe(fs.statSync(one).dev);
  const used = value(metrics.diskUsed, { mountpoint: mountpoint! });
  const available = value(metrics.diskAvailable, { mountpoint: mountpoint! });
  expect(used).toBeGreaterThan(0);
  expect(used + available).toBeLessThanOrEqual(total);
});

test('all folders together are one series without the label', async () => {
  const folder = temporaryFolder();
  write(folder, { 'uploads/a': 10, 'outputs/b': 5 });
  const registry = createRegistry();
  const metrics = diskMetrics({
    registry,
    folders: ['uploads', 'outputs'],
    names: {
      usage: 'system_disk_usage_bytes',
      files: false,
      diskAvailable: false,
      diskTotal: 'disk_size_bytes',
    },
    labels: { folder: false, mountpoint: false },
  });
  expect(Object.keys(metrics)).toEqual(['usage', 'diskUsed', 'diskTotal']);
  expect(exposed(registry, 'system_disk_usage_bytes')).toEqual({});
  const folders = { uploads: path.join(folder, 'uploads'), outputs: path.join(folder, 'outputs') };
  const measuring = measureFolders(folders, { metrics });
  running.push(measuring);
  await measuring.run();
  expect(value(metrics.usage)).toBe(15);
  const { bsize, blocks } = await statfs(folder);
  expect(value(metrics.diskTotal)).toBe(bsize * blocks);
  warnings();
  fs.rmSync(folders.uploads, { recursive: true });
  await measuring.run();
  expect(value(metrics.usage)).toBe(5);
  fs.rmSync(folders.outputs, { recursive: true });
  await measuring.run();
  expect(exposed(registry, 'system_disk_usage_bytes')).toEqual({});
});

test('one measurement runs at a time, and none after the end', async () => {
  const folder = temporaryFolder();
  write(folder, { a: 1 });
  const { registry, measuring } = await start({ data: folder });
  const asked = measuring.run();
  expect(measuring.run()).toBe(asked);
  await asked;
  write(folder, { b: 1 });
  const cut = measuring.run();
  measuring.stop();
  await cut;
  await measuring.run();
  expect(exposed(registry)).toEqual({ data: 1 });
});

test('it is measured again by itself', async () => {
  const folder = temporaryFolder();
  const registry = createRegistry();
  running.push(
    measureFolders(
      { data: folder },
      { metrics: diskMetrics({ folders: ['data'], registry }), intervalMs: 5 },
    ),
  );
  for (const bytes of [3, 4]) {
    write(folder, { file: bytes });
    await expect.poll(() => exposed(registry)).toEqual({ data: bytes });
  }
});

test('what cannot be is refused', () => {
  const metrics = diskMetrics({ folders: ['uploads'], registry: createRegistry() });
  expect(() => measureFolders({ outputs: '/' }, { metrics })).toThrow(/no folder outputs/);
  for (const intervalMs of [0, -1, Number.NaN, 2 ** 31])
    expect(() => measureFolders({ uploads: '/' }, { metrics, intervalMs })).toThrow(RangeError);
});

test('they are watched as storage and as a part of the machine', () => {
  const metrics = diskMetrics({ folders: ['uploads'], registry: createRegistry() });
  const titles = ({ rows }: ReturnType<typeof storageWatch>) =>
    rows.flatMap(({ panels }) => panels.map(({ title }) => title));
  expect(titles(systemWatch(metrics))).toEqual(['Disk', 'Share of the disk']);
  const alerts = systemWatch(metrics).groups.flatMap(({ rules }) => rules.map(({ name }) => name));
  expect(alerts).toEqual(['SystemDiskNearlyFull', 'SystemDiskFillingUp']);
  expect(titles(storageWatch(metrics, { quotaBytes: 1e9 }))).toContain('Files');
});

test('a process that measures ends by itself', async () => {
  const child = startAs({ env: {} }, 'disk-exit.mjs', temporaryFolder());
  const exit = once(child, 'exit');
  expect(await once(child, 'message')).toEqual([['disk_folder_bytes{folder="data"} 0'], undefined]);
  expect(await exit).toEqual([0, null]);
});
