/**
 * Endpoints: what the requests of a server are told apart by, so that their number has a bound.
 *
 * A route's template with its parameters in braces is the best one. Where a server has no templates, paths are made
 * into something like them, `/orders/7719/lines` into `/orders/{id}/lines`. That finds no bound for a server that
 * anybody may ask for anything, so a path becomes an endpoint only when the server gives a real answer there: not by
 * an answer of 3xx or 4xx, with which scanners are sent away. The first few are endpoints at once, further ones when
 * they were asked for several times, and there are never more than a limit. All else is {@link UNMATCHED}.
 *
 * What an endpoint is called can be told otherwise, `health` for `/health`; its name is asked for once.
 */

/** The endpoint of requests that no route matches, and of those beyond the limits. */
export const UNMATCHED = 'unmatched';

/** So many templates of routes are told apart; requests to further ones are {@link UNMATCHED}. */
export const TEMPLATES_MAX = 1_000;

/** So many endpoints are made of paths, where there are no templates. */
export const PATH_ENDPOINTS_MAX = 100;

/** So many of them come to be by the first request; further ones after {@link PATH_REQUESTS_MIN}. */
export const PATH_ENDPOINTS_AT_ONCE = 20;

/** So many requests must have been answered before a path becomes one of the later endpoints. */
export const PATH_REQUESTS_MIN = 3;

/** What stands for a segment that tells one thing from another. */
const ID = '{id}';

/** A path is told apart to this depth; what lies below is `{rest}`. */
const SEGMENTS_MAX = 8;

/** A longer segment is the name of one thing. */
const SEGMENT_CHARACTERS_MAX = 24;

/** Paths whose requests are counted before they become endpoints; when there are so many, counting begins anew. */
const CANDIDATES_MAX = 500;

/** Paths of which it is known what they become; when there are so many, they are forgotten. */
const KNOWN_PATHS_MAX = 1_000;

/** A word with few digits: `users`, `v2`, `.well-known`, `main.js`, `oauth2`. */
const WORD = /^[\w.~-]*$/;
const DIGITS = /\d{4}|^\d+$|\d\D*\d\D*\d\D*\d/;
const HEXADECIMAL = /^(?=.*\d)[\da-f]{8,}$/i;
/** Digits and letters that change between small and large, as in random identifiers and not in `camelCase`. */
const SCRAMBLED = /^(?=.*[a-z][A-Z])(?=.*\d.*\d).{8,}$/;

/**
 * A path with its identifiers in braces: numbers, UUIDs, hashes, dates, and long or strange words become `{id}`. The
 * query is dropped, and so are empty segments.
 */
export function normalizedPath(path: string): string {
  const end = path.search(/[?#]/);
  const segments = (end < 0 ? path : path.slice(0, end)).split('/').filter((segment) => segment !== '');
  const kept = segments.slice(0, SEGMENTS_MAX).map((segment) => (isIdentifier(segment) ? ID : segment));
  if (segments.length > SEGMENTS_MAX) kept.push('{rest}');
  return `/${kept.join('/')}`;
}

function isIdentifier(segment: string): boolean {
  return (
    segment.length > SEGMENT_CHARACTERS_MAX ||
    !WORD.test(segment) ||
    DIGITS.test(segment) ||
    HEXADECIMAL.test(segment) ||
    SCRAMBLED.test(segment)
  );
}

/** What an endpoint is called: of `/orders/{id}`, the template of a route or what became of a path. */
export type EndpointName = (template: string) => string;

/** The endpoints of one server. */
export class Endpoints {
  readonly #byTemplate = new Map<string, string>();
  readonly #byPath = new Map<string, string>();
  /** By path with braces. */
  readonly #ofPaths = new Map<string, string>();
  readonly #candidates = new Map<string, number>();
  readonly #name: EndpointName | undefined;

  /** @param name what endpoints are called; without it as they are */
  constructor(name?: EndpointName) {
    this.#name = name;
  }

  /** The endpoint of a route: its template with braces, as long as there are not too many. */
  ofTemplate(template: string): string {
    const known = this.#byTemplate.get(template);
    if (known !== undefined) return known;
    if (this.#byTemplate.size >= TEMPLATES_MAX) return UNMATCHED;
    const endpoint = this.#named(withBraces(template));
    this.#byTemplate.set(template, endpoint);
    return endpoint;
  }

  /**
   * The endpoint of a request to a server without routes.
   * @param url as it stands in the request, with its query
   * @param status with which it was answered
   */
  ofPath(url: string, status: number): string {
    const end = url.indexOf('?');
    const path = end < 0 ? url : url.slice(0, end);
    const normalized = this.#normalized(path);
    const known = this.#ofPaths.get(normalized);
    if (known !== undefined) return known;
    if (!makesEndpoints(status) || !this.#isAdmitted(normalized)) return UNMATCHED;
    const endpoint = this.#named(normalized);
    this.#ofPaths.set(normalized, endpoint);
    this.#candidates.delete(normalized);
    return endpoint;
  }

  /** A name that cannot be told, or is no text, is the endpoint itself. */
  #named(endpoint: string): string {
    if (this.#name === undefined) return endpoint;
    try {
      const name: unknown = this.#name(endpoint);
      return typeof name === 'string' && name !== '' ? name : endpoint;
    } catch {
      return endpoint;
    }
  }

  #normalized(path: string): string {
    let normalized = this.#byPath.get(path);
    if (normalized === undefined) {
      // Whole addresses, `*` and authorities are asked of proxies and for options.
      normalized = path.startsWith('/') ? normalizedPath(path) : UNMATCHED;
      if (this.#byPath.size >= KNOWN_PATHS_MAX) this.#byPath.clear();
      this.#byPath.set(path, normalized);
    }
    return normalized;
  }

  #isAdmitted(path: string): boolean {
    if (path === UNMATCHED || this.#ofPaths.size >= PATH_ENDPOINTS_MAX) return false;
    if (this.#ofPaths.size < PATH_ENDPOINTS_AT_ONCE) return true;
    const requests = (this.#candidates.get(path) ?? 0) + 1;
    if (requests >= PATH_REQUESTS_MIN) return true;
    if (this.#candidates.size >= CANDIDATES_MAX) this.#candidates.clear();
    this.#candidates.set(path, requests);
    return false;
  }
}

function makesEndpoints(status: number): boolean {
  return (status >= 200 && status < 300) || status >= 500;
}

/**
 * A route's template with its parameters in braces: `/a/:id/b/:from-:to(^\\d+$)/*` becomes
 * `/a/{id}/b/{from}-{to}/{wildcard}`. It reads what the routers of Fastify, Express 4 and 5, Koa and Hono write:
 *
 *     :id   :id?   :id(\\d+)   :id{[0-9]+}   a parameter; its name ends at `/`, `-`, `.`, or where a pattern begins
 *     *   *name   (.*)                       the rest, `{wildcard}` or `{name}`
 *     {/:id}                                 a part that may be missing, written out
 *     {id}                                   in braces already
 *     ::                                     a colon
 */
export function withBraces(template: string): string {
  let out = '';
  let open = 0;
  for (let i = 0; i < template.length; ) {
    const char = template[i]!;
    if (template.startsWith('::', i)) {
      out += ':';
      i += 2;
    } else if (char === ':' || char === '*') {
      const end = afterName(template, i + 1);
      out += `{${template.slice(i + 1, end) || 'wildcard'}}`;
      i = afterPattern(template, end);
    } else if (char === '(') {
      out += '{wildcard}';
      i = afterPattern(template, i);
    } else if (char === '{' && !OPTIONAL_PART.test(template.slice(i))) {
      const end = afterClosing(template, i);
      out += template.slice(i, end);
      i = end;
    } else {
      if (char === '{') open++;
      else if (char === '}' && open > 0) open--;
      else out += char;
      i++;
    }
  }
  return out;
}

/** A part in braces that may be missing, and no pattern of the parameter before it. */
const OPTIONAL_PART = /^\{(?:\/|[^{}[\]()]*[:*]\w)/;

function afterName(template: string, at: number): number {
  let end = at;
  while (end < template.length && !'/-.(:{}?*+'.includes(template[end]!)) end++;
  return end;
}

/** The position after the pattern of a parameter and its modifier, where there are some. */
function afterPattern(template: string, at: number): number {
  let end = at;
  if (template[end] === '(' || (template[end] === '{' && !OPTIONAL_PART.test(template.slice(end))))
    end = afterClosing(template, end);
  return template[end] !== undefined && '?*+'.includes(template[end]!) ? end + 1 : end;
}

/** The position after the parenthesis or brace that closes the one at `at`. */
function afterClosing(template: string, at: number): number {
  const opening = template[at]!;
  const closing = opening === '(' ? ')' : '}';
  let depth = 0;
  for (let i = at; i < template.length; i++) {
    const char = template[i]!;
    if (char === '\\') i++;
    else if (char === opening) depth++;
    else if (char === closing && --depth === 0) return i + 1;
  }
  return template.length;
}
