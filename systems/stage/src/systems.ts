/** The systems on the stage; what is on it is scraped, shown and proved without being named anywhere else. */
import { assetPlatform } from './asset-platform.ts';
import { bricklayers } from './bricklayers.ts';
import { leadScraper } from './lead-scraper.ts';
import { shortsDownloader } from './shorts-downloader.ts';
import type { System } from './system.ts';
import { transcripts } from './transcripts.ts';

/** In the order in which they start: who comes first has the ports that it wants. */
export const SYSTEMS: readonly System[] = [
  assetPlatform,
  bricklayers,
  transcripts,
  shortsDownloader,
  leadScraper,
];
