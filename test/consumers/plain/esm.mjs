// Run in a folder where nothing but the tarball is installed: node esm.mjs DIRECTORY
import { counter, label, serveMetrics } from '@binnacle/metrics';

const uploads = counter({
  name: 'uploads_total',
  help: 'Uploads',
  labels: { status: ['ok', 'failed'], customer: label },
});
uploads.inc({ status: 'ok', customer: 'acme' });
const server = await serveMetrics({ service: 'esm', directory: process.argv[2] });
uploads.inc({ status: 'ok', customer: 'acme' });
const { body } = await server.exposition();
console.log(JSON.stringify({ shared: server.directory !== undefined, body }));
await server.close();
