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

afterAll(async () => {
  await Promise.all(children.splice(0).map(killed));
  // What they had started in turn may write for a moment longer.
  const patience = { maxRetries: 10, retryDelay: 100 };
  for (const folder of folders.splice(0))
    await fs.promises.rm(folder, { recursive: true, force: true, ...patience });
});

async function killed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

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
export function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    // One listener for all: several messages may come at once.
    const take = ({ url }: { readonly url?: string }): void => {
      if (url === undefined) return;
      child.off('message', take);
      resolve(url);
    };
    child.on('message', take);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with exit code ${code}`)));
  });
}
