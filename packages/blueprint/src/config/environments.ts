/** The two environments of a configuration: what is usual for each, and what is said instead. */
import type { Environment, EnvironmentName, EnvironmentSpec } from './config.ts';
import { asObject, checkFields, type Findings } from './findings.ts';
import { checkDuration, checkLabels, checkSize, checkUrl } from './values.ts';

/** How long a scrape may take when nobody says; Prometheus's own default. */
export const SCRAPE_TIMEOUT = '10s';
const SCRAPE_TIMEOUT_MS = 10_000;

/** What is usual: quick to see while developing, light and long in production. */
const USUAL: Readonly<
  Record<
    EnvironmentName,
    {
      readonly interval: string;
      readonly intervalMs: number;
      readonly retentionTime: string;
      readonly retentionSize?: string;
    }
  >
> = {
  development: { interval: '15s', intervalMs: 15_000, retentionTime: '30d' },
  production: { interval: '30s', intervalMs: 30_000, retentionTime: '90d', retentionSize: '10GB' },
};

const FIELDS: readonly (keyof EnvironmentSpec)[] = [
  'scrapeInterval',
  'scrapeTimeout',
  'evaluationInterval',
  'retentionTime',
  'retentionSize',
  'externalLabels',
  'externalUrl',
];

/** The scrape of an environment in milliseconds, for whoever checks what differs from it. */
export interface ScrapeTimes {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** The timeout that belongs to an interval when nobody says: the usual one, or the interval where that is shorter. */
export function usualTimeout(interval: string, intervalMs: number): string {
  return intervalMs < SCRAPE_TIMEOUT_MS ? interval : SCRAPE_TIMEOUT;
}

/** Completes an environment and notes what is wrong with it. */
export function environmentOf(
  findings: Findings,
  name: EnvironmentName,
  value: unknown,
): { readonly environment: Environment; readonly times: ScrapeTimes } {
  const where = name;
  const fields: EnvironmentSpec = value === undefined ? {} : (asObject(findings, where, value) ?? {});
  checkFields(findings, where, fields, FIELDS);
  const usual = USUAL[name];
  const interval = fields.scrapeInterval ?? usual.interval;
  const intervalMs =
    checkDuration(findings, where, 'scrapeInterval', fields.scrapeInterval) ?? usual.intervalMs;
  const timeout = fields.scrapeTimeout ?? usualTimeout(interval, intervalMs);
  const timeoutMs =
    checkDuration(findings, where, 'scrapeTimeout', fields.scrapeTimeout) ??
    Math.min(SCRAPE_TIMEOUT_MS, intervalMs);
  if (timeoutMs > intervalMs)
    findings.add(
      where,
      `scrapeTimeout ${timeout} is longer than the scrapeInterval ${interval}, in which it must be done`,
    );
  checkDuration(findings, where, 'evaluationInterval', fields.evaluationInterval);
  checkDuration(findings, where, 'retentionTime', fields.retentionTime);
  checkSize(findings, where, 'retentionSize', fields.retentionSize);
  checkLabels(findings, where, 'externalLabels', fields.externalLabels);
  checkUrl(findings, where, 'externalUrl', fields.externalUrl);
  const retentionSize = fields.retentionSize ?? usual.retentionSize;
  const environment: Environment = {
    scrapeInterval: interval,
    scrapeTimeout: timeout,
    evaluationInterval: fields.evaluationInterval ?? interval,
    retentionTime: fields.retentionTime ?? usual.retentionTime,
    ...(retentionSize !== undefined && { retentionSize }),
    externalLabels: fields.externalLabels ?? {},
    ...(typeof fields.externalUrl === 'string' && { externalUrl: fields.externalUrl.replace(/\/+$/, '') }),
  };
  return { environment, times: { intervalMs, timeoutMs } };
}
