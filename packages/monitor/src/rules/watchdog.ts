/**
 * The watchdog: an alert that always fires. Whoever expects to hear of it again and again notices when the monitor, or
 * the way from it, is silent.
 */
import { parse, printExpr } from '@binnacle/promql';
import type { RuleGroupConfig } from './rule-file.ts';

/** The alert's name. */
export const WATCHDOG_ALERT = 'Watchdog';
const EXPRESSION = 'vector(1)';

/** What may differ between watchdogs. */
export interface WatchdogOptions {
  /** The group's name. */
  readonly group?: string;
  /** How often the alert is told; undefined for the global evaluation interval. */
  readonly intervalMs?: number;
  /** Labels beside `severity`, which is `none` unless given here. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A rule group with the one alert. */
export function watchdogGroup(options: WatchdogOptions = {}): RuleGroupConfig {
  const tree = parse(EXPRESSION);
  return {
    name: options.group ?? 'watchdog',
    intervalMs: options.intervalMs,
    limit: 0,
    queryOffsetMs: 0,
    rules: [
      {
        type: 'alerting',
        name: WATCHDOG_ALERT,
        exprText: EXPRESSION,
        expr: printExpr(tree),
        tree,
        labels: { severity: 'none', ...options.labels },
        annotations: {
          summary: 'Alerting works',
          description:
            'This alert always fires. It goes to a heartbeat that raises the alarm when it stays away: then the monitor, or the way from it, is down.',
        },
        forMs: 0,
        keepFiringForMs: 0,
      },
    ],
  };
}
