/** `binnacle route`: where an alert with some labels would go, and why. Sends nothing and asks nobody. */
import { Labels } from '@binnacle/metrics/model';
import { formatDuration } from '@binnacle/promql';
import { AlertMatcherError, formatMatcher, formatMatchers, parseMatcher } from '../alert-matcher.ts';
import type { AlertmanagerConfig, RouteConfig } from '../config/alertmanager.ts';
import { loadAlertmanagerConfig } from '../config/alertmanager-file.ts';
import { explainRoutes, groupKeyOf, groupLabelsOf, matchRoutes, type RouteTrace } from '../notify/routing.ts';
import { mutedBy } from '../notify/time-intervals.ts';

/** What `binnacle route` is asked. */
export interface RouteOptions {
  /** The `alertmanager.yml`. */
  readonly alertsPath: string;
  /** The labels of the alert. */
  readonly labels: Labels;
  readonly json: boolean;
  /** The receivers that the alert must go to, in this order; undefined when whoever asks only wants to know. */
  readonly expected: readonly string[] | undefined;
}

/** What `binnacle route` answers. */
export interface RouteReport {
  /** For people, or JSON. */
  readonly text: string;
  /** What is not as expected. */
  readonly problem: string | undefined;
}

/** One route that takes the alert, as `--json` prints it. */
interface Destination {
  readonly receiver: string;
  readonly routeId: string;
  readonly groupKey: string;
  readonly groupBy: readonly string[] | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** The time intervals that keep the route quiet at the moment. */
  readonly mutedBy: readonly string[];
}

/** One route of the tree, as `--json` prints it. */
interface Step {
  readonly routeId: string;
  readonly matchers: string;
  readonly receiver: string;
  readonly continue: boolean;
  readonly outcome: RouteTrace['outcome'];
  /** The matcher that does not match, where one does not. */
  readonly failed?: string;
  readonly routes: readonly Step[];
}

/**
 * Reads labels as `amtool` does: `alertname=Down`, `"on call"=yes`.
 * @throws AlertMatcherError
 */
export function parseLabelArguments(texts: readonly string[]): Labels {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const { name, op, value } = parseMatcher(text);
    if (op !== '=')
      throw new AlertMatcherError(`an alert has labels, not conditions: NAME=VALUE, not ${text}`);
    if (labels.has(name)) throw new AlertMatcherError(`the label ${JSON.stringify(name)} is given twice`);
    labels.set(name, value);
  }
  return Labels.fromPairs(labels);
}

/**
 * Tells where an alert goes, in text for people or in JSON.
 * @throws ConfigError when the configuration cannot be used
 */
export async function route(options: RouteOptions, nowMs: number): Promise<RouteReport> {
  const { alertsPath, labels, json, expected } = options;
  const config = await loadAlertmanagerConfig(alertsPath);
  const destinations = matchRoutes(config.route, labels).map((taking) =>
    destinationOf(config, taking, labels, nowMs),
  );
  const trace = explainRoutes(config.route, labels);
  const receivers = destinations.map(({ receiver }) => receiver);
  const isExpected = expected === undefined || expected.join() === receivers.join();
  const problem = isExpected ? undefined : `goes to ${receivers.join(', ')}, not to ${expected.join(', ')}`;
  if (json) {
    const answer = {
      labels: Object.fromEntries(labels.entries()),
      receivers,
      destinations,
      tree: stepOf(trace),
    };
    return { text: `${JSON.stringify(answer, null, 2)}\n`, problem };
  }
  const lines = destinations.flatMap((destination) => [...destinationLines(destination), '']);
  return { text: [...lines, ...traceLines(trace, labels, '', ''), ''].join('\n'), problem };
}

function destinationOf(
  { timeIntervals }: AlertmanagerConfig,
  taking: RouteConfig,
  labels: Labels,
  nowMs: number,
): Destination {
  const { id, groupBy, muteTimeIntervals, activeTimeIntervals } = taking;
  const { receiver, groupWaitMs, groupIntervalMs, repeatIntervalMs } = taking;
  return {
    receiver,
    routeId: id,
    groupKey: groupKeyOf(taking, groupLabelsOf(taking, labels)),
    groupBy,
    groupWaitMs,
    groupIntervalMs,
    repeatIntervalMs,
    muteTimeIntervals,
    activeTimeIntervals,
    mutedBy: mutedBy(taking, timeIntervals, nowMs),
  };
}

function destinationLines(to: Destination): string[] {
  const [wait, interval, repeat] = [to.groupWaitMs, to.groupIntervalMs, to.repeatIntervalMs].map(
    formatDuration,
  );
  const grouping =
    to.groupBy === 'all'
      ? 'each alert alone'
      : to.groupBy.length === 0
        ? 'all alerts of the route together'
        : `by ${to.groupBy.join(', ')}`;
  const lines = [
    to.receiver,
    `  route   ${to.routeId}`,
    `  group   ${to.groupKey}  (${grouping})`,
    `  timing  first after ${wait}, changes after ${interval}, the same again after ${repeat}`,
  ];
  if (to.activeTimeIntervals.length > 0) lines.push(`  only    in ${to.activeTimeIntervals.join(', ')}`);
  if (to.muteTimeIntervals.length > 0) lines.push(`  not     in ${to.muteTimeIntervals.join(', ')}`);
  if (to.mutedBy.length > 0) lines.push(`  quiet   now, because of ${to.mutedBy.join(', ')}`);
  return lines;
}

const MARKS: Readonly<Record<RouteTrace['outcome'], string>> = {
  takes: '✓',
  passes: '✓',
  fails: '✗',
  untried: '·',
};

/** The tree; `first` stands before the route's line, `rest` before those of the routes below it. */
function traceLines(trace: RouteTrace, labels: Labels, first: string, rest: string): string[] {
  const { route: at, outcome, below } = trace;
  const shown = at.matchers.length === 0 ? '(every alert)' : formatMatchers(at.matchers);
  const lines = [`${first}${MARKS[outcome]} ${shown}${reasonOf(trace, labels)}`];
  for (const [index, child] of below.entries()) {
    const last = index === below.length - 1;
    lines.push(
      ...traceLines(child, labels, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`),
    );
  }
  return lines;
}

function reasonOf({ route: at, outcome, failed }: RouteTrace, labels: Labels): string {
  const goesOn = at.continue ? ', and the next routes are tried too' : '';
  switch (outcome) {
    case 'takes':
      return `  → ${at.receiver}${goesOn}`;
    case 'passes':
      return goesOn.replace(', and', ' ');
    case 'untried':
      return '  not tried: a route before it took the alert';
    case 'fails': {
      if (failed === undefined) return '';
      const value = labels.get(failed.name);
      return `  ${formatMatcher(failed)} fails: ${value === '' ? 'there is no such label' : `it is ${JSON.stringify(value)}`}`;
    }
  }
}

function stepOf({ route: at, outcome, failed, below }: RouteTrace): Step {
  return {
    routeId: at.id,
    matchers: formatMatchers(at.matchers),
    receiver: at.receiver,
    continue: at.continue,
    outcome,
    ...(failed === undefined ? {} : { failed: formatMatcher(failed) }),
    routes: below.map(stepOf),
  };
}
