/**
 * The layout of `directory`: lists of cards, and entries as a list of terms.
 *
 *     <article class="company" id="...">
 *       <h1 itemprop="name">(주)한빛전자</h1>
 *       <dl><dt>사업자등록번호</dt><dd>123-45-67890</dd> ...</dl>
 *       <p class="about">...</p>
 *     </article>
 */
import { cleaned, type Page, sameSite, TEXT_CHARACTERS_MAX } from './html.ts';
import { employeesIn, type Layout, nameOf, unhidden } from './listing.ts';
import { PageError } from './page-error.ts';

/** How `directory` is read. */
export const directory: Layout = {
  listUrl: (site, region, page) => new URL(`/directory/${region}?page=${page}`, site),

  keyOf: ({ pathname }) => /^\/directory\/company\/([\w-]{1,64})$/.exec(pathname)?.[1],

  readList(page, url) {
    const list = page('section.companies');
    if (list.length === 0) throw new PageError('incomplete', 'the page has no list of companies');
    const entries = new Map<string, URL>();
    for (const link of list.find('a.company')) {
      const entry = sameSite(page(link).attr('href'), url);
      if (entry !== undefined) entries.set(entry.href, entry);
    }
    return { entries: [...entries.values()], next: sameSite(page('a[rel=next]').attr('href'), url) };
  },

  readEntry(page) {
    const terms = termsOf(page);
    return {
      name: nameOf(cleaned(page('article.company [itemprop=name]').first().text())),
      businessNumber: terms.get('사업자등록번호'),
      representative: terms.get('대표자'),
      address: terms.get('주소'),
      phone: terms.get('전화'),
      email: unhidden(terms.get('이메일')),
      website: cleaned(page('article.company a[itemprop=url]').attr('href')),
      industry: terms.get('업종'),
      employees: employeesIn(terms.get('임직원')),
      description: cleaned(page('article.company p.about').text(), TEXT_CHARACTERS_MAX),
    };
  },
};

function termsOf(page: Page): Map<string, string> {
  const terms = new Map<string, string>();
  for (const term of page('article.company dt')) {
    const name = cleaned(page(term).text());
    const value = cleaned(page(term).next('dd').text());
    if (name !== undefined && value !== undefined && !terms.has(name)) terms.set(name, value);
  }
  return terms;
}
