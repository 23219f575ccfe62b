/** The current address as state, and how to change it. */
import { useEffect, useState } from 'preact/hooks';
import { hrefOf, parseRoute, type Route } from './route.ts';

/** Follows the address. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

/** Goes to an address; with `replace` Back does not return to the one before. */
export function navigate(href: string, { replace = false } = {}): void {
  if (href === location.hash) return;
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState(null, '', href);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

/** Changes parameters of the current address and keeps the rest; `undefined` removes one. */
export function setParams(
  changes: Readonly<Record<string, string | undefined>>,
  options = { replace: false },
): void {
  const { page, uid, params, variables } = parseRoute(location.hash);
  navigate(hrefOf(page, uid, { ...params, ...changes }, variables), options);
}

/** Changes what the address says of a variable; without values the dashboard's own choice holds. */
export function setVariable(name: string, values: readonly string[], options = { replace: false }): void {
  const { page, uid, params, variables } = parseRoute(location.hash);
  navigate(hrefOf(page, uid, params, { ...variables, [name]: values }), options);
}
