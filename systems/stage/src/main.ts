/**
 * `npm start`, once everything is built: the reference systems with their visitors, and a monitor that watches them.
 *
 *     node main.js                 all of them
 *     node main.js bricklayers     those that are named
 *
 *     .binnacle/config     what the monitor is started with, made anew each time
 *     .binnacle/monitor    its data, kept
 *     .binnacle/SYSTEM     what a system keeps
 *
 * `BINNACLE_STAGE_DIR` names another folder than `.binnacle`, `BINNACLE_PORT` another port for the monitor than 9700.
 *
 * A system that cannot start is left out, and the last lines say so; where none can, the exit code is 1. Ends with
 * everything it started on SIGINT and SIGTERM, when a part of what has started fails, and when the process that
 * started it is gone.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OnStage, writeConfig } from './config.ts';
import { Processes } from './processes.ts';
import type { System } from './system.ts';
import { SYSTEMS } from './systems.ts';
import { readWatched } from './watched/read.ts';

const DEFAULT_PORT = 9700;
const PARENT_CHECK_MS = 500;
const WRONG_ARGUMENTS = 2;

const folder =
  process.env.BINNACLE_STAGE_DIR || path.resolve(fileURLToPath(import.meta.url), '../../../../.binnacle');
/** What has been started, each system's processes by themselves, the monitor's last. */
const started: Processes[] = [];
let exitCode = 0;
let stopping = false;

async function stop(): Promise<void> {
  if (stopping) {
    for (const processes of started) processes.kill();
    process.exit(1);
  }
  stopping = true;
  console.log('stopping');
  await Promise.all(started.toReversed().map((processes) => processes.stop()));
  process.exit(exitCode);
}

function stopAfter(title: string, how: string): void {
  if (stopping) return;
  console.error(`${title} ended unexpectedly (${how}); stopping everything`);
  exitCode = 1;
  void stop();
}

process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());

// npm may be killed without a word; whoever looks after this process then is not who started it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent && !stopping) void stop();
}, PARENT_CHECK_MS).unref();

/** The systems that were named, in the order in which they start; all where none was. */
function chosen(names: readonly string[]): readonly System[] {
  const unknown = names.find((name) => !SYSTEMS.some((system) => system.name === name));
  if (unknown !== undefined) {
    console.error(
      `no system "${unknown}" is on the stage: ${SYSTEMS.map(({ name }) => name).join(', ')} are`,
    );
    process.exit(WRONG_ARGUMENTS);
  }
  return names.length === 0 ? SYSTEMS : SYSTEMS.filter(({ name }) => names.includes(name));
}

/**
 * Starts a system.
 * @throws Error when it cannot start; nothing of it runs any more
 */
async function start(system: System): Promise<OnStage> {
  let up = false;
  let fail: (cause: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const processes = new Processes((title, how) => {
    if (up) stopAfter(title, how);
    else fail(new Error(`${title} ended (${how}) before all was up; what it said stands above`));
  });
  started.push(processes);
  try {
    const watched = await readWatched(system);
    const running = await Promise.race([failed, system.start(processes, path.join(folder, system.name))]);
    up = true;
    return { ...watched, ...running, name: system.name };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

async function startMonitor(onStage: readonly OnStage[]): Promise<string> {
  const config = writeConfig(path.join(folder, 'config'), onStage);
  const port = process.env.BINNACLE_PORT || String(DEFAULT_PORT);
  const processes = new Processes(stopAfter);
  started.push(processes);
  const monitor = processes.start({
    title: 'monitor',
    module: 'binnacle/cli',
    args: [
      'up',
      ...['--config', config.prometheus],
      ...['--dashboards', config.dashboards],
      ...['--data', path.join(folder, 'monitor')],
      ...['--listen', `127.0.0.1:${port}`],
    ],
    quiet: /listening on/,
  });
  return (await processes.listening(monitor)).url;
}

async function run(systems: readonly System[]): Promise<void> {
  const onStage: OnStage[] = [];
  const leftOut: string[] = [];
  const width = Math.max(...systems.map(({ name }) => name.length));
  for (const system of systems) {
    const words = system.name.padEnd(width);
    await start(system).then(
      (running) => onStage.push(running),
      (error: Error) => leftOut.push(`${words}  did not start: ${error.message}`),
    );
    if (stopping) return;
  }
  if (onStage.length === 0) throw new Error(leftOut.join('; '));
  const page = await startMonitor(onStage);
  const running = onStage.map(({ name, url, dashboards }) => {
    const watchedAt = dashboards.map(({ uid }) => `${page}/#/d/${uid}`)[0] ?? page;
    return `${name.padEnd(width)}  ${url}  watched at ${watchedAt}`;
  });
  const lines = [...running, ...leftOut].map((line) => `  ${line}`).join('\n');
  console.log(`\n  Open ${page}\n\n${lines}\n\n  Ctrl-C stops everything.\n`);
}

try {
  await run(chosen(process.argv.slice(2)));
} catch (error) {
  if (!stopping) {
    console.error(`start failed: ${(error as Error).message}`);
    exitCode = 1;
    await stop();
  }
}
