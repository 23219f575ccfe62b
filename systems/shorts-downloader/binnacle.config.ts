/** What the monitor watches: the backend, its dashboards and alerts. `binnacle up` runs it, `binnacle check` proves it. */
import { defineConfig } from '@binnacle/blueprint';
import { backendService, watching } from './src/blueprint.ts';

const { dashboards, rules } = watching();

export default defineConfig({
  name: 'shorts-downloader',
  services: [{ ...backendService, targets: ['localhost:3001'] }],
  dashboards,
  rules: [rules],
});
