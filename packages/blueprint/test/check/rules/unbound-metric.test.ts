import { alerting, suite } from '../rule-suite.ts';

suite('unbound-metric', {
  reported: [
    [
      alerting('max by (instance) (process_resident_memory_bytes) > 2e9'),
      [
        '2:28',
        'warning',
        'process_resident_memory_bytes',
        'api and worker have process_resident_memory_bytes, and their series are put together',
      ],
    ],
    [
      `- record: job:example:sum
  expr: sum without (instance, job, system) (process_resident_memory_bytes{job=~"api|worker"})`,
      [
        '2:46',
        'warning',
        'process_resident_memory_bytes{job=~"api|worker"}',
        'api and worker have process_resident_memory_bytes, and their series are put together',
      ],
    ],
  ],
  silent: [
    alerting('sum(process_resident_memory_bytes{job="api"}) > 2e9'),
    alerting('sum(process_resident_memory_bytes{system="media"}) > 2e9'),
    alerting('sum(process_resident_memory_bytes{job!~"w.*"}) > 2e9'),
    alerting('process_resident_memory_bytes > 2e9'),
    alerting('sum(up) < 2'),
    alerting('sum(jobs_pending) > 5'),
  ],
});
