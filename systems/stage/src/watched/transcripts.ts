/** What is watched of transcripts. */
import { dashboards, services, transcriptsRules } from '@binnacle/transcripts/blueprint';
import type { Watched } from '../system.ts';

export const watched: Watched = { dashboards, rules: transcriptsRules, services };
