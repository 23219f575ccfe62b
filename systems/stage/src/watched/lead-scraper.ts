/** What is watched of the lead scraper. Who is told stays with its own configuration: the stage tells nobody. */
import { alerts, api, dashboards } from '@binnacle/lead-scraper/blueprint';
import type { Watched } from '../system.ts';

export const watched: Watched = { dashboards, rules: [alerts], services: { api } };
