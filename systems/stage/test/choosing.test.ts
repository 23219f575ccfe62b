/** Which systems come on the stage: those that are named, of them those that can start, and what is said of the rest. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SYSTEMS } from '../dist/systems.js';
import { ANY_PORTS } from './any-ports.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const NAMES = SYSTEMS.map(({ name }) => name).sort();
const START = fileURLToPath(new URL('../../../scripts/start.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** Nothing listens there. */
const NO_DATABASE = 'postgres://127.0.0.1:1/none';

describe('npm start, before anything is installed or built', () => {
  const check = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [START, ...args], { encoding: 'utf8' });

  test('--list names every system on the stage with what it does', () => {
    const { status, stdout } = check('--list');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('  ')[0])).toEqual(NAMES);
    for (const line of lines) expect(line).toMatch(/^\S+ {2,}\S+ .{10}/);
  });

  test('--help says how it is called', () => {
    expect(check('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('npm start -- SYSTEM'),
    });
  });

  test.each([
    { args: ['bricklayer'], says: 'no system "bricklayer". Did you mean bricklayers?' },
    { args: ['Bricklayers'], says: 'Did you mean bricklayers?' },
    { args: ['brick'], says: 'Did you mean bricklayers?' },
    { args: ['bricklayers', 'aset-platfrom'], says: 'Did you mean asset-platform?' },
    { args: ['grafana'], says: `no system "grafana". There are ${NAMES.join(', ')}.` },
    { args: [''], says: `no system "". There are ${NAMES.join(', ')}.` },
    { args: ['--lst'], says: "Unknown option '--lst'" },
  ])('$args is refused, with what may have been meant', ({ args, says }) => {
    const { status, stdout, stderr } = check(...args);
    expect(stderr).toContain(says);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('the stage', () => {
  let folder: string;
  const stages: ChildProcess[] = [];

  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-choosing-'));
  });
  afterAll(async () => {
    for (const stage of stages.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    )) {
      const ended = once(stage, 'exit');
      stage.kill('SIGTERM');
      await ended;
    }
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  /** Starts it, and gives what it prints until it has ended or says how it is stopped. */
  async function printed(names: readonly string[]): Promise<{ text: string; stage: ChildProcess }> {
    const stage = spawn(process.execPath, [MAIN, ...names], {
      env: {
        ...process.env,
        BINNACLE_STAGE_DIR: folder,
        ...ANY_PORTS,
        DATABASE_URL: NO_DATABASE,
      },
    });
    stages.push(stage);
    let text = '';
    const said = new Promise<void>((resolve) => {
      for (const stream of [stage.stdout, stage.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (text.includes('Ctrl-C')) resolve();
        });
    });
    await Promise.race([said, once(stage, 'close')]);
    return { text, stage };
  }

  test('shows the systems that are named, and says of the one that cannot start that it did not', {
    timeout: 300_000,
  }, async () => {
    const { text, stage } = await printed(['bricklayers', 'asset-platform']);
    expect(text).toContain('the database of DATABASE_URL cannot be used');
    expect(text).toMatch(
      /^ {2}asset-platform {2}did not start: asset platform ended \(exit code 1\) .*stands above$/m,
    );
    const page = /Open (http:\S+)/.exec(text)?.[1];
    const [, address, watchedAt] =
      /^ {2}bricklayers {5}(http:\S+) {2}watched at (http:\S+)$/m.exec(text) ?? [];
    expect((await fetch(address!)).status).toBeLessThan(500);
    expect(watchedAt).toBe(`${page}/#/d/bricklayers`);
    const { data } = (await (await fetch(`${page}/api/v1/targets`)).json()) as {
      data: { activeTargets: { labels: { system: string } }[] };
    };
    expect(data.activeTargets.map(({ labels }) => labels.system)).toEqual(['bricklayers']);

    const ended = once(stage, 'exit');
    stage.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  test('ends with code 1 where no system that is named can start', { timeout: 300_000 }, async () => {
    const { text, stage } = await printed(['asset-platform']);
    expect(text).toContain('start failed: asset-platform  did not start: ');
    expect(text).not.toContain('Open http');
    expect(stage.exitCode).toBe(1);
  });

  test('refuses a system that it does not have', async () => {
    const { text, stage } = await printed(['grafana']);
    expect(text).toContain('no system "grafana" is on the stage');
    expect(stage.exitCode).toBe(2);
  });
});
