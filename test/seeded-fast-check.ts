/**
 * What tests get as `fast-check` (`vitest.config.ts`): the same cases in every run, so that a run that passes passes
 * again. `BINNACLE_PROPERTY_SEED=random` looks for new ones, `BINNACLE_PROPERTY_SEED=721948348` repeats those of a run.
 */
// Not by its name, which leads here.
import fc from '../node_modules/fast-check/lib/fast-check.js';

export * from '../node_modules/fast-check/lib/fast-check.js';

const { BINNACLE_PROPERTY_SEED: seed = '1' } = process.env;
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });

// biome-ignore lint/style/noDefaultExport: as the package has it
export default fc;
