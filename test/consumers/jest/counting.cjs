// What the tests are about: a module that defines and counts.
const { counter, label } = require('@binnacle/metrics');

const jobs = counter({
  name: 'jobs_total',
  help: 'Jobs',
  labels: { kind: label, outcome: ['ok', 'failed'] },
});

exports.jobs = jobs;
exports.work = () => jobs.inc({ kind: 'mail', outcome: 'ok' });
