/** What a directory says of a company, and what a layout of pages must be able to read. */
import type { Page } from './html.ts';
import { PageError } from './page-error.ts';

/** The directories that are scraped; also the values of the label `source`. */
export const SOURCES = ['directory', 'yellow_pages', 'map_listing'] as const;

/** One of {@link SOURCES}. */
export type Source = (typeof SOURCES)[number];

/** The regions by which all directories are divided, as they stand in addresses of pages. */
export const REGIONS = ['seoul', 'busan', 'daegu', 'incheon', 'gwangju', 'daejeon', 'ulsan', 'jeju'] as const;

/** One of {@link REGIONS}. */
export type Region = (typeof REGIONS)[number];

/** A company as a page has it: as it is written there, cleaned of what cannot be seen. */
export interface Listing {
  readonly name: string;
  readonly businessNumber?: string | undefined;
  readonly representative?: string | undefined;
  readonly address?: string | undefined;
  readonly phone?: string | undefined;
  readonly email?: string | undefined;
  readonly website?: string | undefined;
  readonly industry?: string | undefined;
  readonly employees?: number | undefined;
  readonly description?: string | undefined;
}

/** A page of a list. */
export interface ListPage {
  /** The entries in their order, each once. */
  readonly entries: readonly URL[];
  /** The page after this one; undefined on the last. */
  readonly next: URL | undefined;
}

/** How the pages of one directory are laid out. */
export interface Layout {
  /** The address of a page of the list of a region, beginning with 1. */
  listUrl(site: URL, region: Region, page: number): URL;
  /** By what an entry is known in its directory; undefined where the address is none of an entry. */
  keyOf(entry: URL): string | undefined;
  /** @throws PageError where it is no list */
  readList(page: Page, url: URL): ListPage;
  /** @throws PageError where it is no entry */
  readEntry(page: Page, url: URL): Listing;
}

/** The name of a listing, without which it is none. */
export function nameOf(text: string | undefined): string {
  if (text === undefined) throw new PageError('incomplete', 'the page names no company');
  return text;
}

/** `약 1,250명` as a number; undefined where there is none that could be one of people. */
export function employeesIn(text: string | undefined): number | undefined {
  const digits = /(\d[\d,]{0,9})\s*명/u.exec(text ?? '')?.[1]?.replaceAll(',', '');
  const number = Number(digits);
  return digits !== undefined && number > 0 && number < 1_000_000 ? number : undefined;
}

/** `sales [at] hanbit.co.kr`, as pages write it against robots, as an address. */
export function unhidden(email: string | undefined): string | undefined {
  return email
    ?.replace(/\s*[[(]\s*(?:at|골뱅이)\s*[\])]\s*/iu, '@')
    .replace(/\s*[[(]\s*(?:dot|점)\s*[\])]\s*/giu, '.');
}
