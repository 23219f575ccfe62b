/** What the monitor watches: an API and a worker, their dashboards and alerts. `binnacle up` runs it, `binnacle check` proves it. */
import { defineConfig } from '@binnacle/blueprint';
import { dashboards, services, transcriptsRules } from './src/blueprint.ts';

/** As the document says: thirty days, or ten gigabytes, whichever is less. */
const KEPT = { scrapeInterval: '15s', retentionTime: '30d', retentionSize: '10GB' } as const;

export default defineConfig({
  name: 'transcripts',
  services: [
    { ...services.api, targets: ['localhost:8000'] },
    { ...services.worker, targets: ['localhost:8001'] },
  ],
  dashboards,
  rules: transcriptsRules,
  development: KEPT,
  production: KEPT,
});
