/** The configuration of notifications, as `alertmanager.yml` says it: defaults filled in, inheritance resolved. */
import type { AlertMatcher } from '../alert-matcher.ts';
import type { ReceiverConfig } from './receivers.ts';

/** Which alerts become one notification: those equal in these labels, or each alert alone (`...`). */
export type GroupBy = readonly string[] | 'all';

/** A node of the routing tree. What a route does not say it has from its parent. */
export interface RouteConfig {
  /** Alertmanager's key of the route, the first part of group keys: `{}/{severity="critical"}`. */
  readonly key: string;
  /** Names the route: the key and the places on the way to it, `{}/{severity="critical"}/0`. */
  readonly id: string;
  readonly receiver: string;
  /** All of them must match; empty for the top route. */
  readonly matchers: readonly AlertMatcher[];
  /** Whether an alert that matches goes on to the next sibling. */
  readonly continue: boolean;
  readonly groupBy: GroupBy;
  /** How long a new group waits for further alerts. */
  readonly groupWaitMs: number;
  /** How long until a changed group is sent again. */
  readonly groupIntervalMs: number;
  /** How long until an unchanged group is sent again. */
  readonly repeatIntervalMs: number;
  /** Not inherited. */
  readonly muteTimeIntervals: readonly string[];
  /** Not inherited. */
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly RouteConfig[];
}

/** Alerts that match the targets are not sent while one fires that matches the sources and is equal in `equal`. */
export interface InhibitRuleConfig {
  readonly name: string;
  readonly sourceMatchers: readonly AlertMatcher[];
  readonly targetMatchers: readonly AlertMatcher[];
  readonly equal: readonly string[];
}

/** From `start` up to and without `end`. */
export interface NumberRange {
  readonly start: number;
  readonly end: number;
}

/** Moments of the week and the year; a part that is undefined holds always, of a list one suffices. */
export interface TimeInterval {
  /** Minutes of the day, 0 to 1440; the end is excluded. */
  readonly times: readonly NumberRange[] | undefined;
  /** 0 is Sunday; both ends are included. */
  readonly weekdays: readonly NumberRange[] | undefined;
  /** 1 to 31, or -31 to -1 from the month's end; both ends are included. */
  readonly daysOfMonth: readonly NumberRange[] | undefined;
  /** 1 is January; both ends are included. */
  readonly months: readonly NumberRange[] | undefined;
  /** Both ends are included. */
  readonly years: readonly NumberRange[] | undefined;
  /** An IANA time zone; `UTC` where none is given. */
  readonly location: string;
}

/** Named moments that routes refer to. */
export interface TimeIntervalsConfig {
  readonly name: string;
  readonly intervals: readonly TimeInterval[];
}

export interface AlertmanagerConfig {
  /** An alert without an end is taken for resolved when it was not heard of for so long. */
  readonly resolveTimeoutMs: number;
  readonly route: RouteConfig;
  readonly receivers: readonly ReceiverConfig[];
  readonly inhibitRules: readonly InhibitRuleConfig[];
  /** From `time_intervals` and the older `mute_time_intervals`. */
  readonly timeIntervals: readonly TimeIntervalsConfig[];
  /** Absolute paths of template files; patterns are resolved. */
  readonly templateFiles: readonly string[];
  /** The file as it was read, with secrets replaced by `<secret>`; for the API. */
  readonly shownText: string;
}
