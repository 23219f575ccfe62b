/** What the readings say where a platform does not tell, and which time the event loop's readings are about. */
import fs from 'node:fs';
import path from 'node:path';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
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
  // Longer than whatever has delayed it so far.
  const blockedMs = 1_000 * maxAt(100) + 250;
  blockFor(blockedMs);
  await pause(20);
  const least = (blockedMs - 10) / 1_000;
  // The one comes, and shortly after it the other; the reading of the one takes nothing from the other.
  for (const ms of [1_000, 1_001, 9_000, 10_000, 15_000, 19_999]) expect(maxAt(ms)).toBeGreaterThan(least);
  // At 10 s the second histogram was shown, and the first one emptied, which is shown from 20 s on.
  expect(maxAt(20_000)).toBeLessThan(least);
});

test('a reader that comes less often than the window sees exactly what was since its reading before', async () => {
  let nowMs = 0;
  const monitor = EventLoopMonitor.start({ windowMs: 10_000, resolutionMs: 5, now: () => nowMs });
  monitors.push(monitor);
  // What Node.js says right before and right after a reading.
  const readAt = (ms: number) => {
    const before = performance.eventLoopUtilization();
    nowMs = ms;
    const { utilization } = monitor.usage()!;
    return { before, utilization, after: performance.eventLoopUtilization() };
  };
  type Reading = ReturnType<typeof readAt>;
  const isExactSince = (last: Reading, now: Reading) => {
    const between = (a: EventLoopUtilization, b: EventLoopUtilization) =>
      performance.eventLoopUtilization(b, a).utilization;
    expect(now.utilization).toBeGreaterThanOrEqual(between(last.after, now.before) - 1e-6);
    expect(now.utilization).toBeLessThanOrEqual(between(last.before, now.after) + 1e-6);
  };
  await pause(20);
  blockFor(60);
  await pause(20);
  const first = readAt(15_000);
  // Longer than whatever delays it before or after, and at once, while the histogram that was emptied just now does
  // not know yet what time it is.
  const blockedMs = 1_000 * monitor.delays()!.max + 1_000;
  blockFor(blockedMs);
  await pause(20);
  const second = readAt(30_000);
  isExactSince(first, second);
  expect(monitor.delays()!.max).toBeGreaterThan((blockedMs - 10) / 1_000);
  await pause(150);
  isExactSince(second, readAt(45_000));
  expect(monitor.delays()!.max).toBeLessThan((blockedMs - 10) / 1_000);
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
  const beganMs = performance.now();
  const monitor = EventLoopMonitor.start({ measureDelays: false });
  monitors.push(monitor);
  blockFor(20);
  await pause(20);
  expect(monitor.delays()).toBeUndefined();
  expect(monitor.usage()!.utilization).toBeGreaterThan(19 / (performance.now() - beganMs));
  expect(monitor.usage()!.activeSeconds).toBeGreaterThan(0.02);
});
