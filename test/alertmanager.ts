/**
 * Runs a real Alertmanager.
 *
 * Debian's looks for its own templates under `/usr/share`, where they are only when it is installed. Where it was just
 * unpacked, a copy runs in which that path is one of the same length from the working directory, `./././…`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'vitest';
import { freePort } from './free-port.ts';
import { outside } from './outside.ts';

const SHARE = '/usr/share/prometheus/alertmanager';
/** A tenth of a second each, and what the machine takes. */
const TRIES_MAX = 900;

/** A running Alertmanager. */
export interface RunningAlertmanager {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one in a folder of its own; skips the test where there is none. */
export async function startAlertmanager(
  context: TestContext,
  folder: string,
  config: string,
): Promise<RunningAlertmanager> {
  const program = await runnable(outside(context, 'alertmanager'), folder);
  await writeFile(path.join(folder, 'alertmanager.yml'), config);
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    program,
    [
      '--config.file=alertmanager.yml',
      '--storage.path=storage',
      `--web.listen-address=${url.slice('http://'.length)}`,
      '--cluster.listen-address=',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await untilReady(url, child, () => said).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function runnable(program: string, folder: string): Promise<string> {
  if (existsSync(path.join(SHARE, 'default.tmpl'))) return program;
  const bytes = await readFile(program);
  const here = './'.repeat(SHARE.length / 2);
  for (let at = bytes.indexOf(SHARE); at >= 0; at = bytes.indexOf(SHARE, at + 1)) bytes.write(here, at);
  const copy = path.join(folder, 'alertmanager');
  await writeFile(copy, bytes, { mode: 0o755 });
  const unpacked = path.join(program, '../../share/prometheus/alertmanager');
  for (const name of ['default.tmpl', 'email.tmpl'])
    if (existsSync(path.join(unpacked, name)))
      await copyFile(path.join(unpacked, name), path.join(folder, name));
  return copy;
}

async function untilReady(url: string, child: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (child.exitCode !== null) throw new Error(`Alertmanager ended: ${said()}`);
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Alertmanager does not answer: ${said()}`);
}
