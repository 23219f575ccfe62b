/**
 * A server that ends with the process that started it, however that ends: a shell stands between the two, and reads a
 * pipe that only this process holds.
 */
import type { ChildProcess } from 'node:child_process';
import { anyPort } from './ports.ts';

/**
 * What the shell runs: `sh -c SCRIPT sh COMMAND ARGUMENT...` runs the command until it ends, or until standard input
 * does, and then sends it the signal. The pipe has to be named, because a shell gives what runs in the background an
 * empty input.
 */
export function guardScript(signal: 'INT' | 'TERM'): string {
  return `exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(cat <&3 >/dev/null; kill -${signal} "$server" 2>/dev/null) &
guard=$!
wait "$server"
status=$?
kill "$guard" 2>/dev/null
exit $status`;
}

/** Whether a process has ended. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Kills a guard that was started `detached`, and the server that it guards. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined && pid > 1) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  return (await anyPort('127.0.0.1')) ?? Promise.reject(new Error('the system gave no port'));
}
