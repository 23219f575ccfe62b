/**
 * The layout of `yellow_pages`: an old site of tables, in EUC-KR, with unclosed tags and links that a script would open.
 *
 *     <table class=view><tr><th>상호<td>한빛전자 주식회사<tr><th>전화번호<td>02)123-4567 ...</table>
 */
import { cleaned, type Page, sameSite, TEXT_CHARACTERS_MAX } from './html.ts';
import { employeesIn, type Layout, nameOf, unhidden } from './listing.ts';
import { PageError } from './page-error.ts';

/** How `yellow_pages` is read. */
export const yellowPages: Layout = {
  listUrl: (site, region, page) => new URL(`/yp/list.asp?area=${region}&p=${page}`, site),

  keyOf: ({ pathname, searchParams }) =>
    pathname === '/yp/view.asp' ? /^[\w-]{1,64}$/.exec(searchParams.get('id') ?? '')?.[0] : undefined,

  readList(page, url) {
    const rows = page('table.list');
    if (rows.length === 0) throw new PageError('incomplete', 'the page has no table of companies');
    const entries = new Map<string, URL>();
    for (const row of rows.find('tr[data-id]')) {
      const id = page(row).attr('data-id');
      const entry = sameSite(`/yp/view.asp?id=${encodeURIComponent(id ?? '')}`, url);
      if (entry !== undefined) entries.set(entry.href, entry);
    }
    // `javascript:go(3)` is what the link to the next page says; what it does is in a script that nobody runs.
    const next = /^javascript:go\((\d{1,5})\)$/.exec(page('td.pages a.next').attr('href') ?? '')?.[1];
    if (next === undefined) return { entries: [...entries.values()], next: undefined };
    const following = new URL(url);
    following.searchParams.set('p', next);
    return { entries: [...entries.values()], next: following };
  },

  readEntry(page) {
    const rows = rowsOf(page);
    return {
      name: nameOf(rows.get('상호')),
      businessNumber: rows.get('사업자번호'),
      representative: rows.get('대표'),
      address: rows.get('소재지'),
      phone: rows.get('전화번호'),
      email: unhidden(rows.get('E-mail')),
      website: rows.get('홈페이지'),
      employees: employeesIn(rows.get('사원수')),
      description: cleaned(rows.get('취급품목'), TEXT_CHARACTERS_MAX),
    };
  },
};

function rowsOf(page: Page): Map<string, string> {
  const rows = new Map<string, string>();
  for (const row of page('table.view tr')) {
    const name = cleaned(page(row).find('th').first().text());
    const value = cleaned(page(row).find('td').first().text());
    if (name !== undefined && value !== undefined && !rows.has(name)) rows.set(name, value);
  }
  return rows;
}
