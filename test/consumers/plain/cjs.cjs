// The same from CommonJS: node cjs.cjs DIRECTORY
const { counter, label, serveMetrics } = require('@binnacle/metrics');

const uploads = counter({
  name: 'uploads_total',
  help: 'Uploads',
  labels: { status: ['ok', 'failed'], customer: label },
});
uploads.inc({ status: 'ok', customer: 'acme' });
serveMetrics({ service: 'cjs', directory: process.argv[2] }).then(async (server) => {
  uploads.inc({ status: 'ok', customer: 'acme' });
  const { body } = await server.exposition();
  console.log(JSON.stringify({ shared: server.directory !== undefined, body }));
  await server.close();
});
