/** `prometheus.yml`, as far as Binnacle reads it: typed, with defaults filled in and durations in milliseconds. */
import type { AlertingConfig } from './alerting.ts';

export interface PrometheusConfig {
  readonly global: GlobalConfig;
  /** Absolute paths; globs are resolved. */
  readonly ruleFiles: readonly string[];
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** Absent where the file has no such section. */
  readonly alerting?: AlertingConfig;
}

export interface GlobalConfig {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  /** How far in the past rules are evaluated whose group has no offset of its own. */
  readonly ruleQueryOffsetMs: number;
  /** Added to alerts that leave the monitor. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

export interface ScrapeConfig {
  readonly jobName: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  /** Query parameters of the scrape request. */
  readonly params: Readonly<Record<string, readonly string[]>>;
  /** Whether a label of the exposition beats the target's own one of the same name. */
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  /** 0 for no limit. */
  readonly sampleLimit: number;
  /** Uncompressed; 0 for no limit. */
  readonly bodySizeLimitBytes: number;
  readonly staticConfigs: readonly StaticConfig[];
}

export interface StaticConfig {
  /** `host:port`. */
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}
