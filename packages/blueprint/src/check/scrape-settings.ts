/** What the `prometheus.yml` files of a repository say of scraping: how often, and which jobs there are. */
import { parseDuration } from '@binnacle/promql';
import type { SourceFile } from './source-file.ts';
import { readYaml, type YamlValue } from './yaml-source.ts';

/** As Prometheus has it where nothing is said. */
const SCRAPE_INTERVAL_MS_DEFAULT = 60_000;

/** What is scraped. */
export interface ScrapeSettings {
  /** The shortest interval of all jobs, so that no range is called too short by mistake; undefined without a job. */
  readonly intervalMs: number | undefined;
  /** By name of the job. */
  readonly intervals: ReadonlyMap<string, number>;
}

/** Reads the scrape jobs of several files. */
export function readScrapeSettings(files: readonly SourceFile[]): ScrapeSettings {
  const intervals = new Map<string, number>();
  for (const file of files) {
    for (const root of readYaml(file).documents.slice(0, 1)) {
      const common = durationOf(root.get('global')?.get('scrape_interval')) ?? SCRAPE_INTERVAL_MS_DEFAULT;
      for (const job of root.get('scrape_configs')?.items() ?? []) {
        const name = job.get('job_name')?.text()?.text;
        const interval = durationOf(job.get('scrape_interval')) ?? common;
        if (name !== undefined) intervals.set(name, Math.min(interval, intervals.get(name) ?? interval));
      }
    }
  }
  return {
    intervalMs: intervals.size === 0 ? undefined : Math.min(...intervals.values()),
    intervals,
  };
}

function durationOf(value: YamlValue | undefined): number | undefined {
  try {
    return parseDuration(value?.text()?.text ?? '');
  } catch {
    return undefined;
  }
}
