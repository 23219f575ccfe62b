/**
 * Which routes an alert takes, and why.
 *
 * An alert walks the tree from the top. Where a route's matchers all match, the routes below it are tried in order;
 * the first that takes the alert ends the search on that level unless it says `continue`. A route that matches, and
 * below which nobody takes the alert, takes it itself. So the alert of a tree like this goes to `pager` and `mail`:
 *
 *     ✓ ops
 *     ├─ ✗ {team="db"}         db        one matcher fails: nothing below it is tried
 *     ├─ ✓ {severity="page"}   pager     takes it, and says `continue`
 *     ├─ ✓ {job=~".+"}         mail      takes it
 *     └─ · {job="web"}         web       is not tried any more
 *
 * The top route has no matchers, so that every alert goes somewhere.
 */
import type { Labels } from '@binnacle/metrics/model';
import { quote } from '@binnacle/promql';
import { type AlertMatcher, matchesAll } from '../alert-matcher.ts';
import type { RouteConfig } from '../config/alertmanager.ts';

/** The routes that take an alert, in the order of the tree; none only where the given route itself does not match. */
export function matchRoutes(route: RouteConfig, labels: Labels): readonly RouteConfig[] {
  const taking: RouteConfig[] = [];
  collect(route, labels, taking);
  return taking;
}

function collect(route: RouteConfig, labels: Labels, taking: RouteConfig[]): boolean {
  if (!matchesAll(route.matchers, labels)) return false;
  const before = taking.length;
  for (const child of route.routes) if (collect(child, labels, taking) && !child.continue) break;
  if (taking.length === before) taking.push(route);
  return true;
}

/** What became of an alert at one route. */
export interface RouteTrace {
  readonly route: RouteConfig;
  /**
   * - `takes`: the alert goes to its receiver
   * - `passes`: it matches, and routes below it take the alert
   * - `fails`: a matcher does not match
   * - `untried`: a sibling before it ended the search
   */
  readonly outcome: 'takes' | 'passes' | 'fails' | 'untried';
  /** The first that does not match. */
  readonly failed?: AlertMatcher;
  /** Those below it, in order; empty where they were not tried. */
  readonly below: readonly RouteTrace[];
}

/** Tells how {@link matchRoutes} comes to its answer: the routes that take the alert are those with `takes`. */
export function explainRoutes(route: RouteConfig, labels: Labels): RouteTrace {
  const failed = route.matchers.find((matcher) => !matcher.matches(labels));
  if (failed !== undefined) return { route, outcome: 'fails', failed, below: [] };
  const below: RouteTrace[] = [];
  let ended = false;
  for (const child of route.routes) {
    const trace: RouteTrace = ended
      ? { route: child, outcome: 'untried', below: [] }
      : explainRoutes(child, labels);
    below.push(trace);
    ended ||= trace.outcome !== 'fails' && !child.continue;
  }
  const taken = below.some(({ outcome }) => outcome === 'takes' || outcome === 'passes');
  return { route, outcome: taken ? 'passes' : 'takes', below };
}

/** The labels that all alerts of an alert's group have in common. */
export function groupLabelsOf(route: RouteConfig, labels: Labels): Labels {
  return route.groupBy === 'all' ? labels : labels.only(new Set(route.groupBy));
}

/** Alertmanager's key of a group: `{}/{team="db"}:{alertname="Down", job="x"}`. */
export function groupKeyOf(route: RouteConfig, groupLabels: Labels): string {
  const shown = groupLabels.entries().map(([name, value]) => `${name}=${quote(value)}`);
  return `${route.key}:{${shown.join(', ')}}`;
}
