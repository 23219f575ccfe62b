/** What the platform offers to the outside, and which service does it. What is not here cannot be reached. */

import type { IncomingMessage } from 'node:http';

/** Who answers: a service behind the gateway, or the gateway itself. */
export type Target = 'assets' | 'files' | 'search' | 'transcode' | 'gateway';

interface Route {
  readonly template: string;
  /** By method. */
  readonly targets: Readonly<Record<string, Target>>;
}

const ROUTES: readonly Route[] = [
  { template: '/api/v1/assets', targets: { GET: 'assets', POST: 'assets' } },
  { template: '/api/v1/assets/{asset_id}', targets: { GET: 'assets', PUT: 'assets', DELETE: 'assets' } },
  { template: '/api/v1/assets/{asset_id}/files', targets: { GET: 'files', POST: 'files' } },
  { template: '/api/v1/files/{file_id}', targets: { GET: 'files', DELETE: 'files' } },
  { template: '/api/v1/files/{file_id}/content', targets: { GET: 'files' } },
  { template: '/api/v1/search', targets: { GET: 'search' } },
  { template: '/api/v1/transcode', targets: { POST: 'transcode' } },
  { template: '/api/v1/transcode/{job_id}', targets: { GET: 'transcode' } },
  { template: '/health', targets: { GET: 'gateway' } },
];

const PATTERNS = ROUTES.map((route) => ({
  route,
  // A parameter is one segment, and not empty.
  pattern: new RegExp(`^${route.template.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** What a request asks for. */
export interface Found {
  /** The route's template, also the label. */
  readonly template: string;
  /** Undefined where the route has not this method. */
  readonly target: Target | undefined;
  /** The methods that the route has. */
  readonly methods: readonly string[];
}

/** The route of a path without its query; undefined where there is none. */
export function findRoute(method: string, path: string): Found | undefined {
  const found = PATTERNS.find(({ pattern }) => pattern.test(path));
  if (found === undefined) return undefined;
  const { template, targets } = found.route;
  return { template, target: targets[method], methods: Object.keys(targets) };
}

/** The template of the route of a request, whether or not it has the method. */
export function templateOf(request: IncomingMessage): string | undefined {
  return findRoute(request.method ?? '', pathOf(request))?.template;
}

/** The path of a request, without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
