/**
 * What brings the alerts about, for `npm run drill -- transcripts`. Each cause is one that happens: processes that hang,
 * a database that lets nobody in, a transaction that holds a lock, media that cannot be fetched or never arrives, a
 * program that copies the library.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drill, DrillProcess, DrillStage, EndOfCause, SystemDrills } from '@binnacle/system-parts/drill';
import { Client } from 'pg';
import { MediaServer } from './drill/media-server.ts';

/** The processes of a service: its primary and its workers. */
const API = /transcripts\S*\/api\/main\.js/;
const WORKER = /transcripts\S*\/worker\/main\.js/;
/** The visitors, who serve the media that they bring. */
const VISITORS = /transcripts\S*\/visitors-main\.js/;
/** More than the alert allows to wait, and those that the worker has in its hands. */
const WAITING = 60;
/** Longer than the second of the alert, and shorter than what the API lets a statement take. */
const LOCKED_MS = 2_000;
/** What waits for the lock is answered meanwhile. */
const UNLOCKED_MS = 100;
const EXPORTS_PER_SECOND = 25;
/** Where one connects to change what holds for another database. */
const OTHER_DATABASE = 'template1';

/** Asks the API, and reads the answer to its end. @throws Error for 4xx: that is a mistake of the drill */
async function ask(stage: DrillStage, path: string, body?: object): Promise<unknown> {
  const response = await fetch(
    new URL(path, stage.url),
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        },
  );
  const text = await response.text();
  if (response.status >= 400 && response.status < 500)
    throw new Error(`${path} was answered with ${response.status}: ${text.slice(0, 100)}`);
  return response.ok && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
}

const search = (stage: DrillStage): Promise<unknown> => ask(stage, '/api/v1/search?q=market');

/** Brings a video that a server of media has, or should have. */
function bring(stage: DrillStage, media: MediaServer): Promise<unknown> {
  return ask(stage, '/api/v1/jobs', { url: media.address('recording') });
}

/** Stops the processes of a service where they are; gives what lets them go on. */
async function hang(stage: DrillStage, commandLine: RegExp): Promise<EndOfCause> {
  const processes = await stage.processes(commandLine);
  if (processes.length === 0) throw new Error(`no process has a command line like ${commandLine}`);
  await signalAll(processes, 'SIGSTOP');
  stage.say(`processes ${processes.map(({ pid }) => pid).join(', ')} do nothing any more`);
  return () => signalAll(processes, 'SIGCONT');
}

async function signalAll(
  processes: readonly DrillProcess[],
  signal: Parameters<DrillProcess['signal']>[0],
): Promise<void> {
  for (const one of processes) await one.signal(signal);
}

/** Runs statements on a connection of its own, to the system's database or to another one of its server. */
async function withDatabase<Result>(
  { databaseUrl }: DrillStage,
  run: (client: Client, database: string) => Promise<Result>,
  name?: string,
): Promise<Result> {
  if (databaseUrl === undefined) throw new Error('the drill has no database');
  const url = new URL(databaseUrl);
  const own = url.pathname.slice(1);
  if (name !== undefined) url.pathname = `/${name}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    return await run(client, client.escapeIdentifier(own));
  } finally {
    await client.end();
  }
}

/** The database lets nobody in, while people search. */
async function refuse(stage: DrillStage): Promise<EndOfCause> {
  const allow = (allowed: boolean): Promise<unknown> =>
    withDatabase(
      stage,
      async (client, database) => {
        await client.query(`ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS ${allowed}`);
        if (!allowed)
          await client.query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()',
          );
      },
      OTHER_DATABASE,
    );
  stage.repeat(10, () => search(stage));
  await allow(false);
  return async () => {
    await allow(true);
  };
}

/** A transaction takes the table of segments again and again, while people search. */
async function lock(stage: DrillStage): Promise<EndOfCause> {
  const stopSearching = stage.repeat(5, () => search(stage));
  const stopped = new AbortController();
  const locking = withDatabase(stage, async (client) => {
    while (!stopped.signal.aborted) {
      await client.query('BEGIN');
      await client.query('LOCK TABLE segments IN ACCESS EXCLUSIVE MODE');
      await sleep(LOCKED_MS);
      await client.query('COMMIT');
      await sleep(UNLOCKED_MS);
    }
  });
  // What goes wrong with it is told at the end.
  locking.catch(() => {});
  return async () => {
    stopped.abort();
    await locking;
    await stopSearching();
    stage.repeat(5, () => search(stage));
  };
}

/** Media does not arrive any more, neither that of the visitors nor that of many videos that are brought. */
async function stall(stage: DrillStage): Promise<EndOfCause> {
  const media = await MediaServer.start('hangs');
  const goOn = await hang(stage, VISITORS);
  for (let i = 0; i < WAITING; i++) await bring(stage, media);
  return async () => {
    media.conduct('serves');
    await goOn();
  };
}

/** Media is brought that is not there. */
async function failVideos(stage: DrillStage): Promise<EndOfCause> {
  const media = await MediaServer.start('has nothing');
  stage.repeat(2, () => bring(stage, media));
  return () => media.conduct('serves');
}

interface Status {
  readonly status: string;
  readonly message: string | null;
  readonly videos: readonly { readonly video_id: string }[];
}

/** A program fetches one transcript as fast as it can. */
async function copyLibrary(stage: DrillStage): Promise<EndOfCause> {
  const media = await MediaServer.start('serves');
  const { job_id: job } = (await bring(stage, media)) as { readonly job_id: string };
  let video: string | undefined;
  await stage.until('there is a transcript', async () => {
    const { status, message, videos } = (await ask(stage, `/api/v1/status/${job}`)) as Status;
    if (status === 'failed') throw new Error(`the recording cannot be transcribed: ${message}`);
    if (status === 'completed') video = videos[0]?.video_id;
    return video !== undefined;
  });
  return stage.repeat(EXPORTS_PER_SECOND, () => ask(stage, `/api/v1/exports/${video}/srt`));
}

/** One cause of two alerts. */
const REFUSED: Drill = {
  cause: 'The database lets nobody in, while people search.',
  remedy: 'It lets everybody in again.',
  breaks: ['database'],
  needs: ['api'],
  begin: refuse,
};

/** Another one of two. */
const STALLED: Drill = {
  cause:
    'Whoever serves the media hangs, and sixty more videos come: the worker waits for the media, and they for the worker.',
  remedy: 'The media arrives.',
  breaks: ['videos'],
  needs: ['api', 'worker', 'database'],
  // What the worker had begun before ends first, and when all goes on, what waited longest.
  secondsMax: 180,
  begin: stall,
};

/** The drills of this system. */
export const drills: SystemDrills = {
  database: true,
  // Others may have the usual ports: a system that runs beside its drill.
  environment: { TRANSCRIPTS_API_PORT: '0', WORKER_METRICS_PORT: '0' },
  alerts: {
    HighErrorRate: REFUSED,
    HighDatabaseErrors: REFUSED,
    SlowResponseTime: {
      cause: 'A transaction holds the table of segments for two seconds at a time, while people search.',
      remedy: 'It has ended.',
      labels: { endpoint: '/api/v1/search' },
      breaks: ['segments'],
      needs: ['api', 'database'],
      begin: lock,
    },
    APIServiceDown: {
      cause: 'All processes of the API hang.',
      remedy: 'They go on.',
      breaks: ['api'],
      visitors: false,
      begin: (stage) => hang(stage, API),
    },
    WorkerServiceDown: {
      cause: 'All processes of the worker hang.',
      remedy: 'They go on.',
      breaks: ['worker'],
      begin: (stage) => hang(stage, WORKER),
    },
    NoJobsCompleted: STALLED,
    JobsStuckInQueue: STALLED,
    HighJobFailureRate: {
      cause: 'Whoever serves the media has lost it, while people bring its addresses.',
      remedy: 'The media is there again.',
      breaks: ['videos'],
      needs: ['api', 'worker', 'database'],
      visitors: false,
      begin: failVideos,
    },
    UnusualExportActivity: {
      cause: 'A program fetches transcripts as fast as it can.',
      remedy: 'It has what it wanted.',
      breaks: ['exports'],
      needs: ['api', 'worker', 'database', 'segments'],
      visitors: false,
      begin: copyLibrary,
    },
  },
};
