/** What is watched of the asset platform. */
import { assetPlatformRules, dashboards, services } from '@binnacle/asset-platform/blueprint';
import type { Watched } from '../system.ts';

export const watched: Watched = { dashboards, rules: assetPlatformRules, services };
