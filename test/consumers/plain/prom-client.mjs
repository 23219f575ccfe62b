// The drop-in, imported and required, over the same state as metrics itself.
import { createRequire } from 'node:module';
import { counter } from '@binnacle/metrics';
import promClient, { Counter, register } from '@binnacle/prom-client';

const required = createRequire(import.meta.url)('@binnacle/prom-client');
new Counter({ name: 'dropped_in_total', help: 'D', labelNames: ['by'] }).inc({ by: 'name' }, 2);
counter({ name: 'ours_total', help: 'O' }).inc();
console.log(
  JSON.stringify({
    same: required.Counter === Counter && promClient.Counter === Counter,
    body: await register.metrics(),
  }),
);
