/** What the monitor watches: one service, its dashboards and alerts, and who is told. `binnacle up` runs it, `binnacle check` proves it. */
import { defineConfig } from '@binnacle/blueprint';
import { alerts, api, DASHBOARD_FOLDER, dashboards, people } from './src/blueprint.ts';

export default defineConfig({
  name: 'lead-scraper',
  services: [api],
  dashboards,
  dashboardFolder: DASHBOARD_FOLDER,
  rules: [alerts],
  alerting: people,
  development: { scrapeInterval: '15s', retentionTime: '30d' },
  production: { scrapeInterval: '30s', retentionTime: '90d' },
});
