import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { SYSTEMS } from '../dist/systems.js';
import { readWatched } from '../dist/watched/read.js';
import { ANY_PORTS } from './any-ports.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-stage-'));
// Where the tests run as root, PostgreSQL runs as nobody, who has to get there.
fs.chmodSync(folder, 0o755);
const stages: ChildProcess[] = [];

afterAll(async () => {
  await eventually(() => {
    const left = processesOfTheStage();
    for (const pid of left) kill(pid);
    return left.length === 0;
  });
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Kills a process, which may just have ended. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Everything that runs with the folder in its environment: the stage, the systems, their workers, the monitor. */
function processesOfTheStage(): number[] {
  return fs.readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!(pid > 0) || pid === process.pid) return [];
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (/^\d+ \(.*\) Z/.test(stat)) return [];
      return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`BINNACLE_STAGE_DIR=${folder}`)
        ? [pid]
        : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

/** Starts the stage and waits for its address. */
async function start(): Promise<{ stage: ChildProcess; url: string }> {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const stage = spawn(process.execPath, [main], {
    env: { ...process.env, ...ANY_PORTS, BINNACLE_STAGE_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stages.push(stage);
  const url = await new Promise<string>((resolve, reject) => {
    const printed: string[] = [];
    createInterface({ input: stage.stdout! }).on('line', (line) => {
      printed.push(line);
      const address = /Open (http:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    stage.once('exit', () => reject(new Error(`it ended early:\n${printed.join('\n')}`)));
  });
  return { stage, url };
}

async function value(url: string, query: string): Promise<number | undefined> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  const text = data.result[0]?.value[1];
  return text === undefined ? undefined : Number(text);
}

test('the systems come up under one monitor, their dashboards move, and one signal ends them all', {
  timeout: 1_200_000,
}, async () => {
  const { stage, url } = await start();
  for (const { name } of SYSTEMS)
    await expect
      .poll(() => value(url, `sum(rate(http_requests_total{system="${name}"}[1m]))`), { timeout: 300_000 })
      .toBeGreaterThan(0);
  const dashboards = (await (await fetch(`${url}/api/search?type=dash-db`)).json()) as {
    title: string;
    uid: string;
  }[];
  const watched = await Promise.all(SYSTEMS.map(readWatched));
  expect(dashboards.map(({ title }) => title).sort()).toEqual(
    watched.flatMap((system) => system.dashboards.map(({ title }) => title)).sort(),
  );
  await expect.poll(() => value(url, 'min(up)'), { timeout: 120_000 }).toBe(1);
  const { data } = (await (await fetch(`${url}/api/v1/targets`)).json()) as {
    data: { activeTargets: { scrapeUrl: string; labels: { system: string } }[] };
  };
  const scraped = new Set(data.activeTargets.map(({ labels }) => labels.system));
  expect([...scraped].sort()).toEqual(SYSTEMS.map(({ name }) => name).sort());
  for (const { scrapeUrl } of data.activeTargets) expect((await fetch(scrapeUrl)).status).toBe(200);
  // The same steps each time, so that whatever is kept is there again.
  const most = 'max_over_time(sum(uploads_total)[1h:1s])';
  const uploads = await value(url, most);
  // A stage and a monitor; and of each system a service, a process that it has started, and visitors at least.
  expect(processesOfTheStage().length).toBeGreaterThanOrEqual(2 + 3 * SYSTEMS.length);

  const ended = once(stage, 'exit');
  stage.kill('SIGINT');
  expect((await ended)[0]).toBe(0);
  await expect.poll(processesOfTheStage, { timeout: 60_000 }).toEqual([]);

  // A second start finds its data again.
  const second = await start();
  expect(await value(second.url, most)).toBeGreaterThanOrEqual(uploads!);
  // Killed without a word, it still leaves nothing behind.
  second.stage.kill('SIGKILL');
  await expect.poll(processesOfTheStage, { timeout: 60_000 }).toEqual([]);
});
