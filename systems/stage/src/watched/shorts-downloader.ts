/** What is watched of the downloader, with the quota that it has on the stage. */
import { backendService, SYSTEM, watching } from '@binnacle/shorts-downloader/blueprint';
import { QUOTA_BYTES } from '../shorts-downloader.ts';
import type { Watched } from '../system.ts';

const { dashboards, rules } = watching({ system: SYSTEM, quotaBytes: QUOTA_BYTES });

export const watched: Watched = { dashboards, rules: [rules], services: { backend: backendService } };
