/**
 * Addresses of the page: `#/d/UID`, `#/targets`, `#/explore?expr=up`.
 *
 * What a reader sees is in the address, so that a link shares it: the page, the range (`from`, `to`), the refresh
 * interval, the variables of a dashboard (`var-NAME`, once for each value), the expression in Explore.
 */

/** Which page. */
export type Page = 'dashboards' | 'dashboard' | 'targets' | 'alerts' | 'explore';

/** The values of variables in an address, by name. */
export type VariableParams = Readonly<Record<string, readonly string[]>>;

/** A parsed address. */
export interface Route {
  readonly page: Page;
  /** Of the dashboard; empty on other pages. */
  readonly uid: string;
  readonly params: Readonly<Record<string, string>>;
  /** An empty text is a value too: that of an emptied text box. */
  readonly variables: VariableParams;
}

/** Parameters that go along from page to page. */
const CARRIED = ['from', 'to', 'refresh'];

const VARIABLE = 'var-';

/** Reads the part of an address from `#` on. What is not known is the list of dashboards. */
export function parseRoute(hash: string): Route {
  const [, path = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const params: Record<string, string> = {};
  const variables: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (!name.startsWith(VARIABLE)) params[name] = value;
    else {
      const values = Object.hasOwn(variables, name.slice(VARIABLE.length))
        ? variables[name.slice(VARIABLE.length)]!
        : [];
      variables[name.slice(VARIABLE.length)] = [...values, value];
    }
  }
  const [head = '', uid = ''] = path.split('/');
  if (head === 'd' && uid !== '') return { page: 'dashboard', uid: safeDecode(uid), params, variables };
  const page = (['targets', 'alerts', 'explore'] as const).find((known) => known === head) ?? 'dashboards';
  return { page, uid: '', params, variables };
}

/** Writes an address; parameters without a value are left out. */
export function hrefOf(
  page: Page,
  uid = '',
  params: Readonly<Record<string, string | undefined>> = {},
  variables: VariableParams = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.append(name, value);
  for (const [name, values] of Object.entries(variables))
    for (const value of values) query.append(VARIABLE + name, value);
  const written = query.toString().replace(/\+/g, '%20');
  const path = page === 'dashboard' ? `d/${encodeURIComponent(uid)}` : page;
  return `#/${path}${written && `?${written}`}`;
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
