/**
 * `binnacle up`: puts the parts together.
 *
 *     IngestThread ── scrapes, stores ──┐
 *        ▲ append                       │ select
 *        │                              ▼
 *     RuleManager ──── query ────────▶ Engine ◀── query ── ApiServer ◀── people, Grafana
 *        └── alerts ──▶ Notifications ──▶ receivers, Alertmanagers
 *
 * Everything is read and checked before anything starts, or is changed by a reload. Starting goes from storage outwards,
 * stopping the other way round, so that no part ever asks one that is gone.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Engine, formatDuration } from '@binnacle/promql';
import { alertmanagerRoutes } from '../api/alertmanager-routes.ts';
import { DashboardFolder, dashboardRoutes } from '../api/dashboards.ts';
import { pageFiles } from '../api/page.ts';
import { queryRoutes, RANGE_POINTS_MAX } from '../api/query-routes.ts';
import type { Route } from '../api/route.ts';
import { ruleRoutes } from '../api/rule-routes.ts';
import { seriesRoutes } from '../api/series-routes.ts';
import { ApiServer } from '../api/server.ts';
import { type ServiceMetrics, statusRoutes } from '../api/status-routes.ts';
import { targetRoutes } from '../api/target-routes.ts';
import { systemClock } from '../clock.ts';
import type { GlobalConfig } from '../config/prometheus.ts';
import { type LoadedPrometheusConfig, loadPrometheusConfig } from '../config/prometheus-file.ts';
import { alertStateFile } from '../rules/alert-state.ts';
import { RESTORE_TIMING } from '../rules/restore-alerts.ts';
import type { RuleFile } from '../rules/rule-file.ts';
import { RuleManager, type RuleSettings } from '../rules/rule-manager.ts';
import { engineRuleQuery } from '../rules/rule-query.ts';
import { loadRuleFiles } from './check.ts';
import { type HeartbeatOptions, heartbeatRules } from './heartbeat.ts';
import { IngestThread } from './ingest-thread.ts';
import { type LoadedNotifications, loadNotifications, Notifications } from './notifications.ts';
import { ownMetricsResponse } from './own-metrics.ts';
import { Reloads } from './reloads.ts';

/** How many further ports are tried when one is taken. */
export const PORTS_TRIED_MAX = 20;
/** The least time between two tellings of the same alert by the rules; Prometheus's default. */
const RESEND_DELAY_MS = 60_000;

/** The versions whose API is answered; clients look at them. */
const PROMETHEUS_VERSION = '3.5.0';
const ALERTMANAGER_VERSION = '0.33.0';

/** What `binnacle up` was asked for. Paths are absolute. */
export interface UpOptions {
  readonly configPath: string;
  readonly alertsPath: string | undefined;
  /** Undefined for none. */
  readonly heartbeat: HeartbeatOptions | undefined;
  readonly dashboardsDir: string | undefined;
  readonly dataDir: string;
  /** Undefined when the page is not built. */
  readonly pageDir: string | undefined;
  readonly host: string;
  readonly port: number;
  /** Whether a taken port is an error. */
  readonly strictPort: boolean;
  /** Undefined for the address that is listened on. */
  readonly externalUrl: string | undefined;
  /** Names that the monitor is reached by, beside its own. */
  readonly allowedHosts: readonly string[];
  readonly retentionTimeMs: number;
  readonly retentionBytes: number;
  /** Which metrics the services of a project have, by its definitions. */
  readonly catalog?: readonly ServiceMetrics[] | undefined;
  /** Finds the options anew for a reload, where they come from files themselves; without it they stay. */
  readonly reread?: (() => Promise<UpOptions>) | undefined;
}

/** No free port was found. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly code = 'port_taken';
}

/** A running monitor. */
export interface Monitor {
  /** `http://127.0.0.1:9700`. */
  readonly url: string;
  /** `24 h or 512 MB, whichever comes first`. */
  readonly bounds: string;
  /** Rejects when the monitor cannot go on, because its storage has ended; never resolves. */
  readonly failed: Promise<never>;
  /**
   * Reads the files again, and goes on with what they say now: targets, rules, receivers and all else. Rejects with what
   * is wrong with them; then everything goes on as before.
   */
  reload(): Promise<void>;
  /** Stops everything; what was stored stays. */
  close(): Promise<void>;
}

/** What the files of a configuration say; all of it is right. */
interface Files {
  readonly prometheus: LoadedPrometheusConfig;
  readonly rules: readonly RuleFile[];
  readonly notifications: LoadedNotifications;
  readonly catalog: readonly ServiceMetrics[] | undefined;
}

/** @throws ConfigError */
async function readFiles(options: UpOptions, report: (message: string) => void): Promise<Files> {
  const { heartbeat, alertsPath, catalog } = options;
  const prometheus = await loadPrometheusConfig(options.configPath);
  const rules = await loadRuleFiles(prometheus.config.ruleFiles);
  if (heartbeat !== undefined) rules.push(heartbeatRules(heartbeat));
  const { alerting } = prometheus.config;
  return {
    prometheus,
    rules,
    notifications: await loadNotifications(alertsPath, alerting, heartbeat, report),
    catalog,
  };
}

/**
 * Starts a monitor.
 * @param report told in words of what an operator should know
 * @throws ConfigError before anything has started; PortTakenError
 */
export async function startMonitor(options: UpOptions, report: (message: string) => void): Promise<Monitor> {
  const files = await readFiles(options, report);
  const ingest = await IngestThread.start({
    dataDir: options.dataDir,
    scrapeConfigs: files.prometheus.config.scrapeConfigs,
    retention: { timeMs: options.retentionTimeMs, bytes: options.retentionBytes },
    onReport: report,
  });
  try {
    return await startAround(ingest, options, files, report);
  } catch (error) {
    await ingest.close();
    throw error;
  }
}

async function startAround(
  ingest: IngestThread,
  options: UpOptions,
  firstFiles: Files,
  report: (message: string) => void,
): Promise<Monitor> {
  const clock = systemClock;
  const startTimeMs = clock.now();
  const engine = new Engine({
    // A long query lets scrapes' answers, rules and other requests through.
    yieldToLoop: setImmediate,
    // A range of 11,000 steps has one point more; the API has checked it in Prometheus's words.
    maxSteps: RANGE_POINTS_MAX + 1,
  });
  const bounds = `${timeText(options.retentionTimeMs)} or ${sizeText(options.retentionBytes)}, whichever comes first`;
  const notifications = await Notifications.open({
    loaded: firstFiles.notifications,
    dataDir: options.dataDir,
    clock,
    onProblem: report,
  });
  const parts: { files: Files; rules?: RuleManager; server?: ApiServer } = { files: firstFiles };
  const reloads = new Reloads(async () => {
    const { rules } = parts;
    if (rules === undefined) throw new Error('the monitor has not started yet');
    const again = (await options.reread?.()) ?? options;
    const files = await readFiles(again, report);
    const changeNotifications = notifications.prepare(files.notifications);
    const { scrapeConfigs, global } = files.prometheus.config;
    // The last that may refuse: an address that is none.
    await ingest.reload(scrapeConfigs);
    await rules.update(files.rules, ruleSettings(global));
    await changeNotifications();
    parts.files = files;
    for (const what of changedForNextStart(options, again))
      report(`${what} has changed: that holds from the next start on`);
  }, clock.now);
  const routes: Route[] = [
    ...queryRoutes({ engine, storage: ingest }),
    ...seriesRoutes(ingest),
    ...targetRoutes(ingest),
    ...ruleRoutes(() => parts.rules?.status() ?? []),
    ...alertmanagerRoutes({
      notifier: () => notifications.view,
      silences: notifications.silences,
      version: `${ALERTMANAGER_VERSION}+binnacle.${ownVersion()}`,
    }),
    ...statusRoutes({
      version: `${PROMETHEUS_VERSION}+binnacle.${ownVersion()}`,
      configText: () => parts.files.prometheus.text,
      startTimeMs,
      retention: bounds,
      catalog: () => parts.files.catalog,
      isReady: () => parts.rules !== undefined,
      reloads,
      ownMetrics: async () =>
        ownMetricsResponse({
          version: ownVersion(),
          startTimeMs,
          residentBytes: process.memoryUsage.rss(),
          reload: reloads.status,
          ingest: await ingest.stats(),
          ruleGroups: parts.rules?.status() ?? [],
          notifier: notifications.notifierStatus,
          silences: notifications.silences.counts(),
          alertmanagers: notifications.forwarderStatus,
          requests: parts.server?.requestCounts() ?? [],
        }),
      headStats: async () => {
        const { series, blocks } = (await ingest.stats()).database;
        return { seriesCount: series, chunkCount: blocks };
      },
    }),
    ...dashboardRoutes(new DashboardFolder(options.dashboardsDir)),
  ];
  const { server, url } = await listen(options, routes, report);
  parts.server = server;
  const externalUrl = options.externalUrl ?? url;
  const rules = new RuleManager(firstFiles.rules, {
    ...ruleSettings(firstFiles.prometheus.config.global),
    query: engineRuleQuery(engine, ingest),
    storage: ingest,
    sink: (sent) => notifications.post(sent),
    yieldToLoop: setImmediate,
    externalUrl,
    resendDelayMs: RESEND_DELAY_MS,
    restore: RESTORE_TIMING,
    clock,
    state: alertStateFile(join(options.dataDir, 'rules.json')),
    onProblem: report,
  });
  await rules.load();
  await notifications.start(externalUrl);
  // At once: alerts that go on are told before the notifier takes them for resolved.
  rules.start();
  parts.rules = rules;
  return {
    url,
    bounds,
    failed: ingest.failed,
    reload: () => reloads.run(),
    async close() {
      await server.close();
      await reloads.end();
      await rules.stop();
      await notifications.stop();
      await ingest.close();
    },
  };
}

function ruleSettings({
  evaluationIntervalMs,
  ruleQueryOffsetMs,
  externalLabels,
}: GlobalConfig): RuleSettings {
  return { evaluationIntervalMs, queryOffsetMs: ruleQueryOffsetMs, externalLabels };
}

/** What options say otherwise than those that the monitor was started with, and a reload does not change. */
function changedForNextStart(started: UpOptions, now: UpOptions): string[] {
  return [
    ...(now.externalUrl === started.externalUrl ? [] : ['the external address']),
    ...(now.retentionTimeMs === started.retentionTimeMs && now.retentionBytes === started.retentionBytes
      ? []
      : ['retention']),
  ];
}

/** Listens on the asked-for port or, unless told otherwise, on the next free one. */
async function listen(
  options: UpOptions,
  routes: readonly Route[],
  report: (message: string) => void,
): Promise<{ readonly server: ApiServer; readonly url: string }> {
  const { host, strictPort } = options;
  const lastPort =
    strictPort || options.port === 0 ? options.port : Math.min(65_535, options.port + PORTS_TRIED_MAX);
  for (let port = options.port; port <= lastPort; port++) {
    const server = new ApiServer({
      routes,
      fallback: pageFiles(options.pageDir),
      now: () => systemClock.now(),
      onError: report,
      allowedHosts: options.allowedHosts,
      ...(options.externalUrl === undefined ? {} : { externalUrl: options.externalUrl }),
    });
    try {
      const bound = await server.listen(host, port);
      const name =
        host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
      return { server, url: `http://${name}:${bound.port}` };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    }
  }
  const tried =
    lastPort > options.port ? `the ports ${options.port} to ${lastPort} are` : `port ${options.port} is`;
  throw new PortTakenError(`${tried} taken on ${host}: choose another with --listen HOST:PORT`);
}

/** Hours up to three days, as people say it; anything else as it is written. */
function timeText(ms: number): string {
  const hours = ms / 3_600_000;
  return Number.isInteger(hours) && hours <= 72 ? `${hours} h` : formatDuration(ms);
}

function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${Number(bytes.toFixed(1))} ${units[unit]}`;
}

/** The version of this package. */
export function ownVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../../package.json');
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : '0.0.0';
}
