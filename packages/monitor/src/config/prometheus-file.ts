/**
 * Reads `prometheus.yml` into the typed configuration of `prometheus.ts`, with Prometheus's defaults and checks.
 *
 * What Binnacle does not read yet is refused by name: a file that the real Prometheus accepts either means the
 * same here or is an error.
 */
import { isAbsolute, join, resolve } from 'node:path';
import { formatDuration } from '@binnacle/promql';
import { readAlerting } from './alerting-file.ts';
import { type ConfigFiles, configFilesOnDisk, expandGlob, isGlob, readConfigText } from './config-files.ts';
import type { GlobalConfig, PrometheusConfig, ScrapeConfig, StaticConfig } from './prometheus.ts';
import { YamlFile, type YamlMap, type YamlNode } from './yaml-reader.ts';

const SCRAPE_INTERVAL_MS = 60_000;
const SCRAPE_TIMEOUT_MS = 10_000;
const EVALUATION_INTERVAL_MS = 60_000;

const LATER_TOP = [
  'remote_write',
  'remote_read',
  'storage',
  'tracing',
  'otlp',
  'runtime',
  'scrape_config_files',
];
const LATER_GLOBAL = [
  'body_size_limit',
  'extra_scrape_metrics',
  'keep_dropped_targets',
  'label_limit',
  'label_name_length_limit',
  'label_value_length_limit',
  'metric_name_escaping_scheme',
  'metric_name_validation_scheme',
  'query_log_file',
  'sample_limit',
  'scrape_classic_histograms',
  'scrape_failure_log_file',
  'scrape_native_histograms',
  'scrape_protocols',
  'target_limit',
];
const LATER_SCRAPE = [
  'always_scrape_classic_histograms',
  'authorization',
  'basic_auth',
  'bearer_token',
  'bearer_token_file',
  'convert_classic_histograms_to_nhcb',
  'dns_sd_configs',
  'enable_compression',
  'enable_http2',
  'fallback_scrape_protocol',
  'file_sd_configs',
  'follow_redirects',
  'http_headers',
  'http_sd_configs',
  'keep_dropped_targets',
  'kubernetes_sd_configs',
  'label_limit',
  'label_name_length_limit',
  'label_value_length_limit',
  'metric_name_escaping_scheme',
  'metric_name_validation_scheme',
  'metric_relabel_configs',
  'native_histogram_bucket_limit',
  'native_histogram_min_bucket_factor',
  'no_proxy',
  'oauth2',
  'proxy_from_environment',
  'proxy_url',
  'relabel_configs',
  'scrape_classic_histograms',
  'scrape_failure_log_file',
  'scrape_native_histograms',
  'scrape_protocols',
  'target_limit',
  'tls_config',
  'track_timestamps_staleness',
];

/** A read file: the configuration and the text that it came from, for `/api/v1/status/config`. */
export interface LoadedPrometheusConfig {
  readonly config: PrometheusConfig;
  readonly text: string;
}

/**
 * Reads a `prometheus.yml` and finds the rule files that it names.
 * @throws ConfigError with every problem
 */
export async function loadPrometheusConfig(
  path: string,
  files: ConfigFiles = configFilesOnDisk,
): Promise<LoadedPrometheusConfig> {
  const text = await readConfigText(path, files);
  const file = YamlFile.parse(path, text);
  const root = file.map;
  const global = readGlobal(root?.map('global'));
  const ruleFiles = await readRuleFiles(root, path, files);
  const scrapeConfigs = readScrapeConfigs(root, global);
  const alerting = readAlerting(root?.map('alerting'), path);
  root?.finish(LATER_TOP);
  file.throwIfProblems();
  return { config: { global, ruleFiles, scrapeConfigs, ...(alerting && { alerting }) }, text };
}

function readGlobal(map: YamlMap | undefined): GlobalConfig {
  const scrapeIntervalMs = positiveDuration(map, 'scrape_interval') ?? SCRAPE_INTERVAL_MS;
  const givenTimeoutMs = positiveDuration(map, 'scrape_timeout');
  // As in Prometheus, only a timeout that was written is checked: the default gives way to a short interval.
  const scrapeTimeoutMs = givenTimeoutMs ?? Math.min(SCRAPE_TIMEOUT_MS, scrapeIntervalMs);
  if (scrapeTimeoutMs > scrapeIntervalMs)
    map?.field('scrape_timeout')?.problem(timeoutTooLong(scrapeTimeoutMs, scrapeIntervalMs));
  const evaluationIntervalMs = positiveDuration(map, 'evaluation_interval') ?? EVALUATION_INTERVAL_MS;
  const ruleQueryOffsetMs = map?.durationMs('rule_query_offset') ?? 0;
  const externalLabels = readLabels(map, 'external_labels');
  map?.finish(LATER_GLOBAL);
  return { scrapeIntervalMs, scrapeTimeoutMs, evaluationIntervalMs, ruleQueryOffsetMs, externalLabels };
}

async function readRuleFiles(
  root: YamlMap | undefined,
  configPath: string,
  files: ConfigFiles,
): Promise<string[]> {
  const found: string[] = [];
  for (const item of root?.items('rule_files') ?? []) {
    const text = item.text();
    if (text === undefined) continue;
    const path = isAbsolute(text) ? text : join(resolve(configPath), '..', text);
    if (isGlob(join(path, '..'))) {
      item.problem(`${item.path}: only the last part of the path may hold *, ? or [: ${text}`);
    } else if (isGlob(path)) {
      found.push(...(await expandGlob(path, files)));
    } else {
      const exists = (await expandGlob(path, files)).length > 0;
      if (exists) found.push(path);
      else item.problem(`${item.path}: there is no file ${path}`);
    }
  }
  return [...new Set(found)];
}

function readScrapeConfigs(root: YamlMap | undefined, global: GlobalConfig): ScrapeConfig[] {
  const configs: ScrapeConfig[] = [];
  const jobs = new Map<string, string>();
  for (const item of root?.items('scrape_configs') ?? []) {
    const map = item.map();
    if (map === undefined) continue;
    const config = readScrapeConfig(map, item, global);
    const earlier = jobs.get(config.jobName);
    if (earlier !== undefined && config.jobName !== '')
      map
        .field('job_name')
        ?.problem(`the job name ${JSON.stringify(config.jobName)} is already taken by ${earlier}`);
    jobs.set(config.jobName, item.path);
    configs.push(config);
  }
  return configs;
}

function readScrapeConfig(map: YamlMap, item: YamlNode, global: GlobalConfig): ScrapeConfig {
  const jobName = map.required('job_name')?.text() ?? '';
  const givenIntervalMs = positiveDuration(map, 'scrape_interval');
  const scrapeIntervalMs = givenIntervalMs ?? global.scrapeIntervalMs;
  const givenTimeoutMs = positiveDuration(map, 'scrape_timeout');
  if (givenTimeoutMs !== undefined && givenTimeoutMs > scrapeIntervalMs)
    map.field('scrape_timeout')?.problem(timeoutTooLong(givenTimeoutMs, scrapeIntervalMs));
  const metricsPath = map.text('metrics_path') ?? '/metrics';
  const scheme = map.text('scheme') ?? 'http';
  if (scheme !== 'http' && scheme !== 'https')
    map.field('scheme')?.problem(`${item.path}.scheme must be http or https, not ${JSON.stringify(scheme)}`);
  const config: ScrapeConfig = {
    jobName,
    scrapeIntervalMs,
    scrapeTimeoutMs: givenTimeoutMs ?? Math.min(global.scrapeTimeoutMs, scrapeIntervalMs),
    metricsPath,
    scheme: scheme === 'https' ? 'https' : 'http',
    params: readParams(map),
    honorLabels: map.boolean('honor_labels') ?? false,
    honorTimestamps: map.boolean('honor_timestamps') ?? true,
    sampleLimit: map.integer('sample_limit') ?? 0,
    bodySizeLimitBytes: map.sizeBytes('body_size_limit') ?? 0,
    staticConfigs: map.items('static_configs').flatMap(readStaticConfig),
  };
  map.finish(LATER_SCRAPE);
  return config;
}

function readParams(map: YamlMap): Record<string, string[]> {
  const params: Record<string, string[]> = {};
  for (const { name, value } of map.map('params')?.entries() ?? [])
    params[name] = (value?.items() ?? []).flatMap((item) => item.text() ?? []);
  return params;
}

function readStaticConfig(item: YamlNode): StaticConfig[] {
  const map = item.map();
  if (map === undefined) return [];
  const targets = map.items('targets').flatMap((target) => {
    const address = target.text();
    if (address === undefined) return [];
    if (address.includes('/')) {
      target.problem(
        `${target.path} must be host:port, not ${JSON.stringify(address)}; a path goes to metrics_path, a scheme to scheme`,
      );
      return [];
    }
    if (address === '') {
      target.problem(`${target.path} must be host:port, not an empty string`);
      return [];
    }
    return [address];
  });
  const labels = readLabels(map, 'labels');
  map.finish();
  return [{ targets, labels }];
}

/** A mapping of labels; names are checked as Prometheus checks them. */
function readLabels(map: YamlMap | undefined, name: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const node = map?.field(name);
  for (const entry of node?.map()?.entries() ?? []) {
    if (entry.name === '' || entry.name === '__name__') {
      (entry.value ?? node)?.problem(`${JSON.stringify(entry.name)} is not allowed as a label name`);
      continue;
    }
    labels[entry.name] = entry.value?.text() ?? '';
  }
  return labels;
}

function positiveDuration(map: YamlMap | undefined, name: string): number | undefined {
  const node = map?.field(name);
  const ms = node?.durationMs();
  // Prometheus takes 0 for "not given" here.
  return ms === 0 ? undefined : ms;
}

function timeoutTooLong(timeoutMs: number, intervalMs: number): string {
  return `scrape_timeout (${formatDuration(timeoutMs)}) must not be longer than scrape_interval (${formatDuration(intervalMs)})`;
}
