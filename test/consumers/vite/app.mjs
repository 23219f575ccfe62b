// What is bundled for the server, in the ways of build.mjs.
import { counter, label, serveMetrics } from '@binnacle/metrics';

export const pages = counter({
  name: 'pages_total',
  help: 'Pages',
  labels: { route: label, status: ['ok', 'failed'] },
});

export function render() {
  pages.inc({ route: '/', status: 'ok' });
}

export async function expose(directory) {
  const server = await serveMetrics({ service: 'ssr', directory });
  const { body } = await server.exposition();
  return { server, shared: server.directory !== undefined, body };
}
