/** Silences in words, and as a form has them. */
import type { Matcher, Silence } from '../api/alertmanager.ts';
import type { LabelMap } from '../api/prometheus.ts';
import { span } from '../format/duration.ts';

/** How a matcher compares. */
export const OPERATORS = ['=', '!=', '=~', '!~'] as const;
export type Operator = (typeof OPERATORS)[number];

/** The operator of a matcher. */
export function operatorOf({ isEqual, isRegex }: Matcher): Operator {
  if (isRegex) return isEqual ? '=~' : '!~';
  return isEqual ? '=' : '!=';
}

/** A matcher of its parts. */
export function matcherOf(name: string, operator: Operator, value: string): Matcher {
  return {
    name,
    value,
    isRegex: operator === '=~' || operator === '!~',
    isEqual: operator === '=' || operator === '=~',
  };
}

/** A matcher as Alertmanager writes it: `job=~"web|db"`. */
export function matcherText(matcher: Matcher): string {
  return `${matcher.name}${operatorOf(matcher)}${JSON.stringify(matcher.value)}`;
}

/** Matchers for just these labels, the name of the alert first. */
export function matchersFor(labels: LabelMap): Matcher[] {
  return Object.entries(labels)
    .toSorted(([a], [b]) => Number(b === 'alertname') - Number(a === 'alertname'))
    .map(([name, value]) => matcherOf(name, '=', value));
}

/** `for 2 h more`, `in 5 min`, `3 d ago`. */
export function whenText({ status, startsAt, endsAt }: Silence, nowMs: number): string {
  switch (status.state) {
    case 'active':
      return `for ${span((Date.parse(endsAt) - nowMs) / 1000)} more`;
    case 'pending':
      return `begins in ${span((Date.parse(startsAt) - nowMs) / 1000)}`;
    case 'expired':
      return `ended ${span((nowMs - Date.parse(endsAt)) / 1000)} ago`;
  }
}
