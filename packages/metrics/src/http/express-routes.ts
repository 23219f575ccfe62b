/**
 * Finds the template of the route of a request in Express, with the templates of all that the route is mounted in.
 *
 * Express keeps the template of the route itself, and of a mount only what the request has in its place:
 * `/tenants/acme`, not `/tenants/:tenant`. So the route is looked for in the stacks of the application and of its
 * routers, which gives the layers above it, and each of these is asked which parts of its prefix are parameters: a
 * segment is one if the layer matches as well with another word in its place. Since `router` 2.3, a layer tells its
 * template itself. What was found is kept for each route, as a pattern of the prefix, so that later requests are compared
 * with it and nothing is looked for.
 *
 * A router is left again when it hands on an error, and then `baseUrl` is that of the application. The route is the
 * same, so the original path says where it was mounted.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { normalizedPath, withBraces } from './endpoint.ts';

/** So many templates of mounts are kept for one route; further ones are `{mount}`. */
export const MOUNTS_PER_ROUTE_MAX = 20;

/** So many mounts that answer themselves, without routes, are told apart; further ones are `{mount}`. */
export const UNROUTED_MOUNTS_MAX = 100;

/** So many applications that are mounted in the application are looked into. */
const INNER_APPLICATIONS_MAX = 100;

/** So deep routers are looked into. */
const DEPTH_MAX = 16;

/** What stands for a mount whose template is not to be found. */
const UNKNOWN_MOUNT = '/{mount}';

/** Words that a parameter takes: any, a number, an identifier. */
const PROBES = ['binnacle', '7', '00000000-0000-4000-8000-000000000000'];

/** What a request of Express has. */
export interface RoutedRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly app?: Application;
}

/** What of an application is looked at. */
export interface Application {
  readonly parent?: Application;
  readonly mountpath?: unknown;
}

/** A layer of a stack: a route, or a handler with the prefix that it is mounted at. */
interface Layer {
  readonly route?: object;
  readonly handle?: unknown;
  readonly name?: unknown;
  /** Returns what it found, or sets it as `path` and `params`, as it does up to `router` 2.2. */
  readonly match?: (path: string) => unknown;
  path?: unknown;
  params?: unknown;
}

/** The template of a mount, and the paths that it is the template of. */
interface Mount {
  readonly template: string;
  readonly prefix: RegExp;
  /** The template with that of the route behind it, unless the route has several. */
  readonly whole: string | undefined;
}

/** What is known of one route. */
interface KnownRoute {
  readonly mounts: Mount[];
  /** Whether its router is mounted at one place. Where it is at several, a prefix may fit what another one had. */
  readonly isUnique: boolean;
}

/** The routes of an application. */
export class ExpressRoutes {
  readonly #routes = new WeakMap<object, KnownRoute>();
  readonly #unrouted: Mount[] = [];
  /** Applications in the application: only a request that is answered there tells of one. */
  readonly #inner = new Set<Application>();
  #root: Application | undefined;

  /** Notes the application whose requests these are. */
  seen(request: RoutedRequest): void {
    this.#root ??= topOf(request.app);
  }

  /** The template of the route that answers a request, or of the mount if that has no routes; undefined without one. */
  templateOf(request: RoutedRequest, response: ServerResponse): string | undefined {
    const url = request.originalUrl ?? request.url ?? '';
    const { route } = request;
    if (route === undefined) {
      const { baseUrl = '' } = request;
      if (baseUrl === '' || response.statusCode === 404) return undefined;
      const same = this.#unrouted.find(({ prefix }) => prefix.exec(baseUrl)?.[0] === baseUrl);
      const mount =
        same ?? this.#keep(this.#unrouted, this.#mountOf(request, baseUrl), '', UNROUTED_MOUNTS_MAX);
      return mount.template;
    }
    let of = this.#routes.get(route);
    if (of === undefined) {
      of = { mounts: [], isUnique: placesOf(stackOf(this.#root), route, 0) <= 1 };
      this.#routes.set(route, of);
    }
    const mount =
      (of.isUnique ? known(of.mounts, url) : undefined) ??
      this.#keep(of.mounts, this.#prefixOf(request, route, pathOf(url)), route.path);
    return mount.whole ?? mount.template + ownTemplate(route.path, pathOf(url), mount);
  }

  #keep(mounts: Mount[], template: string, path: unknown, most = MOUNTS_PER_ROUTE_MAX): Mount {
    const before = mounts.find((mount) => mount.template === template);
    if (before !== undefined) return before;
    const kept = mounts.length < most ? template : UNKNOWN_MOUNT;
    const whole = Array.isArray(path) ? undefined : kept + templateOfRoute(path, kept);
    const mount = { template: kept, prefix: patternOf(kept), whole };
    if (kept === template) mounts.push(mount);
    return mount;
  }

  /** The template of what a route is mounted in, empty for the application itself. */
  #prefixOf(request: RoutedRequest, route: object, path: string): string {
    for (const app of this.#applications(request)) {
      const above = mountpathOf(app, path);
      const found = prefixIn(stackOf(app), path.slice(above.length) || '/', route, 0);
      if (found !== undefined) return templateAbove(app, above) + found;
    }
    const { template, prefix } = unseenMount(stackOf(this.#root), path);
    return template + guessedPrefix((route as { readonly path?: unknown }).path, path.slice(prefix.length));
  }

  #mountOf(request: RoutedRequest, baseUrl: string): string {
    for (const app of this.#applications(request)) {
      const above = mountpathOf(app, baseUrl);
      const found = above === baseUrl ? '' : mountIn(stackOf(app), baseUrl.slice(above.length), 0);
      if (found !== undefined) return templateAbove(app, above) + found;
    }
    return normalizedPath(baseUrl);
  }

  /** Where a route may be: in the application with its routers, and in those that are mounted in it. */
  *#applications({ app }: RoutedRequest): Generator<Application, void, undefined> {
    if (this.#root !== undefined) yield this.#root;
    if (app !== undefined && this.#inner.size < INNER_APPLICATIONS_MAX) this.#inner.add(app);
    yield* this.#inner;
  }
}

function topOf(app: Application | undefined): Application | undefined {
  let top = app;
  for (let depth = 0; top?.parent !== undefined && depth < DEPTH_MAX; depth++) top = top.parent;
  return top;
}

function known(mounts: readonly Mount[], url: string): Mount | undefined {
  for (const mount of mounts) if (mount.prefix.test(url)) return mount;
  return undefined;
}

/** The stack of a router or of an application. */
function stackOf(holder: unknown): readonly Layer[] {
  if ((typeof holder !== 'function' && typeof holder !== 'object') || holder === null) return [];
  const { stack, _router } = holder as {
    readonly stack?: unknown;
    readonly _router?: { readonly stack?: unknown };
  };
  const found = stack ?? _router?.stack ?? routerOf(holder)?.stack;
  return Array.isArray(found) ? found : [];
}

/** The router of an application of Express 5; in Express 4 asking for it throws. */
function routerOf(holder: object): { readonly stack?: unknown } | undefined {
  if (!('handle' in holder && 'router' in holder)) return undefined;
  try {
    return (holder as { readonly router?: { readonly stack?: unknown } }).router;
  } catch {
    return undefined;
  }
}

/** The template of the mounts between a stack and a route; undefined if the route is not there. */
function prefixIn(stack: readonly Layer[], path: string, route: object, depth: number): string | undefined {
  for (const layer of stack) {
    if (layer.route === route && matchOf(layer, path) !== undefined) return '';
    if (layer.route !== undefined || depth >= DEPTH_MAX) continue;
    const inner = stackOf(layer.handle);
    if (inner.length === 0) continue;
    const prefix = prefixOf(layer, path);
    if (prefix === undefined) continue;
    const below = prefixIn(inner, path.slice(prefix.length) || '/', route, depth + 1);
    if (below !== undefined) return templateOfMount(layer, prefix) + below;
  }
  return undefined;
}

/** At how many places a route stands: its router may be mounted at several. */
function placesOf(stack: readonly Layer[], route: object, depth: number): number {
  let places = 0;
  for (const layer of stack) {
    if (layer.route === route) places++;
    else if (layer.route === undefined && depth < DEPTH_MAX)
      places += placesOf(stackOf(layer.handle), route, depth + 1);
  }
  return places;
}

/** The template of a mount that has no route, by the path that it was reached with. */
function mountIn(stack: readonly Layer[], baseUrl: string, depth: number): string | undefined {
  for (const layer of stack) {
    if (layer.route !== undefined || depth >= DEPTH_MAX) continue;
    const prefix = prefixOf(layer, baseUrl);
    if (prefix === undefined) continue;
    if (prefix === baseUrl) return templateOfMount(layer, prefix);
    const below = mountIn(stackOf(layer.handle), baseUrl.slice(prefix.length), depth + 1);
    if (below !== undefined) return templateOfMount(layer, prefix) + below;
  }
  return undefined;
}

/** The mount of an application that the request has left again, which its layer does not show. */
function unseenMount(
  stack: readonly Layer[],
  path: string,
): { readonly template: string; readonly prefix: string } {
  for (const layer of stack) {
    if (layer.name !== 'mounted_app') continue;
    const prefix = prefixOf(layer, path);
    if (prefix !== undefined && prefix !== '') return { template: templateOfMount(layer, prefix), prefix };
  }
  return { template: '', prefix: '' };
}

/** What the applications above one are mounted at, as the request has it. */
function mountpathOf(app: Application, path: string): string {
  return patternOf(templateAbove(app, path)).exec(path)?.[0] ?? '';
}

function templateAbove(app: Application, path: string): string {
  const mountpaths: string[][] = [];
  let next: Application | undefined = app;
  for (let depth = 0; next?.parent !== undefined && depth < DEPTH_MAX; depth++) {
    mountpaths.unshift([next.mountpath].flat().filter((one) => typeof one === 'string'));
    next = next.parent;
  }
  let template = '';
  for (const choices of mountpaths) {
    const templates = choices.map((one) => withoutSlash(withBraces(one)));
    template += templates.find((one) => patternOf(template + one).test(path)) ?? templates[0] ?? '';
  }
  return template;
}

interface Match {
  /** What of the path it matches, without a slash at its end. */
  readonly prefix: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Which of its templates matches, where it tells. */
  readonly pattern?: unknown;
}

/** Asks a layer whether it matches, and leaves it as it was: Express reads at once what a match has set. */
function matchOf(layer: Layer, path: string): Match | undefined {
  if (typeof layer.match !== 'function') return undefined;
  const { path: pathBefore, params: paramsBefore } = layer;
  try {
    const result = layer.match(path);
    if (typeof result === 'object' && result !== null) return matchFrom(result);
    if (result !== true) return undefined;
    const found = matchFrom(layer);
    layer.path = pathBefore;
    layer.params = paramsBefore;
    return found;
  } catch {
    // What cannot be decoded matches nothing.
    return undefined;
  }
}

function matchFrom(found: {
  readonly path?: unknown;
  readonly params?: unknown;
  readonly pattern?: unknown;
}): Match | undefined {
  const { path, params, pattern } = found;
  if (typeof path !== 'string') return undefined;
  return { prefix: withoutSlash(path), params: (params ?? {}) as Match['params'], pattern };
}

function prefixOf(layer: Layer, path: string): string | undefined {
  const prefix = matchOf(layer, path)?.prefix;
  return prefix !== undefined && path.startsWith(prefix) ? prefix : undefined;
}

/** The template of a layer that matches a prefix. */
function templateOfMount(layer: Layer, prefix: string): string {
  if (prefix === '') return '';
  const pattern = matchOf(layer, prefix)?.pattern;
  if (typeof pattern === 'string') return withoutSlash(withBraces(pattern));
  const segments = prefix.split('/');
  return segments.map((_, i) => templateOfSegment(layer, segments, i)).join('/');
}

function templateOfSegment(layer: Layer, segments: readonly string[], at: number): string {
  const segment = segments[at]!;
  if (segment === '') return '';
  const paramsWith = (other: string): Match['params'] | undefined => {
    const path = segments.with(at, other).join('/');
    const match = matchOf(layer, path);
    return match?.prefix === path ? match.params : undefined;
  };
  for (const probe of PROBES) {
    const params = paramsWith(probe);
    const name =
      params && Object.keys(params).find((one) => params[one] === probe || isIn(params[one], probe));
    if (params !== undefined) return `{${name === undefined || /^\d+$/.test(name) ? 'mount' : name}}`;
  }
  const own = paramsWith(segment) ?? {};
  for (const [name, value] of Object.entries(own)) {
    if (typeof value !== 'string' || value === '' || !segment.includes(value)) continue;
    for (const probe of PROBES) {
      const params = paramsWith(segment.replace(value, probe));
      if (params?.[name] === probe) return segment.replace(value, `{${name}}`);
    }
  }
  const otherDigits = segment.replace(/\d/g, (digit) => (digit === '7' ? '3' : '7'));
  if (otherDigits !== segment && paramsWith(otherDigits) !== undefined)
    return segment.replace(/\d+/g, '{id}');
  // Express makes no difference between large and small letters unless it is told to, and clients write either.
  const lower = segment.toLowerCase();
  return paramsWith(lower) === undefined ? segment : lower;
}

function isIn(value: unknown, probe: string): boolean {
  return Array.isArray(value) && value.includes(probe);
}

/** The template of a route with one pattern. */
function templateOfRoute(path: unknown, mount: string): string {
  if (path instanceof RegExp) return readable(path);
  return typeof path !== 'string' || (path === '/' && mount !== '') ? '' : withBraces(path);
}

/** The template of a route with several patterns: the first one that matches what the mount leaves. */
function ownTemplate(path: unknown, requested: string, mount: Mount): string {
  const rest = requested.replace(mount.prefix, '') || '/';
  const patterns = [path].flat(Number.POSITIVE_INFINITY) as unknown[];
  const own = patterns.find((pattern) =>
    pattern instanceof RegExp
      ? pattern.test(rest)
      : typeof pattern === 'string' &&
        new RegExp(`${patternOf(withBraces(pattern)).source}/?$`, 'i').test(rest),
  );
  return templateOfRoute(own ?? patterns[0], mount.template);
}

/** A regular expression as a template: `^\/files\/v\d$` becomes `/files/v\d`. */
function readable({ source }: RegExp): string {
  const text = source.replaceAll('\\/', '/').replace(/^\^/, '').replace(/\$$/, '');
  return text.startsWith('/') ? text : `/${text}`;
}

/** Where a route cannot be found, what stands before as many segments as it has, with its identifiers in braces. */
function guessedPrefix(path: unknown, requested: string): string {
  const segments = requested.split('/').filter((segment) => segment !== '');
  const own =
    typeof path === 'string' ? path.split('/').filter((segment) => segment !== '').length : segments.length;
  const prefix = segments.slice(0, Math.max(0, segments.length - own));
  return prefix.length === 0 ? '' : normalizedPath(`/${prefix.join('/')}`);
}

/** The paths that begin with a template. */
function patternOf(template: string): RegExp {
  const source = template
    .split(/(\{[^}]*\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      return part === '{wildcard}' ? '.*' : '[^/?]+?';
    })
    .join('');
  return new RegExp(`^${source}(?=[/?]|$)`, 'i');
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
