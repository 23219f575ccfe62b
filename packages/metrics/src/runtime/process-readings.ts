/**
 * What the operating system says about the whole process: its processor time, memory, descriptors, threads and
 * start. Every thread of the process reads the same here.
 *
 * Most of it stands in `/proc/self`, files that the kernel makes when they are read, so that reading them never
 * waits for a disk. What a platform does not tell is `undefined`; nothing here throws.
 */
import fs from 'node:fs';

/** Where Linux tells a process about itself. */
const PROC = '/proc/self';

/** Processor time since the start of the process. */
export interface CpuReading {
  readonly userSeconds: number;
  readonly systemSeconds: number;
}

/** The processor time that all threads of the process have used. */
export function readCpu(): CpuReading | undefined {
  if (typeof process.cpuUsage !== 'function') return undefined;
  const { user, system } = process.cpuUsage();
  return { userSeconds: user / 1e6, systemSeconds: system / 1e6 };
}

/** What the operating system knows of the process's memory and threads. */
export interface MemoryReading {
  readonly residentBytes: number;
  /** Linux only. */
  readonly virtualBytes: number | undefined;
  /** The data segment, Linux only. */
  readonly dataBytes: number | undefined;
  /** Threads of the operating system: libuv's and V8's as well as worker threads; Linux only. */
  readonly threads: number | undefined;
}

/**
 * The memory and the threads of the process.
 * @param proc another folder than `/proc/self`
 */
export function readMemory(proc = PROC): MemoryReading | undefined {
  try {
    const status = fs.readFileSync(`${proc}/status`, 'utf8');
    const residentBytes = kilobytes(/^VmRSS:\s+(\d+) kB$/m.exec(status));
    if (residentBytes !== undefined) {
      const threads = /^Threads:\s+(\d+)$/m.exec(status)?.[1];
      return {
        residentBytes,
        virtualBytes: kilobytes(/^VmSize:\s+(\d+) kB$/m.exec(status)),
        dataBytes: kilobytes(/^VmData:\s+(\d+) kB$/m.exec(status)),
        threads: threads === undefined ? undefined : Number(threads),
      };
    }
  } catch {
    // No such file: another system, or a sandbox without it.
  }
  const residentBytes = readNodeMemory()?.rss;
  return residentBytes === undefined
    ? undefined
    : { residentBytes, virtualBytes: undefined, dataBytes: undefined, threads: undefined };
}

function kilobytes(match: RegExpExecArray | null): number | undefined {
  return match === null ? undefined : Number(match[1]) * 1024;
}

/** `process.memoryUsage()`, or undefined where it is missing or throws, as it does without access to `/proc`. */
export function readNodeMemory(): NodeJS.MemoryUsage | undefined {
  try {
    return process.memoryUsage();
  } catch {
    return undefined;
  }
}

/**
 * How many file descriptors are open; Linux only.
 * @param proc another folder than `/proc/self`
 */
export function readOpenFileDescriptors(proc = PROC): number | undefined {
  const folder = `${proc}/fd`;
  try {
    // Since Linux 6.2 the folder's size is their number, which spares a listing of 1 ms per 2,000 descriptors.
    const { size } = fs.statSync(folder);
    if (size > 0) return size;
    // Reading the folder opens one more, closed again by now.
    return fs.readdirSync(folder).length - 1;
  } catch {
    return undefined;
  }
}

/**
 * How many file descriptors may be open: the soft limit, infinite where there is none. Linux only.
 * @param proc another folder than `/proc/self`
 */
export function readMaxFileDescriptors(proc = PROC): number | undefined {
  try {
    const limits = fs.readFileSync(`${proc}/limits`, 'utf8');
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
    if (soft === undefined) return undefined;
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

// Once, so that it does not move when somebody sets the clock.
const STARTED_SECONDS = Math.round(Date.now() - process.uptime() * 1000) / 1000;

/** When the process started, in Unix seconds, exact to a millisecond as far as the clock was right. */
export function readStartTime(): number {
  return STARTED_SECONDS;
}

/** The version of Node.js, whole and in its parts. */
export interface VersionReading {
  /** With the `v` in front: `v20.19.0`. */
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The version of Node.js that runs. */
export function readVersion(): VersionReading {
  const { version } = process;
  const [major = 0, minor = 0, patch = 0] = version
    .slice(1)
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return { version, major, minor, patch };
}
