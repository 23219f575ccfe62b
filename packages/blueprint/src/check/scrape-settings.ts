/**
 * What is said of scraping: how often, and which jobs there are. The `prometheus.yml` files of a repository say it, and
 * so does a configuration, of which the longer interval of its two environments counts: a rule is to work in both.
 */
import { type Expr, parseDuration, walk } from '@binnacle/promql';
import type { Config } from '../config/config.ts';
import type { SourceFile } from './source-file.ts';
import { readYaml } from './yaml-source.ts';

/** As Prometheus has it where nothing is said. */
const SCRAPE_INTERVAL_MS_DEFAULT = 60_000;

/** What is scraped. */
export class ScrapeSettings {
  /** By name of the job. */
  readonly intervals: ReadonlyMap<string, number>;
  /** The shortest interval of all jobs, so that no range is called too short by mistake; undefined without a job. */
  readonly intervalMs: number | undefined;

  private constructor(intervals: ReadonlyMap<string, number>) {
    this.intervals = intervals;
    this.intervalMs = intervals.size === 0 ? undefined : Math.min(...intervals.values());
  }

  /** Reads the scrape jobs of files, and takes the services of a configuration of which no file tells. */
  static of(files: readonly SourceFile[], config: Config | undefined): ScrapeSettings {
    const intervals = new Map<string, number>();
    for (const file of files) {
      for (const root of readYaml(file).documents.slice(0, 1)) {
        const common =
          durationOf(root.get('global')?.get('scrape_interval')?.text()?.text) ?? SCRAPE_INTERVAL_MS_DEFAULT;
        for (const job of root.get('scrape_configs')?.items() ?? []) {
          const name = job.get('job_name')?.text()?.text;
          const interval = durationOf(job.get('scrape_interval')?.text()?.text) ?? common;
          if (name !== undefined) intervals.set(name, Math.min(interval, intervals.get(name) ?? interval));
        }
      }
    }
    for (const { job, scrapeInterval } of config?.services ?? []) {
      const environments = [config?.development, config?.production].map((one) => one?.scrapeInterval);
      const own = durationOf(scrapeInterval);
      const interval = own ?? Math.max(...environments.map((text) => durationOf(text) ?? 0));
      if (interval > 0 && !intervals.has(job)) intervals.set(job, interval);
    }
    return new ScrapeSettings(intervals);
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

function durationOf(text: string | undefined): number | undefined {
  try {
    return parseDuration(text ?? '');
  } catch {
    return undefined;
  }
}
