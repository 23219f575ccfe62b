/** Where the processes of a service meet, as the environment and `cluster` say. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/children.ts';
import { placeOf, sweepClusters } from '../dist/place.js';

const main = fileURLToPath(import.meta.url);
const at = (env: Readonly<Record<string, string>>, primaryPid?: number) => placeOf({ env, primaryPid, main });

test('a process that nothing brings together with others is alone', () => {
  expect(at({})).toBeUndefined();
});

test.for(['0', 'false', 'FALSE', 'no', 'off'])('%j switches sharing off, whatever else says', (off) => {
  const env = { BINNACLE_PROM_CLIENT_SHARED: off, BINNACLE_METRICS_DIR: '/metrics' };
  expect(at(env, process.pid)).toBeUndefined();
});

test('the environment names the directory, and the package of the main module the service', () => {
  const service = '@binnacle/prom-client';
  expect(at({ BINNACLE_METRICS_DIR: '/metrics', PROMETHEUS_MULTIPROC_DIR: '/all' }, process.pid)).toEqual({
    directory: '/metrics',
    service,
  });
  expect(at({ PROMETHEUS_MULTIPROC_DIR: '/all' })).toEqual({
    directory: '/all/_binnacle_prom-client',
    service,
  });
  expect(at({ PROMETHEUS_MULTIPROC_DIR: '/all', BINNACLE_METRICS_SERVICE: '../up loads' })).toEqual({
    directory: '/all/__up_loads',
    service: '../up loads',
  });
  expect(
    placeOf({ env: { BINNACLE_METRICS_DIR: '/m' }, primaryPid: undefined, main: undefined })?.service,
  ).toBe('prom-client');
});

test('a directory that is a service’s already keeps its name', () => {
  const directory = temporaryFolder();
  writeFileSync(path.join(directory, 'service.json'), '{"service":"uploads"}');
  expect(at({ BINNACLE_METRICS_DIR: directory })).toEqual({ directory, service: 'uploads' });
});

test('primary and workers find the same directory, each cluster its own, and applications under PM2 theirs', () => {
  const mine = at({}, process.pid)!;
  expect(at({}, process.pid)).toEqual(mine);
  expect(path.basename(mine.directory)).toMatch(new RegExp(`^cluster-\\d+-${process.pid}-\\d+$`));
  expect(at({}, process.ppid)?.directory).not.toBe(mine.directory);
  const [api, jobs] = ['api', 'jobs'].map((name) => at({ pm_id: '0', name }, process.pid)!);
  expect(new Set([mine, api!, jobs!].map(({ directory }) => directory)).size).toBe(3);
  // A variable of that name means nothing elsewhere.
  expect(at({ name: 'api' }, process.pid)).toEqual(mine);
});

test('directories of clusters that are gone are deleted, after a while, and no others', () => {
  const base = path.dirname(at({}, process.pid)!.directory);
  const own = path.basename(at({}, process.pid)!.directory);
  // The same PID, another start: a process that has been.
  const gone = own.replace(/\d+$/, '1');
  const young = own.replace(/\d+$/, '2');
  const elsewhere = own.replace(/^cluster-\d+/, 'cluster-1');
  // What is there when it is listed and not any more when it is looked at, whichever comes first.
  const vanished = ['0', '3'].map((start) => own.replace(/\d+$/, start));
  const vanish = (name: string) => symlinkSync(path.join(base, 'nowhere'), path.join(base, name));
  mkdirSync(base, { recursive: true, mode: 0o700 });
  vanish(vanished[0]!);
  for (const name of [own, gone, young, elsewhere])
    mkdirSync(path.join(base, name), { recursive: true, mode: 0o700 });
  vanish(vanished[1]!);
  const old = new Date(Date.now() - 120_000);
  for (const name of [own, gone, elsewhere]) utimesSync(path.join(base, name), old, old);
  sweepClusters();
  const left = readdirSync(base);
  expect(left).not.toContain(gone);
  expect(left).toEqual(expect.arrayContaining([own, young, elsewhere]));
  sweepClusters(Date.now() + 120_000);
  expect(readdirSync(base)).not.toContain(young);
  for (const name of [own, elsewhere, ...vanished]) rmSync(path.join(base, name), { recursive: true });
});
