import { alerting, suite } from '../rule-suite.ts';

suite('absent-matcher', {
  reported: [
    [
      alerting('absent(up{job=~"a.*"})'),
      [
        '2:9',
        'warning',
        'absent(up{job=~"a.*"})',
        'absent of job=~"a.*" is silent while one of them is there',
      ],
    ],
    [
      alerting('absent_over_time(jobs_pending{instance=~"a|b"}[5m])'),
      [
        '2:9',
        'warning',
        'absent_over_time(jobs_pending{instance=~"a|b"}[5m])',
        'absent_over_time of instance=~"a|b" is silent while one of them is there',
      ],
    ],
  ],
  silent: [
    alerting('absent(up{job="api"})'),
    alerting('absent(up{job=~".+"})'),
    alerting('absent(up{job!~"a.*"})'),
    alerting('absent({__name__=~"up|down"})'),
    alerting('up{job=~"a.*"} == 0'),
  ],
});
