/**
 * What brings the alerts about, for `npm run drill -- lead-scraper`. Each cause is one that happens: a table that is
 * gone or locked, processes that hang or die, a directory that fails or answers nothing, a password that was changed.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillProcess, DrillStage, SystemDrills } from '@binnacle/system-parts/drill';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** The primaries and workers of both groups, and the process that runs the site beside the visitors. */
const API = /lead-scraper\S*\/api\/main\.js/;
const SCRAPING = /lead-scraper\S*\/scraping\/main\.js/;
const SITE = /lead-scraper\S*\/visitors-main\.js/;
/** How long the table is locked at a time: well above the two seconds of the alert. */
const LOCKED_MS = 3_000;
/** What comes through between two locks. */
const UNLOCKED_MS = 50;
/** The list of this directory and region answers with an error. */
const BROKEN = { source: 'yellow_pages', region: 'jeju' } as const;
/** More than the alert allows to wait. */
const WAITING = 130;
/** A list beyond the last one: a job that has nothing to do, so that many of them are done soon. */
const NOTHING_TO_DO = { source: 'directory', region: 'seoul', first_page: 9_999 } as const;
const SOMETHING_TO_DO = { source: 'directory', region: 'seoul', pages: 2 } as const;

/** Asks for a job. */
async function order({ url }: DrillStage, job: object): Promise<void> {
  const response = await fetch(new URL('/api/v1/scrape', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  });
  await response.arrayBuffer();
  if (response.status !== 202) throw new Error(`a job was answered with ${response.status}`);
}

/** Looks at leads, however that is answered. */
async function look({ url }: DrillStage): Promise<void> {
  const response = await fetch(new URL('/api/v1/leads?limit=5', url));
  await response.arrayBuffer();
}

/** A connection to the database of the drill. */
async function connected({ databaseUrl }: DrillStage): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  // The server ends before its clients do, where the drill is broken off.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Processes of a command line, of which there must be some. */
async function found(stage: DrillStage, commandLine: RegExp): Promise<readonly DrillProcess[]> {
  const processes = await stage.processes(commandLine);
  if (processes.length === 0) throw new Error(`there is no process of ${commandLine.source}`);
  return processes;
}

/** A group's primary, and those that it has started. */
async function group(
  stage: DrillStage,
  commandLine: RegExp,
): Promise<{ readonly primary: DrillProcess; readonly workers: readonly DrillProcess[] }> {
  const all = await found(stage, commandLine);
  const workers = all.filter(({ parent }) => all.some(({ pid }) => pid === parent));
  const primary = all.find(({ pid }) => workers.some(({ parent }) => parent === pid));
  if (primary === undefined) throw new Error(`there are no workers of ${commandLine.source}`);
  return { primary, workers };
}

/** The site takes requests and sends nothing, with jobs under way that wait for it. */
async function siteHangs(stage: DrillStage): Promise<() => Promise<void>> {
  const sites = await found(stage, SITE);
  for (const site of sites) await site.signal('SIGSTOP');
  const ordering = stage.repeat(1, () => order(stage, SOMETHING_TO_DO));
  return async () => {
    await ordering();
    for (const site of sites) await site.signal('SIGCONT');
  };
}

/** So many that jobs end all the time while all is well, whatever pages the visitors' site has. */
const MANY_WORKERS = { SCRAPING_WORKERS: '4' } as const;
/** A list that does not come is tried three times, and the job then fails; by then the drill is over. */
const PATIENT = { ...MANY_WORKERS, SCRAPING_PAGE_SECONDS: '12' } as const;

/** The drills of this system. */
export const drills: SystemDrills = {
  database: true,
  redis: true,
  // Any port, since other systems may be drilled beside this one.
  environment: { API_PORT: '0', HEALTH_CHECK_SECONDS: '1' },
  alerts: {
    HighErrorRate: {
      cause:
        'The table of leads is gone, as after a migration that went wrong: who asks for leads gets a 500.',
      remedy: 'The table is there again.',
      breaks: ['database'],
      needs: ['api'],
      async begin(stage) {
        const client = await connected(stage);
        await client.query('ALTER TABLE leads RENAME TO leads_away');
        stage.repeat(5, () => look(stage));
        return async () => {
          await client.query('ALTER TABLE leads_away RENAME TO leads');
          await client.end();
        };
      },
    },
    HighLatency: {
      cause: 'A transaction of somebody locks the table of leads, again and again, for three seconds each.',
      remedy: 'Nobody locks the table any more.',
      breaks: ['database'],
      needs: ['api'],
      async begin(stage) {
        const client = await connected(stage);
        const done = new AbortController();
        const locking = (async () => {
          while (!done.signal.aborted) {
            await client.query('BEGIN; LOCK TABLE leads IN ACCESS EXCLUSIVE MODE');
            await sleep(LOCKED_MS, undefined, { signal: done.signal }).catch(() => {});
            await client.query('COMMIT');
            await sleep(UNLOCKED_MS, undefined, { signal: done.signal }).catch(() => {});
          }
        })();
        stage.repeat(3, () => look(stage));
        return async () => {
          done.abort();
          await locking;
          await client.end();
        };
      },
    },
    APIDown: {
      cause: 'All processes of the API hang: connections are taken, and nothing is answered.',
      remedy: 'They go on.',
      breaks: ['api'],
      async begin(stage) {
        const { workers } = await group(stage, API);
        for (const worker of workers) await worker.signal('SIGSTOP');
        return async () => {
          for (const worker of workers) await worker.signal('SIGCONT');
        };
      },
    },
    HighScrapingFailureRate: {
      cause: 'One directory answers with errors, and jobs for it go on being ordered.',
      remedy: 'Nobody orders jobs for it any more.',
      breaks: ['jobs'],
      needs: ['api', 'database', 'site', 'workers', 'redis'],
      environment: MANY_WORKERS,
      begin: (stage) => stage.repeat(1, () => order(stage, BROKEN)),
    },
    ScrapingJobStuck: {
      cause: 'The site takes requests and sends nothing; jobs wait for it.',
      remedy: 'The site answers again.',
      breaks: ['site', 'jobs'],
      needs: ['api', 'database', 'workers', 'redis'],
      environment: PATIENT,
      begin: siteHangs,
    },
    NoScrapingJobsCompleted: {
      cause: 'The site takes requests and sends nothing; no job completes, while more are ordered.',
      remedy: 'The site answers again.',
      breaks: ['site', 'jobs'],
      needs: ['api', 'database', 'workers', 'redis'],
      environment: PATIENT,
      factor: 240,
      begin: siteHangs,
    },
    QueueBacklogHigh: {
      cause: 'The workers hang, while many jobs are ordered.',
      remedy: 'The workers go on.',
      breaks: ['workers', 'jobs'],
      needs: ['api', 'database', 'redis'],
      environment: MANY_WORKERS,
      // Jobs that were under way are done first, and may meet pages that have no end.
      secondsMax: 120,
      async begin(stage) {
        const { workers } = await group(stage, SCRAPING);
        for (const worker of workers) await worker.signal('SIGSTOP');
        for (let i = 0; i < WAITING; i++) await order(stage, NOTHING_TO_DO);
        return async () => {
          for (const worker of workers) await worker.signal('SIGCONT');
        };
      },
    },
    WorkerDown: {
      cause: 'The workers are killed, and nobody starts others: who should do that hangs.',
      remedy: 'Other workers are started.',
      breaks: ['workers', 'jobs'],
      needs: ['api', 'database', 'redis'],
      async begin(stage) {
        const { primary, workers } = await group(stage, SCRAPING);
        await primary.signal('SIGSTOP');
        for (const worker of workers) await worker.signal('SIGKILL');
        const ordering = stage.repeat(2, () => order(stage, NOTHING_TO_DO));
        return async () => {
          await ordering();
          await primary.signal('SIGCONT');
        };
      },
    },
    DependencyDown: {
      cause: 'Somebody has given Redis another password.',
      remedy: 'Redis has the old one again.',
      labels: { dependency: 'redis' },
      breaks: ['redis', 'jobs'],
      needs: ['api'],
      notHere: () =>
        spawnSync('redis-server', ['--version']).error === undefined
          ? undefined
          : 'there is no redis-server here; apt-get install redis-server',
      async begin(stage) {
        if (stage.redisUrl === undefined) throw new Error('there is no Redis');
        const redis = new Redis(stage.redisUrl);
        redis.on('error', () => {});
        await redis.config('SET', 'requirepass', 'another');
        // Whoever is connected stays so; ours goes on, since it is who asks.
        await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        return async () => {
          await redis.config('SET', 'requirepass', '');
          redis.disconnect();
        };
      },
    },
  },
};
