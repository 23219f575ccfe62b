/** The definitions of every instrument fit their watch, whole and with parts left out, whose panels go with them. */
import { expect, test } from 'vitest';
import {
  cacheWatch,
  databaseWatch,
  dependenciesWatch,
  gpuWatch,
  httpWatch,
  jobsWatch,
  storageWatch,
  systemWatch,
  uploadsWatch,
  type Watch,
} from '../../../blueprint/dist/index.js';
import { queueMetrics } from '../../dist/bullmq.js';
import { diskMetrics } from '../../dist/disk.js';
import { fetchMetrics } from '../../dist/fetch.js';
import { gpuMetrics } from '../../dist/gpu.js';
import { healthMetrics } from '../../dist/health.js';
import { httpMetrics } from '../../dist/http.js';
import { createRegistry } from '../../dist/index.js';
import { jobTracker } from '../../dist/jobs.js';
import { mongoMetrics } from '../../dist/mongodb.js';
import { databaseMetrics } from '../../dist/pg.js';
import { redisMetrics } from '../../dist/redis.js';
import { storageMetrics } from '../../dist/storage.js';
import { systemMetrics } from '../../dist/system.js';
import { uploadMetrics } from '../../dist/uploads.js';

function panelsOf({ rows }: Watch): string[] {
  return rows.flatMap(({ panels }) => panels.map(({ title }) => title));
}

const registry = createRegistry();
const folders = { folders: ['a'] as const, registry };
const dependencies = { dependencies: ['a'] as const, registry };
const job = { name: 'job', help: 'J', registry } as const;

/** Whole; with parts left out; the panels that are missing then. */
const CASES: Readonly<Record<string, readonly [whole: Watch, less: Watch, missing: readonly string[]]>> = {
  http: [
    httpWatch(httpMetrics({ registry })),
    httpWatch(httpMetrics({ registry, names: { errors: false, inFlight: false } })),
    ['In flight', 'Exceptions'],
  ],
  fetch: [
    dependenciesWatch(fetchMetrics({ registry })),
    dependenciesWatch(fetchMetrics({ registry, names: { inFlight: false, failures: false } })),
    ['Failures', 'Under way'],
  ],
  health: [
    dependenciesWatch(healthMetrics(dependencies)),
    dependenciesWatch(healthMetrics({ ...dependencies, names: { duration: false } })),
    ['Duration'],
  ],
  pg: [
    databaseWatch(databaseMetrics({ registry })),
    databaseWatch(databaseMetrics({ registry, names: { errors: false } })),
    ['Errors'],
  ],
  mongodb: [
    databaseWatch(mongoMetrics({ registry })),
    databaseWatch(mongoMetrics({ registry, names: { errors: false } })),
    ['Errors'],
  ],
  redis: [
    databaseWatch(redisMetrics({ registry })),
    databaseWatch(redisMetrics({ registry, names: { errors: false } })),
    ['Errors'],
  ],
  'redis as a cache': [
    cacheWatch(redisMetrics({ registry })),
    cacheWatch(redisMetrics({ registry, names: { duration: false } })),
    ['Duration'],
  ],
  bullmq: [
    jobsWatch(queueMetrics({ registry })),
    jobsWatch(queueMetrics({ registry, names: { oldestWaiting: false } })),
    ['Oldest waiting'],
  ],
  jobs: [
    jobsWatch(jobTracker(job)),
    jobsWatch(jobTracker({ ...job, names: { duration: false } })),
    ['Duration', 'Distribution of durations'],
  ],
  uploads: [
    uploadsWatch(uploadMetrics({ registry })),
    uploadsWatch(uploadMetrics({ registry, names: { size: false, inProgress: false } })),
    ['Under way', 'Size', 'Distribution of sizes'],
  ],
  storage: [
    storageWatch(storageMetrics({ registry })),
    storageWatch(storageMetrics({ registry, names: { files: false } })),
    ['Files'],
  ],
  folders: [
    storageWatch(diskMetrics(folders)),
    storageWatch(diskMetrics({ ...folders, names: { files: false } })),
    ['Files'],
  ],
  disks: [
    systemWatch({ ...systemMetrics({ registry }), ...diskMetrics(folders) }),
    systemWatch(systemMetrics({ registry })),
    ['Disk', 'Share of the disk'],
  ],
  system: [
    systemWatch(systemMetrics({ registry })),
    systemWatch(systemMetrics({ registry, only: ['memoryUsed', 'memoryTotal'] })),
    ['Processors', 'Held back', 'Killed for memory'],
  ],
  gpu: [
    gpuWatch(gpuMetrics({ registry })),
    gpuWatch(gpuMetrics({ registry, names: { power: false, temperature: false } })),
    ['Temperature', 'Power'],
  ],
};

test.each(Object.entries(CASES))('%s', (_name, [whole, less, missing]) => {
  const left = panelsOf(less);
  expect(panelsOf(whole).filter((title) => !left.includes(title))).toEqual(missing);
  expect(left).not.toEqual([]);
});
