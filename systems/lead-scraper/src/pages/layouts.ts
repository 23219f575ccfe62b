/** The layout of each source. */
import { directory } from './directory.ts';
import type { Layout, Source } from './listing.ts';
import { mapListing } from './map-listing.ts';
import { yellowPages } from './yellow-pages.ts';

export const LAYOUTS: Readonly<Record<Source, Layout>> = {
  directory,
  yellow_pages: yellowPages,
  map_listing: mapListing,
};
