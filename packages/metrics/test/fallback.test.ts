/** Processes that cannot map files hold what holds for those that can. */
import { WRITTEN } from './members.ts';
import { sharedStoreSuite } from './shared-store-suite.ts';

sharedStoreSuite(WRITTEN);
