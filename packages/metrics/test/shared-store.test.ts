import { MAPPED } from './members.ts';
import { sharedStoreSuite } from './shared-store-suite.ts';

sharedStoreSuite(MAPPED);
