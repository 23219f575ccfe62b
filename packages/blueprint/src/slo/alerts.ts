/**
 * The alerts of an objective: a page where the budget burns so fast that it cannot wait, a ticket where it burns too
 * fast to last. Their value is the burn rate over the long window that fired.
 *
 * Both have the same name and differ in `severity`, so that the usual inhibition, which compares `alertname`, lets a
 * page silence the ticket of its own objective and of no other.
 */
import { quote } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import { decimal, percent } from '../decimal.ts';
import { alert } from '../rules/alert.ts';
import { text } from '../rules/alert-text.ts';
import type { AlertRule, AlertSeverity } from '../rules/rule.ts';
import type { BurnRate } from './burn-rate.ts';
import { type Promised, promiseText } from './promise.ts';
import { BUDGET_REMAINING, errorRatioSeries, eventsSeries, seriesOf } from './series.ts';

/** What all alerts of an objective say. */
export interface AlertCommon extends Promised {
  readonly slo: string;
  /** The name of the alerts. */
  readonly name: string;
  readonly budget: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly runbookUrl: string | undefined;
  readonly dashboardUrl: string | undefined;
}

/** What a long window must hold for anything to be said about it. */
export interface Minimum {
  readonly events: number;
  readonly badEvents: number;
}

/** The alert that fires where one of several burn rates holds. */
export function burnRateAlert(
  common: AlertCommon,
  severity: AlertSeverity,
  rates: readonly BurnRate[],
  minimum: Minimum,
): AlertRule {
  const { slo, name, budget, period } = common;
  const conditions = rates.map((rate) => condition(slo, rate, minimum));
  const remaining = `query ${quote(`${BUDGET_REMAINING}{slo='${slo}'}`)}`;
  const spent = rates.map(({ budgetShare, long }) => `${percent(budgetShare)} of the budget in ${long}`);
  return alert(name, {
    expr: `(${conditions.join(' or ')}) / ${decimal(budget)}`,
    // The short window does what waiting would do; see burn-rate.ts.
    for: '0s',
    severity,
    summary: `${slo}: the error budget burns {{ $value | printf "%.1f" }} times as fast as it may`,
    description: [
      // The tag shows what people write as it is, and fills nothing in it.
      String(text`${promiseText(common)}`),
      `At {{ $value | printf "%.1f" }} times the rate that spends the budget in ${period},`,
      `{{ with ${remaining} }}{{ . | first | value | humanizePercentage }}{{ else }}an unknown share{{ end }} of it is left`,
      `(fires at ${spent.join(' or ')}).`,
      WHAT_TO_DO[severity],
    ].join(' '),
    ...addresses(common),
    labels: common.labels,
  });
}

/** The alert that fires where nobody counts the events, so that the others cannot. */
export function absentAlert(
  common: AlertCommon,
  selectors: readonly string[],
  after: DurationText,
): AlertRule {
  const { slo, name } = common;
  return alert(`${name}Unknown`, {
    expr: selectors.map((selector) => `absent(${selector})`).join(' and on () '),
    for: after,
    severity: 'warning',
    summary: `${slo}: nothing counts its events, so its alerts cannot fire`,
    description: String(
      text`${promiseText(common)} There is no series of ${selectors.join(' or ')}. Look whether the service runs, is scraped, and still has these metrics under these names.`,
    ),
    ...addresses(common),
    labels: { ...common.labels, slo },
  });
}

const WHAT_TO_DO: Readonly<Record<AlertSeverity, string>> = {
  critical:
    'Stop it first: undo what changed when it began, take the broken part out of service, or shed load. Then look for the cause.',
  warning:
    'It can wait until the morning, and not for longer: see which events fail, and since when, before the budget is gone.',
  info: 'See which events fail, and since when.',
  none: 'See which events fail, and since when.',
};

function condition(slo: string, { long, short, ratio }: BurnRate, minimum: Minimum): string {
  const longRatio = seriesOf(slo, errorRatioSeries(long));
  const shortRatio = seriesOf(slo, errorRatioSeries(short));
  const events = seriesOf(slo, eventsSeries(long));
  const parts = [
    `${longRatio} > ${decimal(ratio)}`,
    `${shortRatio} > ${decimal(ratio)}`,
    // Increases are estimates: half an event is further from both whole numbers than they are off.
    ...(minimum.events > 0 ? [`${events} > ${decimal(minimum.events - 0.5)}`] : []),
    ...(minimum.badEvents > 1 ? [`${longRatio} * ${events} > ${decimal(minimum.badEvents - 0.5)}`] : []),
  ];
  return `(${parts.join(' and ')})`;
}

function addresses({ runbookUrl, dashboardUrl }: AlertCommon): {
  readonly runbookUrl?: string;
  readonly dashboardUrl?: string;
} {
  return {
    ...(runbookUrl !== undefined && { runbookUrl }),
    ...(dashboardUrl !== undefined && { dashboardUrl }),
  };
}
