/** Requests that are not measured. */

/** What is not measured unless `ignore` says otherwise: the scrapes of the metrics themselves. */
export const DEFAULT_IGNORED: readonly (string | RegExp)[] = ['/metrics'];

/**
 * Whether the path of an address is one of some: the whole path, or one that a pattern finds. The query is no part of
 * it.
 */
export function isIgnored(url: string, ignored: readonly (string | RegExp)[]): boolean {
  for (const path of ignored) {
    if (typeof path === 'string') {
      // Nothing is cut off, for this is asked for every request.
      if (url.startsWith(path) && (url.length === path.length || url[path.length] === '?')) return true;
    } else {
      // A pattern with the flag `g` or `y` remembers where it was.
      path.lastIndex = 0;
      if (path.test(withoutQuery(url))) return true;
    }
  }
  return false;
}

function withoutQuery(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
