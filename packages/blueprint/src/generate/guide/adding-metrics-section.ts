/** How a metric comes into the code, and from there everywhere else. */
import type { ServiceCatalog } from '../../catalog/catalog-data.ts';
import type { Config } from '../../config/config.ts';
import { block, paragraphs } from '../../markdown.ts';

/** The steps, with an example. */
export function addingMetricsSection(config: Config, catalogs: readonly ServiceCatalog[]): string {
  const service = config.services[0]?.name ?? 'web';
  const known = new Set(catalogs.flatMap(({ metrics }) => metrics.map(({ name }) => name)));
  const name = ['exports_total', 'invitations_total', 'reminders_total'].find(
    (candidate) => !known.has(candidate),
  );
  return paragraphs(
    'Define it beside the code that it is about, and count:',
    block(
      'ts',
      `import { counter } from '@binnacle/metrics';

export const finished = counter({
  name: '${name ?? 'my_events_total'}',
  help: 'Exports that ended.',
  labels: { status: ['success', 'failed'] },
});

finished.inc({ status: 'success' });`,
    ),
    [
      `1. Names are whole: a counter ends in \`_total\`, a duration in \`_seconds\`, a size in \`_bytes\`.`,
      '2. Labels have few values, and lists where they can: a label with an identifier, an address or a text of a person in it makes a series for each, for ever.',
      `3. Name the module under \`metrics\` of the service \`${service}\` in \`binnacle.config.ts\`.`,
      '4. Add panels and alerts there; expressions are typed by the metric, so a label that it lacks does not compile.',
      '5. `npx binnacle check`, then `npx binnacle generate`, and commit what changed.',
    ].join('\n'),
  );
}
