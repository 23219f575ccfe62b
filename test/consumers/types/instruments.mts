// What instruments give, exported from a project that emits declarations, so that every type of it can be named from
// outside. Fastify and Hono are left out: their types are made of the framework's, whoever uses them has these, and their
// metrics are those of `/http`.
import { counter, label } from '@binnacle/metrics';
import { countQueueTotals, instrumentQueue, instrumentWorker, queueMetrics } from '@binnacle/metrics/bullmq';
import { diskMetrics, measureFolders } from '@binnacle/metrics/disk';
import { expressErrors, expressMetrics } from '@binnacle/metrics/express';
import { fetchMetrics, instrumentFetch } from '@binnacle/metrics/fetch';
import { gpuMetrics, reportGpus } from '@binnacle/metrics/gpu';
import { healthChecks, healthMetrics } from '@binnacle/metrics/health';
import { httpMetrics, instrumentServer } from '@binnacle/metrics/http';
import { jobTracker } from '@binnacle/metrics/jobs';
import { koaMetrics } from '@binnacle/metrics/koa';
import { instrumentMongo, mongoMetrics } from '@binnacle/metrics/mongodb';
import { instrumentNest } from '@binnacle/metrics/nest';
import { databaseMetrics, instrumentClient, instrumentPool } from '@binnacle/metrics/pg';
import { instrumentRedis, redisMetrics } from '@binnacle/metrics/redis';
import { runtimeMetrics } from '@binnacle/metrics/runtime';
import { instrumentDatabase, databaseMetrics as sqliteMetrics } from '@binnacle/metrics/sqlite';
import { instrumentStorage, measureUsage, storageMetrics } from '@binnacle/metrics/storage';
import { reportSystem, systemMetrics } from '@binnacle/metrics/system';
import { countTotals, rememberInFile } from '@binnacle/metrics/totals';
import { startUpload, uploadMetrics } from '@binnacle/metrics/uploads';

export const http = httpMetrics();
export const { requests, duration, inFlight, errors, requestSize, responseSize } = httpMetrics({
  names: { requests: 'answers_total', errors: false },
  labels: { endpoint: 'route', method: false },
  inFlightLabels: ['endpoint'],
});
export const fetched = fetchMetrics();
export const { calls, failures } = fetchMetrics({ names: { inFlight: false }, labels: { host: 'to' } });
export const sql = databaseMetrics();
export const { wait, connections } = databaseMetrics({ names: { wait: false }, labels: { table: false } });
export const file = sqliteMetrics({ names: { idle: false } });
export const redis = redisMetrics();
export const { hits, down } = redisMetrics({ names: { down: false }, labels: { command: 'operation' } });
export const mongo = mongoMetrics();
export const { idle, duration: commands } = mongoMetrics({
  names: { idle: false },
  labels: { operation: false },
});
export const queues = queueMetrics();
export const { total, pending } = queueMetrics({ names: { pending: false }, labels: { job_name: 'task' } });
export const jobs = jobTracker({
  name: 'job',
  help: 'J',
  labels: { kind: ['a', 'b'] },
  endLabels: { to: label },
});
export const { active, lastSuccess } = jobTracker({
  name: 'run',
  help: 'R',
  names: { lastSuccess: 'run_success_timestamp_seconds', active: false },
  labelNames: { status: 'ending', error_code: false },
});
export const uploads = uploadMetrics();
export const { refused, size } = uploadMetrics({ names: { size: false }, reasons: ['no_sound'] });
export const storage = storageMetrics({ providers: ['s3', 'gcs'], capacity: true });
export const { usage, deletes } = storageMetrics({
  names: { deletes: false },
  labels: { provider: 'bucket' },
});
export const disk = diskMetrics({ folders: ['uploads'] });
export const { files } = diskMetrics({ folders: ['a'], names: { usage: false }, labels: { folder: 'of' } });
export const system = systemMetrics();
export const { cpu, cpuCores } = systemMetrics({ only: ['cpu'], labels: { mode: 'state' } });
export const gpus = gpuMetrics();
export const { power, memoryUsed } = gpuMetrics({ names: { power: false }, labels: { device: 'gpu' } });
export const health = healthMetrics({ dependencies: ['database'] });
export const { up } = healthMetrics({ dependencies: ['redis'], names: { duration: false } });

declare const queue: Parameters<typeof instrumentQueue>[0];
declare const worker: Parameters<typeof instrumentWorker>[0];
declare const app: Parameters<typeof instrumentNest>[0];
declare const server: Parameters<typeof instrumentServer>[0];
declare const client: Parameters<typeof instrumentRedis>[0];
declare const mongoClient: Parameters<typeof instrumentMongo>[0];
declare const pool: Parameters<typeof instrumentPool>[0];
declare const pgClient: Parameters<typeof instrumentClient>[0];
declare const database: Parameters<typeof instrumentDatabase>[0];
const packets = counter({ name: 'packets_total', help: 'P' });

export const begun = () => ({
  express: [expressMetrics({ metrics: http }), expressErrors()],
  koa: koaMetrics({ metrics: http }),
  nest: instrumentNest(app, { metrics: http }),
  server: instrumentServer(server, { metrics: http }),
  fetch: instrumentFetch({ metrics: fetched }),
  pool: instrumentPool(pool, { metrics: sql }),
  client: instrumentClient(pgClient, { metrics: sql }),
  database: instrumentDatabase(database, { metrics: file }),
  redis: instrumentRedis(client, { metrics: redis }),
  mongo: instrumentMongo(mongoClient, { metrics: mongo }),
  queue: instrumentQueue(queue, { metrics: queues }),
  worker: instrumentWorker(worker, { metrics: queues }),
  counted: countQueueTotals(queue, { metrics: queues }),
  totals: countTotals({
    source: () => ({ packets: 1 }),
    into: { packets },
    remember: rememberInFile('totals'),
  }),
  upload: startUpload({ metrics: uploads }),
  storage: instrumentStorage({ metrics: storage }),
  usage: measureUsage({ metrics: storage, usage: () => ({ s3: { bytes: 1 } }) }),
  folders: measureFolders({ uploads: '.' }, { metrics: disk }),
  system: reportSystem({ metrics: system }),
  gpus: reportGpus({ metrics: gpus }),
  health: healthChecks({ checks: { database: () => true }, metrics: health }),
  runtime: runtimeMetrics(),
  job: jobs.begin({ kind: 'a' }),
});
export const {
  server: measuredServer,
  fetch: measuredFetch,
  redis: measuredRedis,
  mongo: measuredMongo,
  queue: measuredQueue,
  counted,
  upload,
  usage: measuredUsage,
  folders,
  system: reportedSystem,
  gpus: reportedGpus,
  health: checks,
  runtime,
  job,
} = begun();
