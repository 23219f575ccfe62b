/** The real page, the real API and the real engine over a storage in memory, with dashboards in a folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels } from '@binnacle/metrics/model';
import { Engine, MemoryStorage } from '@binnacle/promql';
import { DashboardFolder, dashboardRoutes } from '../packages/monitor/dist/api/dashboards.js';
import { success } from '../packages/monitor/dist/api/envelope.js';
import { pageFiles } from '../packages/monitor/dist/api/page.js';
import { queryRoutes } from '../packages/monitor/dist/api/query-routes.js';
import { seriesRoutes } from '../packages/monitor/dist/api/series-routes.js';
import { ApiServer } from '../packages/monitor/dist/api/server.js';

/** A served page. */
export interface DashboardStage {
  readonly origin: string;
  close(): Promise<void>;
}

/** Where the samples end, in Unix milliseconds; they begin half an hour earlier. */
export const END_MS = Date.UTC(2026, 0, 5, 12);
export const START_MS = END_MS - 30 * 60_000;
const STEP_MS = 15_000;
/** When the only deployment was. */
export const DEPLOYED_MS = START_MS + 10 * 60_000;

/** Samples beside those that every stage has, one of each series at every step. */
export type Fill = (
  add: (name: string, labels: Record<string, string>, value: number) => void,
  step: number,
) => void;

/** Serves dashboards, each as the JSON that it is. */
export async function openDashboardStage(
  dashboards: readonly object[],
  fill: Fill = () => {},
): Promise<DashboardStage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-dashboards-'));
  dashboards.forEach((dashboard, i) => {
    writeFileSync(path.join(folder, `${i}.json`), JSON.stringify(dashboard));
  });
  const storage = filledStorage(fill);
  const server = new ApiServer({
    routes: [
      ...queryRoutes({ engine: new Engine(), storage }),
      ...seriesRoutes(storage),
      ...dashboardRoutes(new DashboardFolder(folder)),
      { methods: ['GET'], path: '/api/v1/targets', handle: () => success({ activeTargets: [target] }) },
      { methods: ['GET'], path: '/api/v1/alerts', handle: () => success({ alerts: [] }) },
    ],
    fallback: pageFiles(fileURLToPath(new URL('../packages/ui/dist/page', import.meta.url))),
    now: Date.now,
    onError: () => {},
  });
  const { port } = await server.listen('127.0.0.1', 0);
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const target = {
  labels: { job: 'web', instance: 'a1:80' },
  discoveredLabels: {},
  scrapePool: 'web',
  scrapeUrl: 'http://a1/metrics',
  lastError: '',
  lastScrape: new Date(END_MS).toISOString(),
  lastScrapeDuration: 0.01,
  health: 'up',
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
};

/** Two systems: `a` with two instances, `b` with one. */
function filledStorage(fill: Fill): MemoryStorage {
  const storage = new MemoryStorage();
  const instances = [
    ['a', 'a1:80'],
    ['a', 'a2:80'],
    ['b', 'b.1|x:80'],
  ] as const;
  for (let at = START_MS, i = 0; at <= END_MS; at += STEP_MS, i++) {
    const add = (name: string, labels: Record<string, string>, value: number): void =>
      storage.append(Labels.of({ __name__: name, ...labels }), at, value);
    for (const [system, instance] of instances) {
      add('up', { system, instance, job: 'web' }, instance.startsWith('a2') && i > 60 && i < 80 ? 0 : 1);
      for (const [status, each] of [
        ['ok', 30],
        ['failed', 3],
      ] as const)
        add('requests_total', { system, instance, status }, i * each);
    }
    for (const [le, each] of [
      ['0.1', 5],
      ['1', 9],
      ['+Inf', 10],
    ] as const)
      add('duration_seconds_bucket', { le }, i * each);
    add('deployed', { version: '1.2', system: 'a' }, at === DEPLOYED_MS ? 1 : 0);
    add('queue_jobs', { system: 'a' }, 10 + (i % 7));
    fill(add, i);
  }
  return storage;
}
