/**
 * A server that ends with the process that started it, however that ends: a shell stands between the two, and reads a
 * pipe that only this process holds.
 */
import type { ChildProcess } from 'node:child_process';

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

/** Kills the shell and its server; the shell was started as a group of processes of its own (`detached`). */
export function killGuarded(guard: ChildProcess): void {
  if (guard.pid === undefined || hasEnded(guard)) return;
  try {
    process.kill(-guard.pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** Whether a process has ended. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
