/**
 * What is said of scraping: how often, and which jobs there are. The `prometheus.yml` files of a repository say it, and
 * so does a configuration, of which the longer interval of its two environments counts: a rule is to work in both.
 */
import { type Expr, parseDuration, walk } from '@binnacle/promql';
import type { Config } from '../config/config.ts';
import { BACKENDS } from '../generate/backends.ts';
import type { SourceFile } from './source-file.ts';
import { readYaml, type YamlValue } from './yaml-source.ts';

/** As Prometheus has it where nothing is said. */
const SCRAPE_INTERVAL_MS_DEFAULT = 60_000;

/** What `binnacle up` and the generated stack scrape beside the services of a configuration: themselves. */
const STACK_JOBS: readonly string[] = [
  'alertmanager',
  'binnacle',
  'grafana',
  ...Object.values(BACKENDS).flatMap(({ ownJobs }) => Object.keys(ownJobs)),
];

/** Labels that the operator gives to what a `ServiceMonitor` or a `PodMonitor` selects. */
const OPERATOR_LABELS = ['namespace', 'pod', 'service', 'endpoint', 'container', 'node'];

/** Labels that a job adds to its targets beside `job` and `instance`; undefined where they cannot be told. */
type AddedLabels = ReadonlySet<string> | undefined;

/** What is scraped. */
export class ScrapeSettings {
  /** By name of the job. */
  readonly intervals: ReadonlyMap<string, number>;
  /** All values of `job` that there are; undefined where something else than the name of a job may be one. */
  readonly jobs: ReadonlySet<string> | undefined;
  readonly #labels: ReadonlyMap<string, AddedLabels>;
  readonly #common: readonly string[];
  /** The shortest interval of all jobs, so that no range is called too short by mistake; undefined without a job. */
  readonly intervalMs: number | undefined;

  private constructor(
    intervals: ReadonlyMap<string, number>,
    jobs: ReadonlySet<string> | undefined,
    labels: ReadonlyMap<string, AddedLabels>,
    common: readonly string[],
  ) {
    this.intervals = intervals;
    this.jobs = jobs;
    this.#labels = labels;
    this.#common = common;
    this.intervalMs = intervals.size === 0 ? undefined : Math.min(...intervals.values());
  }

  /**
   * Reads the scrape jobs of files, and takes the services of a configuration of which no file tells.
   * @param manifests of Kubernetes
   */
  static of(
    files: readonly SourceFile[],
    manifests: readonly SourceFile[],
    config: Config | undefined,
  ): ScrapeSettings {
    const intervals = new Map<string, number>();
    const labels = new Map<string, AddedLabels>();
    let areJobsKnown = true;
    for (const file of files) {
      for (const root of readYaml(file).documents.slice(0, 1)) {
        if (root.get('scrape_config_files') !== undefined) areJobsKnown = false;
        const common =
          durationOf(root.get('global')?.get('scrape_interval')?.text()?.text) ?? SCRAPE_INTERVAL_MS_DEFAULT;
        for (const job of root.get('scrape_configs')?.items() ?? []) {
          const name = job.get('job_name')?.text()?.text;
          const interval = durationOf(job.get('scrape_interval')?.text()?.text) ?? common;
          if (name === undefined || mayRename(job)) areJobsKnown = false;
          if (name === undefined) continue;
          intervals.set(name, Math.min(interval, intervals.get(name) ?? interval));
          labels.set(name, labels.has(name) ? joined(labels.get(name), addedBy(job)) : addedBy(job));
        }
      }
    }
    for (const { job, scrapeInterval } of config?.services ?? []) {
      const environments = [config?.development, config?.production].map((one) => one?.scrapeInterval);
      const own = durationOf(scrapeInterval);
      const interval = own ?? Math.max(...environments.map((text) => durationOf(text) ?? 0));
      if (interval > 0 && !intervals.has(job)) intervals.set(job, interval);
    }
    const isOperated = manifests.some(({ text }) => /^kind:\s*(?:Service|Pod)Monitor\s*$/m.test(text));
    // What an operator scrapes goes by the names of Kubernetes' services.
    const areKnown = areJobsKnown && !isOperated && intervals.size > 0;
    const jobs = new Set([...intervals.keys(), ...(config === undefined ? [] : STACK_JOBS)]);
    return new ScrapeSettings(
      intervals,
      areKnown ? jobs : undefined,
      labels,
      isOperated ? OPERATOR_LABELS : [],
    );
  }

  /** The labels that a job adds to its targets beside `job` and `instance`; undefined where they cannot be told. */
  labelsOf(job: string): ReadonlySet<string> | undefined {
    if (!this.#labels.has(job)) return new Set(this.#common);
    return joined(this.#labels.get(job), new Set(this.#common));
  }

  /**
   * How often the series of an expression are scraped: the shortest interval of the jobs that its selectors name, or of
   * all jobs where one names none.
   */
  intervalFor(expr: Expr): number | undefined {
    const named: (number | undefined)[] = [];
    walk(expr, (node) => {
      if (node.type !== 'vectorSelector') return;
      const job = node.matchers.find(({ name, op }) => name === 'job' && op === '=')?.value;
      named.push(job === undefined ? undefined : this.intervals.get(job));
    });
    const known = named.filter((interval) => interval !== undefined);
    return named.length > 0 && known.length === named.length ? Math.min(...known) : this.intervalMs;
  }
}

function joined(a: AddedLabels, b: AddedLabels): AddedLabels {
  return a === undefined || b === undefined ? undefined : new Set([...a, ...b]);
}

/** Whether targets of a job, or what they expose, may say another `job`. */
function mayRename(job: YamlValue): boolean {
  if (job.get('file_sd_configs') !== undefined || job.get('http_sd_configs') !== undefined) return true;
  if (job.get('honor_labels')?.text()?.text === 'true') return true;
  const groups = job.get('static_configs')?.items() ?? [];
  if (groups.some((group) => group.get('labels')?.get('job') !== undefined)) return true;
  return ['relabel_configs', 'metric_relabel_configs'].some((field) =>
    (job.get(field)?.items() ?? []).some(
      (rule) =>
        rule.get('action')?.text()?.text === 'labelmap' || rule.get('target_label')?.text()?.text === 'job',
    ),
  );
}

/** What a job adds by its static targets and by relabelling. Files of targets may say any label. */
function addedBy(job: YamlValue): AddedLabels {
  const names = new Set<string>();
  if (job.get('file_sd_configs') !== undefined || job.get('http_sd_configs') !== undefined) return undefined;
  for (const targets of job.get('static_configs')?.items() ?? [])
    for (const { name } of targets.get('labels')?.fields() ?? []) names.add(name);
  for (const field of ['relabel_configs', 'metric_relabel_configs']) {
    for (const rule of job.get(field)?.items() ?? []) {
      if (rule.get('action')?.text()?.text === 'labelmap') return undefined;
      const target = rule.get('target_label')?.text()?.text;
      if (target !== undefined && !target.startsWith('__')) names.add(target);
    }
  }
  names.delete('job');
  names.delete('instance');
  return names;
}

function durationOf(text: string | undefined): number | undefined {
  try {
    return parseDuration(text ?? '');
  } catch {
    return undefined;
  }
}
