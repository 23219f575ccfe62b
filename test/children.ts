/** Processes of a test file: started with a channel, killed when the file is done. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const children: ChildProcess[] = [];
const folders: string[] = [];

afterAll(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

/** A folder that is deleted when the test file is done. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-test-'));
  folders.push(folder);
  return folder;
}

/** Starts a module of ours; what it prints to standard error is shown. */
export function startModule(
  module: string | URL,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const file = fileURLToPath(module instanceof URL ? module : import.meta.resolve(module));
  const child = fork(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.stdout?.resume();
  children.push(child);
  return child;
}

/** Starts a program from outside, silent. */
export function startProgram(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' });
  children.push(child);
  return child;
}

/** The address that a process of ours sends when it listens. */
export async function listening(child: ChildProcess): Promise<string> {
  while (true) {
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with exit code ${code}`))),
    ])) as [{ type?: string; url?: string }];
    if (message.url !== undefined) return message.url;
  }
}
