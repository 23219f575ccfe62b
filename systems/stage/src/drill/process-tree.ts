/**
 * The processes that descend from one: whom a drill may stop and kill. A pid is never used unless it is a whole number
 * above 1 and belongs, at that moment, to a descendant with the command line that was found.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DrillProcess } from '@binnacle/system-parts/drill';

const execute = promisify(execFile);
const TABLE_BYTES_MAX = 16_000_000;

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

type Signal = Parameters<DrillProcess['signal']>[0];

/** The descendants of a process. */
export class ProcessTree {
  readonly #root: number;
  /** Those that we have stopped and not let go on. */
  readonly #stopped = new Map<number, DrillProcess>();

  /** @param root the process whose descendants they are; it is none of them */
  constructor(root: number) {
    if (!isPid(root)) throw new RangeError(`${root} is no process`);
    this.#root = root;
  }

  /** Those whose command line matches, oldest first. */
  async find(commandLine: RegExp): Promise<readonly DrillProcess[]> {
    const rows = await this.#descendants();
    return rows
      .filter((row) => commandLine.test(row.commandLine))
      .map((row) => ({ ...row, signal: (signal) => this.#signal(row, signal) }));
  }

  /** Lets everything go on that was stopped: what is stopped cannot end. */
  async release(): Promise<void> {
    for (const stopped of [...this.#stopped.values()]) await stopped.signal('SIGCONT');
  }

  async #signal(row: Row, signal: Signal): Promise<boolean> {
    const rows = await this.#descendants();
    const same = rows.some(({ pid, commandLine }) => pid === row.pid && commandLine === row.commandLine);
    if (signal === 'SIGSTOP' && same)
      this.#stopped.set(row.pid, { ...row, signal: (next) => this.#signal(row, next) });
    else this.#stopped.delete(row.pid);
    return same && send(row.pid, signal);
  }

  async #descendants(): Promise<readonly Row[]> {
    const { stdout } = await execute('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], {
      maxBuffer: TABLE_BYTES_MAX,
    });
    const rows = stdout.split('\n').flatMap(readRow);
    const family = new Set([this.#root]);
    // Parents have mostly, but not always, lower numbers than their children.
    for (let size = 0; size !== family.size; ) {
      size = family.size;
      for (const { pid, parent } of rows) if (family.has(parent)) family.add(pid);
    }
    family.delete(this.#root);
    return rows.filter(({ pid }) => family.has(pid));
  }
}

/** A line of `ps`; none for what has ended and waits for its parent to notice. */
function readRow(line: string): Row[] {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
  if (match === null || match[3]!.startsWith('Z')) return [];
  const pid = Number(match[1]);
  return isPid(pid) ? [{ pid, parent: Number(match[2]), commandLine: match[4]! }] : [];
}

/** 0 and below are groups of processes, and 1 is everybody's. */
function isPid(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1;
}

function send(pid: number, signal: Signal): boolean {
  if (!isPid(pid)) throw new RangeError(`${pid} is no process`);
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it has just ended
  }
}
