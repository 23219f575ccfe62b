/**
 * `npm start`, once everything is built: the reference systems with their visitors, and a monitor that watches them.
 *
 *     .binnacle/config     what the monitor is started with, made anew each time
 *     .binnacle/monitor    its data, kept
 *     .binnacle/SYSTEM     what a system keeps
 *
 * `BINNACLE_STAGE_DIR` names another folder than `.binnacle`, `BINNACLE_PORT` another port for the monitor than 9700.
 *
 * Ends with everything it started on SIGINT and SIGTERM, when a part of it fails, and when the process that started
 * it is gone.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeConfig } from './config.ts';
import { Processes } from './processes.ts';
import { SYSTEMS } from './systems.ts';
import { readWatched } from './watched/read.ts';

const DEFAULT_PORT = 9700;
const PARENT_CHECK_MS = 500;

const folder =
  process.env.BINNACLE_STAGE_DIR || path.resolve(fileURLToPath(import.meta.url), '../../../../.binnacle');
let exitCode = 0;
let stopping = false;

const processes = new Processes((title, how) => {
  console.error(`${title} ended unexpectedly (${how}); stopping everything`);
  exitCode = 1;
  void stop();
});

async function stop(): Promise<void> {
  if (stopping) {
    processes.kill();
    process.exit(1);
  }
  stopping = true;
  console.log('stopping');
  await processes.stop();
  process.exit(exitCode);
}

process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());

// npm may be killed without a word; whoever looks after this process then is not who started it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent && !stopping) void stop();
}, PARENT_CHECK_MS).unref();

try {
  const onStage = [];
  for (const system of SYSTEMS) {
    const watched = await readWatched(system);
    onStage.push({ ...watched, targets: await system.start(processes, path.join(folder, system.name)) });
  }
  const config = writeConfig(path.join(folder, 'config'), onStage);
  const port = process.env.BINNACLE_PORT || String(DEFAULT_PORT);
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
  const { url } = await processes.listening(monitor);
  console.log(`\n  Open ${url}\n\n  Ctrl-C stops everything.\n`);
} catch (error) {
  if (!stopping) {
    console.error(`start failed: ${(error as Error).message}`);
    exitCode = 1;
    await stop();
  }
}
