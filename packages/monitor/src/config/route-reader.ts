/**
 * Reads the routing tree of `alertmanager.yml`: defaults at the top, what a route does not say from its parent, and
 * the keys by which Alertmanager knows a route.
 */
import { formatMatchers } from '../alert-matcher.ts';
import type { GroupBy, RouteConfig } from './alertmanager.ts';
import { readMatcherFields } from './matcher-fields.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

const GROUP_WAIT_MS = 30_000;
const GROUP_INTERVAL_MS = 5 * 60_000;
const REPEAT_INTERVAL_MS = 4 * 60 * 60_000;

/** How many routes are read; with YAML's aliases a short file can say a great many. */
export const ROUTES_MAX = 100_000;
/** How deep they may be nested. */
export const ROUTE_DEPTH_MAX = 100;

/** What a tree may refer to. */
export interface RouteNames {
  readonly receivers: ReadonlySet<string>;
  readonly timeIntervals: ReadonlySet<string>;
}

/** Reads the field `route`; what is wrong with it is recorded at its place. */
export function readRouteTree(root: YamlMap | undefined, names: RouteNames): RouteConfig {
  return new RouteReader(names).top(root);
}

class RouteReader {
  readonly #names: RouteNames;
  #count = 0;

  constructor(names: RouteNames) {
    this.#names = names;
  }

  top(root: YamlMap | undefined): RouteConfig {
    const map = root?.required('route')?.map();
    const defaults: RouteConfig = {
      key: '',
      id: '',
      receiver: '',
      matchers: [],
      continue: false,
      groupBy: [],
      groupWaitMs: GROUP_WAIT_MS,
      groupIntervalMs: GROUP_INTERVAL_MS,
      repeatIntervalMs: REPEAT_INTERVAL_MS,
      muteTimeIntervals: [],
      activeTimeIntervals: [],
      routes: [],
    };
    const route = this.#route(map, defaults, undefined, 0);
    if (map === undefined) return route;
    if (route.receiver === '') {
      if (map.field('receiver') === undefined) map.required('receiver');
      else
        map.problemAt(
          'receiver',
          'the top route needs a receiver: alerts that no other route takes go there',
        );
    }
    const everything = 'the top route takes every alert, at any time';
    if (route.matchers.length > 0) {
      for (const name of ['match', 'match_re', 'matchers'])
        if (map.field(name) !== undefined)
          map.problemAt(name, `${everything}: put ${name} in a route under routes`);
    }
    if (route.continue) map.problemAt('continue', 'there is nothing after the top route to continue with');
    for (const name of ['mute_time_intervals', 'active_time_intervals'])
      if (map.items(name).length > 0)
        map.problemAt(name, `${everything}: put ${name} in a route under routes`);
    return route;
  }

  #route(
    map: YamlMap | undefined,
    parent: RouteConfig,
    index: number | undefined,
    depth: number,
  ): RouteConfig {
    this.#count++;
    const matchers = readMatcherFields(map, '');
    const shown = formatMatchers(matchers);
    const own: RouteConfig = {
      key: index === undefined ? shown : `${parent.key}/${shown}`,
      id: index === undefined ? shown : `${parent.id}/${shown}/${index}`,
      receiver: this.#receiver(map?.field('receiver')) || parent.receiver,
      matchers,
      continue: map?.boolean('continue') ?? false,
      groupBy: readGroupBy(map) ?? parent.groupBy,
      groupWaitMs: map?.durationMs('group_wait') ?? parent.groupWaitMs,
      groupIntervalMs: positive(map, 'group_interval') ?? parent.groupIntervalMs,
      repeatIntervalMs: positive(map, 'repeat_interval') ?? parent.repeatIntervalMs,
      muteTimeIntervals: this.#timeIntervals(map, 'mute_time_intervals'),
      activeTimeIntervals: this.#timeIntervals(map, 'active_time_intervals'),
      routes: [],
    };
    const routes = this.#routes(map, own, depth);
    map?.finish();
    return { ...own, routes };
  }

  #routes(map: YamlMap | undefined, parent: RouteConfig, depth: number): RouteConfig[] {
    const items = map?.items('routes') ?? [];
    if (items.length > 0 && depth >= ROUTE_DEPTH_MAX) {
      map?.problemAt('routes', `routes may be nested ${ROUTE_DEPTH_MAX} deep`);
      return [];
    }
    const routes: RouteConfig[] = [];
    for (const [index, item] of items.entries()) {
      if (this.#count >= ROUTES_MAX) {
        if (this.#count++ === ROUTES_MAX) item.problem(`there are more than ${ROUTES_MAX} routes`);
        return routes;
      }
      const child = item.map();
      if (child !== undefined) routes.push(this.#route(child, parent, index, depth + 1));
    }
    return routes;
  }

  #receiver(node: YamlNode | undefined): string {
    const name = node?.text() ?? '';
    if (node !== undefined && name !== '') this.#mustKnow(node, 'receiver', name, this.#names.receivers);
    return name;
  }

  #timeIntervals(map: YamlMap | undefined, field: string): string[] {
    return (map?.items(field) ?? []).flatMap((item) => {
      const name = item.text();
      if (name === undefined) return [];
      this.#mustKnow(item, 'time interval', name, this.#names.timeIntervals);
      return [name];
    });
  }

  #mustKnow(node: YamlNode, noun: string, name: string, known: ReadonlySet<string>): void {
    if (known.has(name)) return;
    const there = known.size === 0 ? 'there are none' : `there are: ${[...known].join(', ')}`;
    node.problem(`the ${noun} ${JSON.stringify(name)} is not among the ${noun}s (${there})`);
  }
}

/** Undefined where the route does not say; an empty list says that all alerts are one group. */
function readGroupBy(map: YamlMap | undefined): GroupBy | undefined {
  const field = map?.field('group_by');
  const items = field?.items();
  if (items === undefined) return undefined;
  const labels: string[] = [];
  let all = false;
  for (const item of items) {
    const label = item.text();
    if (label === undefined) continue;
    if (label === '') item.problem(`${item.path} must be a label name or '...'`);
    if (labels.includes(label)) item.problem(`the label ${JSON.stringify(label)} is given twice in group_by`);
    if (label === '...') all = true;
    else labels.push(label);
  }
  if (!all) return labels;
  if (labels.length > 0) field?.problem("group_by: '...' groups by all labels and must stand alone");
  return 'all';
}

function positive(map: YamlMap | undefined, name: string): number | undefined {
  const ms = map?.durationMs(name);
  if (ms === 0) map?.field(name)?.problem(`${name} must be longer than 0`);
  return ms;
}
