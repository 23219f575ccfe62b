// Both kinds of module in one process, as when a dependency is CommonJS and the program is not: node both.mjs DIRECTORY
import { createRequire } from 'node:module';
import * as imported from '@binnacle/metrics';

const required = createRequire(import.meta.url)('@binnacle/metrics');
const definition = (label) => ({
  name: 'both_total',
  help: 'B',
  labels: { from: label, status: ['ok', 'failed'] },
});
const one = imported.counter(definition(imported.label));
const two = required.counter(definition(required.label));
const bound = one.bind({ from: 'both', status: 'ok' });
bound.inc();
two.inc({ from: 'both', status: 'ok' });
const onlyRequired = required.gauge({ name: 'only_required', help: 'R' });
onlyRequired.set(7);

const server = await imported.serveMetrics({ service: 'both', directory: process.argv[2] });
bound.inc();
two.inc({ from: 'both', status: 'ok' });
const again = await required.serveMetrics({ service: 'both', directory: process.argv[2] });
const { body } = await server.exposition();
console.log(
  JSON.stringify({
    copies: imported.counter !== required.counter,
    sameMetric: one === two,
    sameServer: again === server,
    body,
  }),
);
await server.close();
