/**
 * The page's files, from a folder. The page keeps its own addresses behind `#`; the same without it, as Grafana has them
 * (`/d/UID`), lead there.
 *
 * Files whose names carry a hash of their content never change and are kept by the browser; all others are asked
 * for each time and answered with 304 while they are the same.
 */
import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { plainText } from './envelope.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** `name-B6rt8s2Q.js`, as Vite names what it builds. */
const HASHED = /-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

const NOT_BUILT = `Binnacle runs, but its page is not built.

Build it with "npm run build" in the repository, or name its folder with --page.
The API answers all the same: /api/v1/query?query=up
`;

/** Answers requests for files of a folder; `undefined` for a page that is not there. */
export function pageFiles(folder: string | undefined): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    if (folder === undefined) return plainText(NOT_BUILT, 503);
    const path = localPath(request.path);
    if (path === undefined) return plainText('the path is not valid\n', 400);
    if (path === '') return (await file(join(folder, 'index.html'), request)) ?? plainText(NOT_BUILT, 503);
    // A missing script must not be answered by a page that the browser then reads as a script.
    if (extname(path) === '') return insideThePage(request);
    return (await file(join(folder, path), request)) ?? plainText(`there is no ${request.path}\n`, 404);
  };
}

/** Relative, so that it holds under any prefix that a proxy puts in front. */
function insideThePage({ path, parameters }: ApiRequest): ApiResponse {
  const up = '../'.repeat(path.split('/').length - 2) || './';
  const query = parameters.size === 0 ? '' : `?${parameters}`;
  return { status: 302, headers: { location: `${up}#${path}${query}` }, body: '' };
}

/** The path inside of the folder; undefined when it would leave it or cannot be decoded. */
function localPath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
  if (decoded.split('/').includes('..')) return undefined;
  const normal = normalize(decoded);
  return normal.startsWith(sep) ? normal.slice(1) : normal;
}

async function file(path: string, request: ApiRequest): Promise<ApiResponse | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile()) return undefined;
  const etag = `"${stats.size.toString(36)}-${Math.trunc(stats.mtimeMs).toString(36)}"`;
  const headers = {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
  };
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: '' };
  return { status: 200, headers, body: await readFile(path) };
}
