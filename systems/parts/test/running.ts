/** What tests of systems do with processes and ports. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../dist/ports.js';
import type { Samples } from '../dist/samples.js';

/** A process that has not ended. */
export interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly args: string;
}

/** All processes of this machine that have not ended. */
export function runningProcesses(): Running[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return table.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null || match[3]?.startsWith('Z')) return [];
    return [{ pid: Number(match[1]), parent: Number(match[2]), args: match[4] ?? '' }];
  });
}

/**
 * The worker processes of a service that a system has started.
 * @param main the end of what the service runs: `worker/main.js`
 */
export function workersOf(system: number | undefined, main: string): number[] {
  const all = runningProcesses();
  const primary = all.find(({ parent, args }) => parent === system && args.includes(main));
  if (primary === undefined) return [];
  // What a worker runs for a moment, as ffmpeg, is a child of the worker; what the primary looks at is none of them.
  return all
    .filter(({ parent, args }) => parent === primary.pid && args.includes(main))
    .map(({ pid }) => pid);
}

/** Kills a process that is known to be one. */
export function kill(pid: number | undefined): void {
  if (pid === undefined || !Number.isInteger(pid) || pid <= 1)
    throw new Error(`${pid} is no process of ours`);
  process.kill(pid, 'SIGKILL');
}

/** Waits until something holds, also where no test runs; throws when it does not within `ms`. */
export async function eventually(holds: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const untilMs = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`not within ${ms} ms: ${holds}`);
    await sleep(100);
  }
}

/** What is left of the differences between a ledger and what was counted, when everything has settled. */
export async function settled<Difference>(
  differ: () => Promise<readonly Difference[]>,
  ms = 60_000,
): Promise<readonly Difference[]> {
  const untilMs = Date.now() + ms;
  while (true) {
    // Where a process is being replaced, nobody may answer for a moment.
    const found = await differ().catch((error: Error) => error);
    const isLate = Date.now() > untilMs;
    if (!(found instanceof Error) && (found.length === 0 || isLate)) return found;
    if (isLate) throw found;
    await sleep(100);
  }
}

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** The sum of a family over the series whose labels contain these. */
export function sumOf(
  samples: Samples,
  family: string,
  having: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const { labels, value } of samples.values()) {
    if (labels.metricName !== family) continue;
    if (Object.entries(having).every(([name, wanted]) => labels.get(name) === wanted)) sum += value;
  }
  return sum;
}
