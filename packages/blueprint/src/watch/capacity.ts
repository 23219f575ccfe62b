/**
 * How full something is: what is used of what there is, now and as it is heading. The watches of storage, the system
 * and GPUs share it.
 *
 * What there is is a metric, or a number that is told where nothing measures it. What is free may be measured instead of
 * what is used, as operating systems do it.
 */
import { and, type Duration, div, gt, predictLinear, sub } from '@binnacle/promql/builder';
import type { DurationText } from '../config/config.ts';
import type { AlertSeverity } from '../rules/rule.ts';
import { percent, whichOf } from './alerts.ts';
import type { WatchAlert } from './assembly.ts';
import { share } from './limits.ts';
import { combined, type Scope, type Series } from './scope.ts';
import type { WatchedMetric } from './watched-metric.ts';

/** Something that fills up. */
export interface Capacity {
  /** What is measured: how much is used, or how much is free. */
  readonly measured: WatchedMetric;
  readonly isFree: boolean;
  /** How much there is; a number is that of each one. */
  readonly total: WatchedMetric | number;
  /** Labels that tell several apart. */
  readonly by: readonly string[];
}

/** The used share of each, from 0 to 1. */
export function usedShare(scope: Scope, capacity: Capacity): Series {
  return shareOfTotal(scope, capacity, scope.series(capacity.measured));
}

/** The share that will be used, if it goes on as it did in a window. */
export function usedShareAhead(
  scope: Scope,
  capacity: Capacity,
  window: Duration,
  aheadSeconds: number,
): Series {
  return shareOfTotal(scope, capacity, predictLinear(scope.series(capacity.measured), window, aheadSeconds));
}

function shareOfTotal(scope: Scope, { measured, isFree, total, by }: Capacity, values: Series): Series {
  const each = combined(measured, values, by);
  const used = div(each, typeof total === 'number' ? total : gt(combined(total, scope.series(total), by), 0));
  return isFree ? sub(1, used) : used;
}

/** What an alert about something that fills up is told. */
export interface AboutCapacity {
  readonly subject: string;
  /** What fills up, in the singular: `the disk`. */
  readonly thing: string;
  readonly advice: string;
  readonly severity: AlertSeverity;
  readonly for: DurationText;
}

/** More of it is used than should be. */
export function nearlyFull(
  scope: Scope,
  capacity: Capacity,
  shareMax: number,
  { subject, thing, advice, severity, for: duration }: AboutCapacity,
): WatchAlert {
  share('the share that may be used,', shareMax);
  return {
    expr: gt(usedShare(scope, capacity), shareMax),
    for: duration,
    severity,
    summary: `${subject}: ${thing} is nearly full`,
    description: ({ value, label, text }) =>
      text`${value.percentage} of ${thing}${whichOf(label, capacity.by)} is used, more than ${percent(shareMax)}. ${advice}`,
  };
}

/**
 * It will be full in a while, if it goes on like this. It must have been there for the whole window: the first minutes of
 * what has just been set up say nothing about a day.
 */
export function fillingUp(
  scope: Scope,
  capacity: Capacity,
  { window, aheadSeconds }: { readonly window: Duration; readonly aheadSeconds: number },
  { subject, thing, advice, severity, for: duration }: AboutCapacity,
): WatchAlert {
  const hours = Number((aheadSeconds / 3600).toPrecision(3));
  return {
    expr: and(
      gt(usedShareAhead(scope, capacity, window, aheadSeconds), 1),
      scope.existed(capacity.measured, window, capacity.by),
    ),
    for: duration,
    severity,
    summary: `${subject}: ${thing} is filling up`,
    description: ({ label, text }) =>
      text`As it went within ${window}, ${thing}${whichOf(label, capacity.by)} will be full in less than ${hours} hours. ${advice}`,
  };
}
