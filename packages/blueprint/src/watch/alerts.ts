/**
 * The alerts that watches have in common: too much of it fails, it takes too long, it piles up, nothing ends any more.
 *
 * What each says is the same everywhere: the value, against what it is held, and what to look at first.
 */
import { and, type Duration, div, ge, gt, lt, or, unless } from '@binnacle/promql/builder';
import type { DurationText } from '../config/config.ts';
import { type AlertText, type Placeholders, text } from '../rules/alert-text.ts';
import type { AlertSeverity } from '../rules/rule.ts';
import type { WatchAlert } from './assembly.ts';
import { secondsLimit, share } from './limits.ts';
import type { Outcomes } from './outcomes.ts';
import { kept, type Scope, type Series } from './scope.ts';
import type { WatchedMetric } from './watched-metric.ts';

/** What an alert is about, in words. */
export interface AboutAlert {
  /** What is watched and where, in front of each summary: `HTTP (web)`. */
  readonly subject: string;
  /** What is counted, in the plural: `requests`. */
  readonly things: string;
  /** The first thing to look at, as a sentence. */
  readonly advice: string;
  readonly severity: AlertSeverity;
  readonly for: DurationText;
  /** A label that is kept apart. */
  readonly by?: string | undefined;
}

/** How large a share may fail. */
export interface FailureLimits {
  /** Greater shares are alerts, from 0 to 1. */
  readonly shareMax: number;
  /** Over how long the share is taken. */
  readonly window: Duration;
  /** Below so many events in the window nothing is said. */
  readonly eventsMin: number;
}

/** Too large a share of what ended in a window has failed. */
export function failing(
  outcomes: Outcomes,
  limits: FailureLimits,
  about: AboutAlert,
): WatchAlert | undefined {
  const { shareMax, window, eventsMin } = limits;
  const { subject, things, advice, severity, by } = about;
  share('failureShareMax', shareMax);
  const failed = outcomes.failed?.('increase', window, by);
  if (failed === undefined) return undefined;
  return {
    expr: gt(div(failed, ge(outcomes.ended('increase', window, by), eventsMin)), shareMax),
    for: about.for,
    severity,
    summary: `${subject}: too many ${things} fail`,
    description: ({ value, label, text }) =>
      text`${value.percentage} of ${things}${whichOf(label, kept(outcomes.of, by))} failed within ${window}, more than ${percent(shareMax)}. ${advice}`,
  };
}

/** How long something may take. */
export interface SlowLimits {
  /** Longer is an alert; undefined for no alert. */
  readonly secondsMax: number | undefined;
  /** Which share of events must be faster. */
  readonly quantile: number;
  readonly window: Duration;
  readonly eventsMin: number;
}

/** A quantile of durations is above its limit, where there are enough of them to say so. */
export function slow(
  scope: Scope,
  duration: WatchedMetric | undefined,
  limits: SlowLimits,
  about: AboutAlert,
): WatchAlert | undefined {
  const { secondsMax, quantile, window, eventsMin } = limits;
  const { subject, things, advice, severity, by } = about;
  if (duration === undefined || secondsMax === undefined) return undefined;
  share('quantile', quantile);
  secondsLimit(duration, secondsMax);
  return {
    expr: and(
      gt(scope.quantile(quantile, duration, window, by), secondsMax),
      ge(scope.observations(duration, 'increase', window, by), eventsMin),
    ),
    for: about.for,
    severity,
    summary: `${subject}: ${things} take too long`,
    description: ({ value, label, text }) =>
      text`${percent(1 - quantile)} of ${things}${whichOf(label, kept(duration, by))} took ${value.duration} or longer within ${window}; at most ${seconds(secondsMax)} is expected. ${advice}`,
  };
}

/** More is waiting, or under way, than should be. */
export function piling(
  scope: Scope,
  level: WatchedMetric | undefined,
  max: number | undefined,
  about: AboutAlert,
): WatchAlert | undefined {
  if (level === undefined || max === undefined) return undefined;
  const { subject, things, advice, severity, by } = about;
  return {
    expr: gt(scope.level(level, { by }), max),
    for: about.for,
    severity,
    summary: `${subject}: too many ${things}`,
    description: ({ value, label, text }) =>
      text`${value.humanize} ${things}${whichOf(label, kept(level, by))}; at most ${max} are expected. ${advice}`,
  };
}

/** Something is worked on, and nothing ends any more, neither well nor badly. */
export function stuck(
  scope: Scope,
  active: WatchedMetric | undefined,
  outcomes: Outcomes,
  window: Duration,
  about: AboutAlert,
): WatchAlert | undefined {
  const ended = outcomes.ended('increase', window);
  return workWithout(scope, [active], ended, window, { ...about, end: 'end', ended: 'ended' });
}

/** There is work, and nothing of it is completed any more; it may fail. */
export function notCompleting(
  scope: Scope,
  work: readonly (WatchedMetric | undefined)[],
  outcomes: Outcomes,
  window: Duration,
  about: AboutAlert,
): WatchAlert | undefined {
  const words = { end: 'are completed', ended: 'were completed' };
  return workWithout(scope, work, completed(outcomes, window), window, { ...about, ...words });
}

/** Not one was completed in a window, where there is always work. */
export function noneCompleted(
  outcomes: Outcomes,
  window: Duration,
  { subject, things, advice, severity, for: duration }: AboutAlert,
): WatchAlert {
  return {
    // Below 1 and not equal to 0: an increase is never between the two, and floats are not compared for equality.
    expr: lt(completed(outcomes, window), 1),
    for: duration,
    severity,
    summary: `${subject}: no ${things} are completed any more`,
    description: `None of the ${things} was completed within ${window}. ${advice}`,
  };
}

/** Where nothing tells what ended well, all that ended is taken for it. */
function completed(outcomes: Outcomes, window: Duration): Series {
  return (outcomes.succeeded ?? outcomes.ended)('increase', window);
}

/**
 * There is work now and there was when the window began, and nothing came of it in between. Asking for both keeps silent
 * a service that has just started and one that has just got its first work.
 */
function workWithout(
  scope: Scope,
  given: readonly (WatchedMetric | undefined)[],
  came: Series,
  window: Duration,
  about: AboutAlert & { readonly end: string; readonly ended: string },
): WatchAlert | undefined {
  const work = given.filter((metric) => metric !== undefined);
  const now = anyAbove0(work.map((metric) => scope.level(metric)));
  const before = anyAbove0(work.map((metric) => scope.levelAgo(metric, window)));
  if (now === undefined || before === undefined) return undefined;
  const { subject, things, advice, severity, end, ended } = about;
  return {
    expr: unless(and(now, before), gt(came, 0)),
    for: about.for,
    severity,
    summary: `${subject}: no ${things} ${end} any more`,
    description: ({ value, text }) =>
      text`There is work (${value.humanize}), and there was ${window} ago, but no ${things} ${ended} in between. ${advice}`,
  };
}

function anyAbove0(levels: readonly Series[]): Series | undefined {
  const [first, ...others] = levels.map((level): Series => gt(level, 0));
  return first === undefined ? undefined : others.reduce((all, one): Series => or(all, one), first);
}

/** Which of several an alert is about, in its description: ` (provider {{ $labels.provider }})`. */
export function whichOf(label: Placeholders<string>['label'], labels: readonly string[]): AlertText {
  if (labels.length === 0) return text``;
  const named = labels.map((name) => text`${name} ${label(name)}`);
  return text` (${named.reduce((all, one) => text`${all}, ${one}`)})`;
}

/** A share as people write it: `5 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

/** Seconds as people write them: `1.5 s`, `10 min`. */
export function seconds(value: number): string {
  if (value >= 3600 && value % 3600 === 0) return `${value / 3600} h`;
  return value >= 120 && value % 60 === 0 ? `${value / 60} min` : `${value} s`;
}
