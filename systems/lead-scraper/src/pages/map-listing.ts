/**
 * The layout of `map_listing`: pages for a program in the browser, which carry what it shows as JSON-LD.
 *
 *     <script type="application/ld+json">{"@type":"LocalBusiness","name":"한빛전자","telephone":"+82-2-123-4567", ...}</script>
 */
import { cleaned, type Page, sameSite, TEXT_CHARACTERS_MAX } from './html.ts';
import { type Layout, nameOf } from './listing.ts';
import { PageError } from './page-error.ts';

/** Blocks of JSON-LD that are looked at. */
const BLOCKS_MAX = 10;

/** How `map_listing` is read. */
export const mapListing: Layout = {
  listUrl: (site, region, page) => new URL(`/map/${region}/${page}`, site),

  keyOf: ({ pathname }) => /^\/map\/place\/([\w-]{1,64})$/.exec(pathname)?.[1],

  readList(page, url) {
    const list = blockOf(page, 'ItemList');
    if (list === undefined) throw new PageError('incomplete', 'the page has no list of places');
    const items = Array.isArray(list.itemListElement) ? list.itemListElement : [];
    const entries = new Map<string, URL>();
    for (const item of items) {
      const entry = isObject(item) ? sameSite(textOf(item, 'url'), url) : undefined;
      if (entry !== undefined) entries.set(entry.href, entry);
    }
    return { entries: [...entries.values()], next: sameSite(page('link[rel=next]').attr('href'), url) };
  },

  readEntry(page) {
    const place = blockOf(page, 'LocalBusiness');
    if (place === undefined) throw new PageError('incomplete', 'the page has no place');
    const address = isObject(place.address) ? place.address : {};
    const street = [textOf(address, 'addressRegion'), textOf(address, 'streetAddress')];
    const people = isObject(place.numberOfEmployees) ? place.numberOfEmployees.value : undefined;
    return {
      name: nameOf(textOf(place, 'name')),
      businessNumber: textOf(place, 'taxID'),
      representative: isObject(place.founder) ? textOf(place.founder, 'name') : undefined,
      address: cleaned(street.filter((part) => part !== undefined).join(' ')),
      phone: textOf(place, 'telephone'),
      email: textOf(place, 'email')?.replace(/^mailto:/i, ''),
      website: textOf(place, 'url'),
      employees: typeof people === 'number' && people > 0 && people < 1_000_000 ? people : undefined,
      description: cleaned(
        typeof place.description === 'string' ? place.description : undefined,
        TEXT_CHARACTERS_MAX,
      ),
    };
  },
};

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? cleaned(value) : undefined;
}

/** The first block of JSON-LD of a type; a block that is no JSON is passed over. */
function blockOf(page: Page, type: string): JsonObject | undefined {
  for (const script of page('script[type="application/ld+json"]').slice(0, BLOCKS_MAX)) {
    try {
      const block: unknown = JSON.parse(page(script).text());
      if (isObject(block) && block['@type'] === type) return block;
    } catch {
      // A page may have others that are well.
    }
  }
  return undefined;
}
