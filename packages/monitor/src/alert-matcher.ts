/** Alertmanager's matchers: what routes, inhibitions, silences and the API's filters say about labels. */
import type { Labels } from '@binnacle/metrics/model';

/** How a matcher compares. Regular expressions match whole values. */
export type AlertMatcherOp = '=' | '!=' | '=~' | '!~';

/** One condition on one label; a label that is missing has the empty value. */
export interface AlertMatcher {
  readonly name: string;
  readonly op: AlertMatcherOp;
  readonly value: string;
  matches(labels: Labels): boolean;
}
