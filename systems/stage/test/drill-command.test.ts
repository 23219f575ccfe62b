import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { ANY_PORTS } from './any-ports.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../dist/drill/main.js', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-drill-test-'));
// Where the tests run as root, PostgreSQL runs as nobody, who has to get there.
fs.chmodSync(folder, 0o755);
const started: ChildProcess[] = [];

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await eventually(() => left().length === 0);
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  text(): string;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
}

function drill(...args: readonly string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...ANY_PORTS, TMPDIR: folder },
  });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  return { child, text: () => text, ended: once(child, 'close').then(([code]) => code as number | null) };
}

/** The processes that were started with the folder in their environment, each with its state: `S`, `R`, `T`. */
function processes(): { readonly state: string; readonly commandLine: string }[] {
  return fs.readdirSync('/proc').flatMap((entry) => {
    try {
      const state = /^\d+ \(.*\) (\w)/.exec(fs.readFileSync(`/proc/${entry}/stat`, 'utf8'))?.[1] ?? 'Z';
      if (state === 'Z' || !fs.readFileSync(`/proc/${entry}/environ`, 'utf8').includes(`TMPDIR=${folder}`))
        return [];
      const commandLine = fs.readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ state, commandLine }];
    } catch {
      return []; // no process, or one that has ended meanwhile
    }
  });
}

const left = (): string[] => processes().map(({ commandLine }) => commandLine);
const stopped = (): number => processes().filter(({ state }) => state === 'T').length;

/** The fastest of each system; and one more of each where there is time. All of them take minutes. */
const SAMPLE: readonly (readonly [system: string, alert: string])[] = [
  ['bricklayers', 'HighErrorRate'],
  ['asset-platform', 'ServiceDown'],
  ...(process.env.BINNACLE_SOAK === '1'
    ? ([
        ['bricklayers', 'CleanupFailures'],
        ['asset-platform', 'HttpFailing'],
      ] as const)
    : []),
];

test.each(SAMPLE)(
  '%s %s is caused, fires, is told, and is resolved',
  { timeout: 1_200_000 },
  async (system, alert) => {
    const run = drill(system, alert);
    expect([await run.ended, run.text()]).toEqual([0, expect.stringContaining('1 passed, 0 failed')]);
    const words = [...run.text().matchAll(new RegExp(`^ *[\\d.]+ s  ${system}  ${alert}  (\\w+)`, 'gm'))].map(
      ([, word]) => word,
    );
    expect(words.filter((word) => word !== 'rule' && word !== 'pending' && word !== 'done')).toEqual([
      'cause',
      'firing',
      'notified',
      'remedy',
      'resolved',
    ]);
    await expect.poll(left, { timeout: 60_000 }).toEqual([]);
    expect(fs.readdirSync(folder)).toEqual([]);
  },
);

test('what there is not is no drill', async () => {
  const wrong = [['brickslayers'], ['bricklayers', 'SlowRequest'], [], ['--al'], ['--all', 'bricklayers']];
  for (const args of wrong) {
    const run = drill(...args);
    expect([args, await run.ended, run.text().startsWith('drill: ')]).toEqual([args, 2, true]);
  }
});

test('an interrupt ends all that was started, also what was stopped', { timeout: 600_000 }, async () => {
  const run = drill('bricklayers', 'JobQueueBacklog');
  await expect.poll(stopped, { timeout: 300_000 }).toBe(2);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(130);
  await expect.poll(left, { timeout: 60_000 }).toEqual([]);
  expect(fs.readdirSync(folder)).toEqual([]);
});
