/** What the monitor watches: one service, its dashboard and its alerts. `binnacle up` runs it, `binnacle check` proves it. */
import { defineConfig } from '@binnacle/blueprint';
import { bricklayers, bricklayersRules, bricklayersService } from './src/blueprint.ts';

export default defineConfig({
  name: 'bricklayers',
  services: [{ ...bricklayersService, targets: ['localhost:8000'] }],
  dashboards: [bricklayers],
  rules: [bricklayersRules()],
});
