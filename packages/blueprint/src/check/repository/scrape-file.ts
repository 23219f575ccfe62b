/** A `prometheus.yml`: what is scraped, how often, which rules are read, and who is told. */
import { parseDuration } from '@binnacle/promql';
import type { SourceFile } from '../source-file.ts';
import type { YamlValue } from '../yaml-source.ts';
import { itemsAt, type Located, type NamedPlace, namesAt, textAt, textsAt, valueAt } from './yaml-path.ts';

/** Prometheus's own, where the file says nothing. */
const SCRAPE_INTERVAL_MS = 60_000;
const SCRAPE_TIMEOUT_MS = 10_000;

/** A duration and where it is said; where it is not said, the place of what it holds for. */
export interface StatedDuration {
  readonly ms: number;
  readonly at: Located;
  /** Whether it stands there, and is not taken from elsewhere. */
  readonly own: boolean;
}

/** How often and how long is scraped. */
export interface ScrapeTimes {
  readonly interval: StatedDuration;
  readonly timeout: StatedDuration;
}

/** An address that is scraped. */
export interface ScrapeTarget {
  readonly address: string;
  /** Empty for what is not `host:port`. */
  readonly host: string;
  /** The port, or that of the scheme. */
  readonly port: number;
  readonly at: Located;
  readonly labels: ReadonlyMap<string, string>;
}

/** One entry of `scrape_configs`. */
export interface ScrapeJob extends ScrapeTimes {
  readonly name: string;
  readonly at: Located;
  readonly metricsPath: string;
  readonly targets: readonly ScrapeTarget[];
  /** Whether targets come from elsewhere too, so that those that are listed are not all. */
  readonly discovers: boolean;
  /** Whether labels are rewritten, so that an address or a job may go by another name. */
  readonly relabels: boolean;
}

/** The whole file. */
export interface ScrapeFile {
  readonly file: SourceFile;
  readonly global: ScrapeTimes;
  readonly jobs: readonly ScrapeJob[];
  /** Patterns as they are written. */
  readonly ruleFiles: readonly NamedPlace[];
  /** Whether there is anybody who takes alerts. */
  readonly hasAlertmanagers: boolean;
  /** The names of the labels that everything gets which leaves this Prometheus. */
  readonly externalLabels: readonly string[];
  /** The name of the list of jobs, for what is missing in it. */
  readonly jobsAt: Located;
}

/** A Prometheus configuration; undefined for anything else. */
export function scrapeFile(root: YamlValue): ScrapeFile | undefined {
  const jobs = root.entry('scrape_configs');
  const global = root.get('global');
  if (jobs === undefined && textAt(global, 'scrape_interval') === undefined) return undefined;
  const times = timesOf(global, undefined, root);
  return {
    file: root.file,
    global: times,
    jobs: (jobs?.value?.items() ?? []).map((job) => scrapeJob(job, times)),
    ruleFiles: namesAt(root, 'rule_files'),
    hasAlertmanagers: itemsAt(root, 'alerting', 'alertmanagers').length > 0,
    externalLabels: [...textsAt(global, 'external_labels').keys()],
    jobsAt: jobs ?? root,
  };
}

function scrapeJob(job: YamlValue, global: ScrapeTimes): ScrapeJob {
  const at = job.get('job_name') ?? job;
  const scheme = textAt(job, 'scheme') ?? 'http';
  return {
    name: textAt(job, 'job_name') ?? '',
    at,
    ...timesOf(job, global, at),
    metricsPath: textAt(job, 'metrics_path') ?? '/metrics',
    targets: itemsAt(job, 'static_configs').flatMap((group) => targetsOf(group, scheme)),
    discovers: job.fields().some(({ name }) => name.endsWith('_sd_configs')),
    relabels: itemsAt(job, 'relabel_configs').length > 0,
  };
}

/** The times of a job, or of all of them. A timeout that is not a job's own is cut down to its interval. */
function timesOf(value: YamlValue | undefined, global: ScrapeTimes | undefined, at: Located): ScrapeTimes {
  const stated = (name: string): StatedDuration | undefined => {
    const ms = durationMs(textAt(value, name) ?? '');
    return ms === undefined ? undefined : { ms, at: valueAt(value, name) ?? at, own: true };
  };
  const interval = stated('scrape_interval') ?? {
    ms: global?.interval.ms ?? SCRAPE_INTERVAL_MS,
    at: global?.interval.own ? global.interval.at : at,
    own: false,
  };
  const timeoutMs = Math.min(global?.timeout.ms ?? SCRAPE_TIMEOUT_MS, interval.ms);
  return { interval, timeout: stated('scrape_timeout') ?? { ms: timeoutMs, at, own: false } };
}

function targetsOf(group: YamlValue, scheme: string): ScrapeTarget[] {
  const labels = textsAt(group, 'labels');
  return namesAt(group, 'targets').map(({ name, at }) => ({
    address: name,
    ...hostAndPort(name, scheme),
    at,
    labels,
  }));
}

/** The two parts of an address; the port of the scheme where none is said. */
export function hostAndPort(address: string, scheme: string): { host: string; port: number } {
  const match = /^(\[[^\]]*\]|[^:/]*)(?::(\d+))?$/.exec(address);
  if (match === null) return { host: '', port: Number.NaN };
  const ofScheme = scheme === 'https' ? 443 : 80;
  return { host: match[1]!, port: match[2] === undefined ? ofScheme : Number(match[2]) };
}

/** A duration as Prometheus writes it; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}
