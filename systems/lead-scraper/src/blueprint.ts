/** What is watched of the lead scraper, and who is told: everything that `binnacle.config.ts` and the stage need of it. */
export { alerts } from './watch/alerts.ts';
export { DASHBOARD_FOLDER, dashboards } from './watch/dashboards.ts';
export { people } from './watch/people.ts';
export { api, SYSTEM } from './watch/targets.ts';
