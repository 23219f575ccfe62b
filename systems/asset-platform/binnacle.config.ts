/** What the monitor watches: five services, their dashboards and alerts. `binnacle up` runs it, `binnacle check` proves it. */
import { defineConfig } from '@binnacle/blueprint';
import { assetPlatformRules, dashboards, services } from './src/blueprint.ts';

export default defineConfig({
  name: 'asset-platform',
  services: Object.values(services),
  dashboards,
  rules: assetPlatformRules,
});
