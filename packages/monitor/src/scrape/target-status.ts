/** What scraping tells about its targets: the state behind `/api/v1/targets` and `/api/v1/metadata`. */
import type { Metadata } from '@binnacle/metrics/model';

export interface TargetStatus {
  /** Before relabelling: `__address__`, `__scheme__`, `__metrics_path__`, `job` and the labels of the file. */
  readonly discoveredLabels: Readonly<Record<string, string>>;
  /** The labels that every series of the target carries. */
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  /** Why the last scrape failed, in words for the user; empty when it did not. */
  readonly lastError: string;
  /** 0 before the first scrape. */
  readonly lastScrapeMs: number;
  readonly lastScrapeDurationMs: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
}

/** A family's metadata as one target exposed it. */
export interface TargetMetadata extends Metadata {
  readonly metric: string;
  /** The target's labels. */
  readonly target: Readonly<Record<string, string>>;
}
