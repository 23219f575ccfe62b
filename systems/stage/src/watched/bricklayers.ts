/** What is watched of bricklayers. */
import { bricklayers, bricklayersRules, bricklayersService, SYSTEM } from '@binnacle/bricklayers/blueprint';
import type { Watched } from '../system.ts';

export const watched: Watched = {
  dashboards: [bricklayers],
  rules: [bricklayersRules({ system: SYSTEM })],
  services: { web: bricklayersService },
};
