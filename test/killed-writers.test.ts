/**
 * Eight processes, or worker threads, count while one after another is killed and replaced, under two who read and
 * fold, and a real Prometheus that scrapes one of them. No reader sees a number go down, Prometheus sees no reset, and
 * at the end there is every increment that a writer had told of, and at most one more for each that was killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { exportDirectory } from '@binnacle/metrics';
import { afterAll, expect, test } from 'vitest';
import { startModule, startProgram, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { outside } from './outside.ts';

const KILLS = process.env.BINNACLE_SOAK === '1' ? 200 : 15;
const WRITERS = 8;
/** What each tells of that is left in the end. */
const ROUNDS_MIN = 100;
const writer = new URL('fixtures/killed-writer.mjs', import.meta.url);

interface Writer {
  /** Of how many rounds it has told until now. */
  told(): number;
  /** Kills it; says of how many rounds it had told when it was gone. */
  kill(): Promise<number>;
}

const writers = new Set<Writer>();
afterAll(() => Promise.all([...writers].map((one) => one.kill())));

/** Kills a writer for good. */
async function kill(one: Writer): Promise<number> {
  writers.delete(one);
  return one.kill();
}

const START: Record<string, (directory: string) => Writer> = {
  processes(directory) {
    const child = spawn(process.execPath, [fileURLToPath(writer), directory], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    let told = 0;
    let rest = '';
    child.stdio[3]!.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop()!; // a line that is not whole
      told = Number(lines.at(-1) ?? told);
    });
    return {
      told: () => told,
      async kill() {
        const closed = once(child, 'close'); // what was in the pipe has been read
        child.kill('SIGKILL');
        await closed;
        return told;
      },
    };
  },
  'worker threads'(directory) {
    const told = new Int32Array(new SharedArrayBuffer(4));
    const thread = new Worker(writer, { argv: [directory], workerData: told });
    return {
      told: () => Atomics.load(told, 0),
      async kill() {
        // A thread that ends while it loads a native module takes its process along: Node.js 20 and koffi 3.
        while (Atomics.load(told, 0) === 0) await sleep(5);
        await thread.terminate();
        return told[0]!;
      },
    };
  },
};

/** The samples of an exposition that must not fall. */
function growing(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!/^(?:bound|labelled|size)_/.test(line)) continue;
    const end = line.lastIndexOf(' ');
    values.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return values;
}

interface Watch {
  /** How often it has read until now. */
  scrapes(): number;
  /** Says what had fallen. */
  stop(): Promise<string[]>;
}

/** Reads again and again until it is stopped. */
function watch(read: () => Promise<string>): Watch {
  let stopped = false;
  let scrapes = 0;
  const done = (async () => {
    const fallen: string[] = [];
    let before = new Map<string, number>();
    while (!stopped) {
      const now = growing(await read());
      for (const [series, value] of before) {
        const after = now.get(series);
        if (after === undefined || after < value) fallen.push(`${series} ${value} → ${after}`);
      }
      before = now;
      scrapes++;
      await sleep(5);
    }
    return fallen;
  })();
  return {
    scrapes: () => scrapes,
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

for (const [kind, startWriter] of Object.entries(START))
  test(`no count of ${kind} is lost and none falls, whoever is killed, and Prometheus sees no reset`, async (context) => {
    const start = () => writers.add(startWriter(directory));
    const program = outside(context, 'prometheus');
    const directory = path.join(temporaryFolder(), 'metrics');
    const keeper = startModule(writer, [directory, String(await freePort())]);
    const [{ address }] = (await once(keeper, 'message')) as [{ address: string }];
    const exporter = await exportDirectory(directory);

    const folder = temporaryFolder();
    const port = await freePort();
    const { host } = new URL(address);
    fs.writeFileSync(
      path.join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: kills\n    static_configs: [{ targets: ['${host}'] }]\n`,
    );
    startProgram(program, [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=native-histograms',
    ]);

    for (let i = 0; i < WRITERS; i++) start();
    const watches = [
      watch(async () => (await fetch(address)).text()),
      watch(async () => (await exporter.exposition()).body),
    ];
    let told = 0;
    for (let i = 0; i < KILLS; i++) {
      await sleep(100 + Math.random() * 400);
      // Each reads between any two that are killed.
      while (watches.some(({ scrapes }) => scrapes() <= i)) await sleep(5);
      const all = [...writers];
      told += await kill(all[Math.floor(Math.random() * all.length)]!);
      start();
    }
    // Those that are left have begun to count.
    while ([...writers].some((one) => one.told() < ROUNDS_MIN)) await sleep(5);
    const killed = KILLS + writers.size;
    for (const one of [...writers]) told += await kill(one);
    await sleep(1_500);
    for (const one of watches) {
      while (one.scrapes() <= KILLS) await sleep(5);
      expect(await one.stop()).toEqual([]);
    }

    const values = growing((await exporter.exposition()).body);
    const sums = {
      bound: values.get('bound_total')!,
      labelled: values.get('labelled_total{kind="even"}')! + values.get('labelled_total{kind="odd"}')!,
      observed: values.get('size_count')!,
    };
    for (const sum of Object.values(sums)) {
      expect(sum).toBeGreaterThanOrEqual(told);
      expect(sum).toBeLessThanOrEqual(told + killed);
    }
    expect(told).toBeGreaterThanOrEqual(WRITERS * ROUNDS_MIN);

    const ask = async (query: string) => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
      const answer = (await (await fetch(url)).json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return answer.data.result;
    };
    for (const metric of ['bound_total', 'labelled_total', 'size']) {
      // A slow machine has Prometheus scrape late.
      await expect
        .poll(async () => Number((await ask(`min(count_over_time(${metric}[1h]))`))[0]?.value[1]), {
          timeout: 120_000,
          interval: 500,
        })
        .toBeGreaterThan(3);
      for (const { metric: labels, value } of await ask(`resets(${metric}[1h])`))
        expect({ labels, resets: Number(value[1]) }).toEqual({ labels, resets: 0 });
    }
    await exporter.close();
  }, 600_000);
