/**
 * Addresses of the page: `#/d/UID`, `#/targets`, `#/explore?expr=up`.
 *
 * What a reader sees is in the address, so that a link shares it: the page, the range (`from`, `to`), the refresh
 * interval, the variables of a dashboard (`var-NAME`), the expression in Explore.
 */

/** Which page. */
export type Page = 'dashboards' | 'dashboard' | 'targets' | 'alerts' | 'explore';

/** A parsed address. */
export interface Route {
  readonly page: Page;
  /** Of the dashboard; empty on other pages. */
  readonly uid: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Parameters that go along from page to page. */
const CARRIED = ['from', 'to', 'refresh'];

/** Reads the part of an address from `#` on. What is not known is the list of dashboards. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const params = Object.fromEntries(new URLSearchParams(query));
  const [head = '', uid = ''] = path.split('/');
  if (head === 'd' && uid !== '') return { page: 'dashboard', uid: safeDecode(uid), params };
  const page = (['targets', 'alerts', 'explore'] as const).find((known) => known === head) ?? 'dashboards';
  return { page, uid: '', params };
}

/** Writes an address; parameters without a value are left out. */
export function hrefOf(
  page: Page,
  uid = '',
  params: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(params).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const query = new URLSearchParams(given).toString().replace(/\+/g, '%20');
  const path = page === 'dashboard' ? `d/${encodeURIComponent(uid)}` : page;
  return `#/${path}${query && `?${query}`}`;
}

/** The parameters of a route that its links to other pages keep. */
export function carried(route: Route): Record<string, string> {
  return Object.fromEntries(Object.entries(route.params).filter(([name]) => CARRIED.includes(name)));
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
