/** Any catalogs that there can be, for properties. */
import fc from 'fast-check';
import type { CatalogEntry, ServiceCatalog } from '../dist/index.js';

const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '__proto__');
const ascending = fc
  .uniqueArray(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    { minLength: 1 },
  )
  .map((list) => list.sort((a, b) => a - b));
const entry: fc.Arbitrary<CatalogEntry> = fc.record(
  {
    name,
    type: fc.constantFrom('counter', 'gauge', 'histogram', 'summary', 'info', 'stateset', 'unknown'),
    help: fc.string(),
    unit: name,
    labels: fc.dictionary(name, fc.oneof(fc.constant('open' as const), fc.array(fc.string()))),
    form: fc.constantFrom('classic', 'native', 'both'),
    bounds: ascending,
    quantiles: ascending,
    everySeries: fc.constant(true),
  },
  { requiredKeys: ['name', 'type', 'help'] },
);
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
const catalog: fc.Arbitrary<ServiceCatalog> = fc.record({
  service: name,
  job: name,
  targetLabels: fc.dictionary(name, fc.string()),
  metrics: fc.uniqueArray(entry, { selector: (each) => each.name }).map((list) => list.sort(byName)),
});
/** Catalogs of up to three services, with services and metrics by name. */
export const anyCatalogs: fc.Arbitrary<ServiceCatalog[]> = fc
  .uniqueArray(catalog, { selector: ({ service }) => service, maxLength: 3 })
  .map((list) => list.sort((a, b) => (a.service < b.service ? -1 : 1)));
