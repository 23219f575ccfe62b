/** What happens to processes: they hang, die, are not given time, have too much to do, or run out of descriptors. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillProcess, DrillStage, EndOfCause } from '@binnacle/system-parts/drill';
import { type ServiceWord, serviceUrl } from './people.ts';

/** As long as a scrape needs to see that somebody is there, or gone. */
const SEEN_MS = 1_500;
const LOOK_EVERY_MS = 200;
const ANSWER_MS_MAX = 2_000;
/** A process that is held for so long is late by more than the alert allows, and still answers a scrape in time. */
const HELD_MS = 700;
const LET_GO_MS = 60;
/** As few as a service gets along with. */
const DESCRIPTORS_MAX = 120;
/** More than the alert allows, and fewer than all, so that its metrics can still be asked for. */
const DESCRIPTORS_USED = 106;
/** As many as make a body that is just not too large, and takes longer to read than to send. */
const NONSENSE_TAGS = 24_000;

/** The processes of a service: who starts the workers, and the workers, oldest first. */
async function processesOf(
  stage: DrillStage,
  service: ServiceWord,
): Promise<{ readonly primary: DrillProcess; readonly workers: readonly DrillProcess[] }> {
  const all = await stage.processes(new RegExp(`asset-platform/dist/${service}/main\\.js`));
  const pids = new Set(all.map(({ pid }) => pid));
  const primary = all.find(({ parent }) => !pids.has(parent));
  const workers = all.filter(({ parent }) => pids.has(parent));
  if (primary === undefined || workers.length === 0) throw new Error(`${service} has no processes`);
  return { primary, workers };
}

/** All processes of a service hang. */
export async function hang(stage: DrillStage, service: ServiceWord): Promise<EndOfCause> {
  const { primary, workers } = await processesOf(stage, service);
  const all = [primary, ...workers];
  for (const one of all) await one.signal('SIGSTOP');
  return async () => {
    for (const one of all) await one.signal('SIGCONT');
  };
}

/** All workers of a service die, again and again, each time when they have just come back. */
export async function dieAgain(stage: DrillStage, service: ServiceWord): Promise<EndOfCause> {
  const health = new URL('/health', serviceUrl(stage, service));
  let going = true;
  const dying = (async () => {
    while (going) {
      const { workers } = await processesOf(stage, service).catch(() => ({ workers: [] }));
      for (const worker of workers) await worker.signal('SIGKILL');
      await sleep(SEEN_MS);
      while (going && !(await isWell(health))) await sleep(LOOK_EVERY_MS);
      await sleep(SEEN_MS);
    }
  })();
  return async () => {
    going = false;
    await dying;
  };
}

async function isWell(health: URL): Promise<boolean> {
  const answer = await fetch(health, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => {});
  return answer?.ok === true;
}

/** A worker is not given time: it is held for most of each second, as by a machine that others keep busy. */
export async function holdBack(stage: DrillStage, service: ServiceWord): Promise<EndOfCause> {
  const worker = (await processesOf(stage, service)).workers[0]!;
  let going = true;
  const holding = (async () => {
    while (going) {
      await worker.signal('SIGSTOP');
      await sleep(HELD_MS);
      await worker.signal('SIGCONT');
      await sleep(LET_GO_MS);
    }
  })();
  return async () => {
    going = false;
    await holding;
  };
}

/** A program that has gone wrong sends large assets that are none to the assets service, without a pause. */
export function sendWithoutPause(stage: DrillStage): EndOfCause {
  const { host, hostname, port } = new URL(serviceUrl(stage, 'assets'));
  const body = JSON.stringify({ name: 7, tags: new Array(NONSENSE_TAGS).fill('x') });
  const head = `POST /api/v1/assets HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
  const one = Buffer.from(`${head}content-length: ${body.length}\r\n\r\n${body}`);
  let going = true;
  let socket: Socket | undefined;
  const open = (): void => {
    if (!going) return;
    const own = connect({ host: hostname, port: Number(port) });
    socket = own;
    // One after the other on one connection, so that a worker always has the next one to go on with.
    const write = (): void => {
      while (going && own.write(one));
    };
    own.on('connect', write);
    own.on('drain', write);
    own.on('error', () => {});
    own.on('close', () => setTimeout(open, LOOK_EVERY_MS));
    own.resume();
  };
  open();
  return () => {
    going = false;
    socket?.destroy();
  };
}

/** Why {@link exhaustDescriptors} cannot be done on this machine. */
export function noLimits(): string | undefined {
  return process.platform === 'linux'
    ? undefined
    : 'only Linux can lower the limit of a process that runs (prlimit)';
}

/** A service is started anew with a low limit, and clients leave their connections open. */
export async function exhaustDescriptors(stage: DrillStage, service: ServiceWord): Promise<EndOfCause> {
  const { primary, workers } = await processesOf(stage, service);
  execFileSync('prlimit', ['--pid', String(primary.pid), `--nofile=${DESCRIPTORS_MAX}:${DESCRIPTORS_MAX}`]);
  // The limit is handed down to those that it starts from now on.
  for (const worker of workers) await worker.signal('SIGKILL');
  const old = new Set(workers.map(({ pid }) => pid));
  let young: readonly DrillProcess[] = [];
  const health = new URL('/health', serviceUrl(stage, service));
  await stage.until(`${service} is there again`, async () => {
    const { workers: now } = await processesOf(stage, service).catch(() => ({ workers: [] }));
    young = now.filter(({ pid }) => !old.has(pid));
    return young.length === workers.length && (await isWell(health));
  });
  const sockets: Socket[] = [];
  const used = (): number => Math.max(...young.map(({ pid }) => readdirSync(`/proc/${pid}/fd`).length));
  const { hostname, port } = new URL(serviceUrl(stage, service));
  await stage.until('the descriptors are in use', async () => {
    if (used() >= DESCRIPTORS_USED) return true;
    for (let i = 0; i < 5; i++) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {});
      sockets.push(socket);
    }
    return false;
  });
  stage.say(
    `${sockets.length} connections are open, a worker uses ${used()} of ${DESCRIPTORS_MAX} descriptors`,
  );
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
