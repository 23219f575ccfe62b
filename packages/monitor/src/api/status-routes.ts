/** `/api/v1/status/…`, `/-/healthy`, `/-/ready`, `/-/reload` and `/metrics`: the monitor about itself. */
import { hostname } from 'node:os';
import { rfc3339 } from '../clock.ts';
import { plainText, success } from './envelope.ts';
import type { ApiResponse, Route } from './route.ts';

/** What storage tells about the head. */
export interface HeadStats {
  readonly seriesCount: number;
  readonly chunkCount: number;
  /** Undefined while nothing is stored. */
  readonly minTimeMs?: number;
  readonly maxTimeMs?: number;
}

/** What a service is known to have, whether it is scraped or not. */
export interface ServiceMetrics {
  /** The value of `job` on its series. */
  readonly job: string;
  /** Its metric families, by name. */
  readonly metrics: readonly string[];
}

/** The configuration's reading, again and again. */
export interface ReloadsView {
  readonly status: { readonly isSuccessful: boolean; readonly lastSuccessMs: number };
  /** Reads it again; rejects with what is wrong with it. */
  run(): Promise<void>;
}

/** What the status routes need. */
export interface StatusRoutesOptions {
  /** A version that Prometheus's clients understand, `3.5.0+binnacle.0.1.0`. */
  readonly version: string;
  /** The text of `prometheus.yml`. */
  readonly configText: () => string;
  readonly startTimeMs: number;
  /** `24h or 512MB`. */
  readonly retention: string;
  readonly isReady: () => boolean;
  /** Of the project that the monitor was started from; none where it was started from `prometheus.yml`. */
  readonly catalog?: () => readonly ServiceMetrics[] | undefined;
  readonly reloads: ReloadsView;
  readonly headStats?: () => Promise<HeadStats> | HeadStats;
  /** Writes the monitor's own metrics. */
  readonly ownMetrics?: () => Promise<ApiResponse> | ApiResponse;
}

/** The routes about the monitor itself. */
export function statusRoutes(options: StatusRoutesOptions): Route[] {
  const get = (path: string, handle: Route['handle']): Route => ({ methods: ['GET'], path, handle });
  const { headStats, ownMetrics } = options;
  return [
    get('/-/healthy', () => plainText('Binnacle is healthy.\n')),
    get('/-/ready', () =>
      options.isReady() ? plainText('Binnacle is ready.\n') : plainText('Binnacle is not ready.\n', 503),
    ),
    { methods: ['POST'], path: '/-/reload', handle: () => reload(options.reloads) },
    // No `features` here: with any, Grafana takes the server for Mimir.
    get('/api/v1/status/buildinfo', () =>
      success({
        version: options.version,
        revision: '',
        branch: '',
        buildUser: '',
        buildDate: '',
        goVersion: '',
      }),
    ),
    get('/api/v1/status/config', () => success({ yaml: options.configText() })),
    // Our own: Prometheus knows of metrics only what targets say.
    get('/api/v1/status/catalog', () => success({ services: options.catalog?.() ?? [] })),
    get('/api/v1/status/flags', () => success({})),
    get('/api/v1/status/runtimeinfo', ({ nowMs }) =>
      success({
        startTime: rfc3339(options.startTimeMs),
        CWD: process.cwd(),
        hostname: hostname(),
        serverTime: rfc3339(nowMs),
        reloadConfigSuccess: options.reloads.status.isSuccessful,
        lastConfigTime: rfc3339(options.reloads.status.lastSuccessMs),
        corruptionCount: 0,
        goroutineCount: 0,
        GOMAXPROCS: 0,
        GOMEMLIMIT: 0,
        GOGC: '',
        GODEBUG: '',
        storageRetention: options.retention,
      }),
    ),
    ...(headStats === undefined
      ? []
      : [get('/api/v1/status/tsdb', async () => success(tsdbJson(await headStats())))]),
    ...(ownMetrics === undefined ? [] : [get('/metrics', () => ownMetrics())]),
    get('/api/v1/alertmanagers', () => success({ activeAlertmanagers: [], droppedAlertmanagers: [] })),
  ];
}

/** Prometheus's words, so that scripts that know them go on working. */
async function reload(reloads: ReloadsView): Promise<ApiResponse> {
  try {
    await reloads.run();
    return plainText('');
  } catch (error) {
    return plainText(
      `failed to reload config: ${error instanceof Error ? error.message : String(error)}\n`,
      500,
    );
  }
}

function tsdbJson(stats: HeadStats) {
  return {
    headStats: {
      numSeries: stats.seriesCount,
      numLabelPairs: 0,
      chunkCount: stats.chunkCount,
      minTime: stats.minTimeMs ?? 0,
      maxTime: stats.maxTimeMs ?? 0,
    },
    seriesCountByMetricName: [],
    labelValueCountByLabelName: [],
    memoryInBytesByLabelName: [],
    seriesCountByLabelValuePair: [],
  };
}
