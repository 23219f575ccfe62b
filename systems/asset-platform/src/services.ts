/** The services as a monitor scrapes them, wherever they listen. */
import * as assets from './metrics/assets.ts';
import * as files from './metrics/files.ts';
import * as gateway from './metrics/gateway.ts';
import * as search from './metrics/search.ts';
import * as transcode from './metrics/transcode.ts';

/** The value of the label `system` on everything that the services expose. */
export const SYSTEM = 'asset-platform';

const common = { labels: { system: SYSTEM }, scrapeInterval: '15s', scrapeTimeout: '10s' } as const;

/** What each service is called and counts; `targets` are for whoever knows where it listens. */
export const services = {
  gateway: { name: gateway.SERVICE, metrics: gateway, ...common },
  assets: { name: assets.SERVICE, metrics: assets, ...common },
  files: { name: files.SERVICE, metrics: files, ...common },
  search: { name: search.SERVICE, metrics: search, ...common },
  transcode: { name: transcode.SERVICE, metrics: transcode, ...common },
} as const;
