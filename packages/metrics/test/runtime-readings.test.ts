/** What the readings say where a platform does not tell, and which time the event loop's readings are about. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  EventLoopMonitor,
  readCpu,
  readHeap,
  readHeapSpaces,
  readMaxFileDescriptors,
  readMemory,
  readOpenFileDescriptors,
  readVersion,
} from '../dist/runtime/index.js';
import { metricsDirectory } from './members.ts';

const monitors: EventLoopMonitor[] = [];
afterEach(() => {
  for (const monitor of monitors.splice(0)) monitor.stop();
});

/** A folder as `/proc/self`, with these files. */
function procFolder(files: Readonly<Record<string, string>>): string {
  const folder = metricsDirectory();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

function blockFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('without /proc there is the memory that Node.js knows of, and no descriptors', () => {
  const missing = path.join(metricsDirectory(), 'missing');
  expect(readMemory(missing)).toEqual({
    residentBytes: expect.any(Number),
    virtualBytes: undefined,
    dataBytes: undefined,
    threads: undefined,
  });
  expect(readOpenFileDescriptors(missing)).toBeUndefined();
  expect(readMaxFileDescriptors(missing)).toBeUndefined();
});

test('the files of /proc are read to the byte, and what does not stand in them is left out', () => {
  const status =
    'Name:\tnode\nVmPeak:\t 9 kB\nVmSize:\t   1000 kB\nVmRSS:\t     20 kB\nVmData:\t 3 kB\nThreads:\t11\n';
  expect(readMemory(procFolder({ status }))).toEqual({
    ...{ residentBytes: 20_480, virtualBytes: 1_024_000, dataBytes: 3_072, threads: 11 },
  });
  expect(readMemory(procFolder({ status: 'VmRSS:\t1 kB\n' }))).toEqual({
    ...{ residentBytes: 1_024, virtualBytes: undefined, dataBytes: undefined, threads: undefined },
  });
  const limits = (soft: string) =>
    procFolder({
      limits: `Limit      Soft Limit   Hard Limit   Units\nMax open files   ${soft}   99999   files\n`,
    });
  expect(readMaxFileDescriptors(limits('1024'))).toBe(1024);
  expect(readMaxFileDescriptors(limits('unlimited'))).toBe(Number.POSITIVE_INFINITY);
  expect(readMaxFileDescriptors(procFolder({ limits: '' }))).toBeUndefined();
});

test('descriptors are as many as the kernel lists', (context) => {
  if (process.platform !== 'linux') return context.skip('only Linux tells of descriptors');
  expect(readOpenFileDescriptors()).toBe(fs.readdirSync('/proc/self/fd').length - 1);
});

test('processor, heap, spaces and version are those of Node.js', () => {
  const { user, system } = process.cpuUsage();
  const cpu = readCpu()!;
  expect(cpu.userSeconds + cpu.systemSeconds).toBeGreaterThanOrEqual((user + system) / 1e6);
  const heap = readHeap()!;
  const spaces = readHeapSpaces()!;
  expect(spaces.map(({ space }) => space)).toEqual(expect.arrayContaining(['new', 'old', 'large_object']));
  const total = spaces.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  expect(total / heap.totalBytes).toBeGreaterThan(0.5);
  expect(total / heap.totalBytes).toBeLessThan(2);
  const { version, major, minor, patch } = readVersion();
  expect(version).toBe(`v${major}.${minor}.${patch}`);
  expect(version).toBe(process.version);
});

test('two readers each see what happened since their last reading', async () => {
  let nowMs = 0;
  const monitor = EventLoopMonitor.start({ windowMs: 10_000, resolutionMs: 5, now: () => nowMs });
  monitors.push(monitor);
  const maxAt = (ms: number) => {
    nowMs = ms;
    return monitor.delays()?.max ?? 0;
  };
  await pause(20);
  expect(maxAt(100)).toBeLessThan(0.2);
  blockFor(250);
  await pause(20);
  // The one comes, and shortly after it the other; the reading of the one takes nothing from the other.
  for (const ms of [1_000, 1_001, 9_000, 10_000, 15_000, 19_999]) expect(maxAt(ms)).toBeGreaterThan(0.24);
  // At 10 s the second histogram was shown, and the first one emptied, which is shown from 20 s on.
  expect(maxAt(20_000)).toBeLessThan(0.2);
});

test('a reader that comes less often than the window sees exactly what was since its reading before', async () => {
  let nowMs = 0;
  const monitor = EventLoopMonitor.start({ windowMs: 10_000, resolutionMs: 5, now: () => nowMs });
  monitors.push(monitor);
  const utilizationAt = (ms: number) => {
    nowMs = ms;
    return monitor.usage()!.utilization;
  };
  await pause(20);
  blockFor(60);
  await pause(20);
  utilizationAt(15_000);
  // At once, while the histogram that was emptied just now does not know yet what time it is.
  blockFor(250);
  await pause(20);
  expect(utilizationAt(30_000)).toBeGreaterThan(0.6);
  expect(monitor.delays()!.max).toBeGreaterThan(0.24);
  await pause(150);
  expect(utilizationAt(45_000)).toBeLessThan(0.5);
  expect(monitor.delays()!.max).toBeLessThan(0.2);
});

test('before the first delay there are none, and after the end neither', async () => {
  const monitor = EventLoopMonitor.start();
  monitors.push(monitor);
  expect(monitor.delays()).toBeUndefined();
  await expect.poll(() => monitor.delays()?.percentile(50)).toBeGreaterThan(0.005);
  monitor.stop();
  expect(monitor.delays()).toBeUndefined();
});

test('without delays there is the utilization alone', async () => {
  const monitor = EventLoopMonitor.start({ measureDelays: false });
  monitors.push(monitor);
  blockFor(20);
  await pause(20);
  expect(monitor.delays()).toBeUndefined();
  expect(monitor.usage()!.utilization).toBeGreaterThan(0.1);
  expect(monitor.usage()!.activeSeconds).toBeGreaterThan(0.02);
});
