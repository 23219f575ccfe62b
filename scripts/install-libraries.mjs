// Installs what is missing of what the tests need: the dependencies, and the libraries that are measured.
import { install } from './install.mjs';

for (const age of ['newest', 'oldest'])
  install(
    `packages/metrics/test/libraries/${age}`,
    `the ${age} libraries that are measured`,
    '--ignore-scripts',
  );
