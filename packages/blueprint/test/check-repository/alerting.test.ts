/** What is found in `alertmanager.yml` beside the rules whose alerts it gets. */
import { suite } from './check-suite.ts';

/** Alerts as `name: labels: expression`. */
function rules(...alerts: readonly (readonly [name: string, labels: string, expr: string])[]): {
  'rules.yml': string;
} {
  const lines = alerts.map(
    ([name, labels, expr]) => `      - {alert: ${name}, labels: {${labels}}, expr: ${JSON.stringify(expr)}}`,
  );
  return { 'rules.yml': ['groups:', '  - name: a', '    rules:', ...lines].join('\n') };
}

/** An Alertmanager with one receiver. */
function alertmanager(...lines: readonly string[]): { 'alertmanager.yml': string } {
  return { 'alertmanager.yml': [...lines, 'receivers: [{name: team}]'].join('\n') };
}

const ERRORS = rules(
  ['ErrorRate', 'severity: critical', 'sum by (job) (rate(http_requests_total[5m])) > 1'],
  ['Backlog', 'severity: warning', 'max(jobs_pending) > 50'],
);

suite('unknown-receiver', {
  reported: [
    [
      'a route far in',
      alertmanager('route: {receiver: team, routes: [{routes: [{receiver: teem}]}]}'),
      ['alertmanager.yml:1:55 error: there is no receiver teem (team?)'],
    ],
    [
      'a receiver too many',
      { 'alertmanager.yml': 'route: {receiver: team}\nreceivers:\n  - name: team\n  - name: mail\n' },
      ['alertmanager.yml:4:11 warning: no route leads to receiver mail'],
    ],
  ],
  silent: [
    [
      'one that tells nobody',
      {
        'alertmanager.yml':
          'route: {receiver: team, routes: [{receiver: nobody}]}\nreceivers:\n  - name: team\n  - name: nobody\n',
      },
    ],
    [
      'a route that takes the receiver from above',
      alertmanager('route: {receiver: team, routes: [{matchers: [a=b]}]}'),
    ],
  ],
});

suite('unknown-alert-label', {
  reported: [
    [
      'an old matcher',
      {
        ...ERRORS,
        ...alertmanager('route:', '  receiver: team', '  routes: [{match: {serverity: critical}}]'),
      },
      [
        'alertmanager.yml:3:21 warning: no alert has the label serverity, by which they are routed (severity?)',
      ],
    ],
    [
      'an inhibition',
      {
        ...ERRORS,
        ...alertmanager(
          'route: {receiver: team}',
          'inhibit_rules:',
          '  - source_matchers: [\'tier="1"\']',
          '    target_matchers: [severity=warning]',
          '    equal: [zone]',
        ),
      },
      [
        'alertmanager.yml:3:23 warning: no alert has the label tier, by which they are silenced',
        'alertmanager.yml:5:13 warning: no alert has the label zone, in which both sides are to be equal',
      ],
    ],
    [
      'what the aggregation drops',
      { ...ERRORS, ...alertmanager('route: {receiver: team, group_by: [endpoint]}') },
      ['alertmanager.yml:1:36 warning: no alert has the label endpoint, by which they are grouped'],
    ],
  ],
  silent: [
    [
      'labels of rule, expression and name',
      { ...ERRORS, ...alertmanager('route: {receiver: team, group_by: [alertname, job, severity]}') },
    ],
    ['all of them', { ...ERRORS, ...alertmanager("route: {receiver: team, group_by: ['...']}") }],
    [
      'an external label',
      {
        ...ERRORS,
        ...alertmanager('route: {receiver: team, group_by: [cluster]}'),
        'prometheus.yml':
          'global: {scrape_interval: 15s, external_labels: {cluster: eu}}\nrule_files: [rules.yml]\n'.replace(
            'global: ',
            'global:\n  ',
          ),
      },
    ],
    [
      'a metric that nobody knows',
      {
        ...rules(['A', 'severity: info', 'mystery > 1']),
        ...alertmanager('route: {receiver: team, group_by: [anything]}'),
      },
    ],
    ['no alerts', alertmanager('route: {receiver: team, group_by: [anything]}')],
  ],
});

suite('impossible-alert-matcher', {
  reported: [
    [
      'a value that is misspelt',
      {
        ...ERRORS,
        ...alertmanager('route:', '  receiver: team', '  routes: [{matchers: [severity = criticl]}]'),
      },
      ['alertmanager.yml:3:24 warning: no alert has severity = "criticl" (critical?)'],
    ],
    [
      'a pattern',
      {
        ...ERRORS,
        ...alertmanager(
          'route:',
          '  receiver: team',
          '  routes: [{matchers: [\'severity=~"page|ticket"\']}]',
        ),
      },
      ['alertmanager.yml:3:24 warning: no alert has severity =~ "page|ticket"'],
    ],
    [
      'the name of no alert',
      {
        ...ERRORS,
        ...alertmanager(
          'route: {receiver: team}',
          'inhibit_rules:',
          '  - source_match: {alertname: TargetDown}',
          '    target_match: {severity: warning}',
        ),
      },
      ['alertmanager.yml:3:20 warning: no alert has alertname = "TargetDown"'],
    ],
    [
      'values in braces',
      {
        ...ERRORS,
        ...alertmanager(
          'route:',
          '  receiver: team',
          '  routes: [{matchers: [\'{severity="critical", severity!~".+"}\']}]',
        ),
      },
      ['alertmanager.yml:3:24 warning: no alert has severity !~ ".+"'],
    ],
  ],
  silent: [
    [
      'a value that some have',
      { ...ERRORS, ...alertmanager('route: {receiver: team, routes: [{matchers: [severity = warning]}]}') },
    ],
    [
      'an open label',
      { ...ERRORS, ...alertmanager('route: {receiver: team, routes: [{matchers: [job = web]}]}') },
    ],
    [
      'a label that is a template',
      {
        ...rules(['A', 'severity: "{{ $labels.job }}"', 'sum by (job) (up) == 0']),
        ...alertmanager('route: {receiver: team, routes: [{matchers: [severity = page]}]}'),
      },
    ],
  ],
});

suite('loose-inhibition', {
  reported: [
    [
      'one alert that silences another',
      {
        ...ERRORS,
        ...rules(
          ['Backlog', 'severity: critical', 'max(jobs_pending) > 50'],
          ['Usage', 'severity: warning', 'sum(disk_usage_bytes) > 5'],
          ['Down', 'severity: critical', 'up == 0'],
        ),
        ...alertmanager(
          'route: {receiver: team}',
          'inhibit_rules:',
          '  - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [job]}',
        ),
      },
      ['alertmanager.yml:3:89 warning: Backlog silences Usage, and neither has the label job'],
    ],
  ],
  silent: [
    [
      'alerts of the same name only',
      {
        ...rules(
          ['Backlog', 'severity: critical', 'max(jobs_pending) > 50'],
          ['Usage', 'severity: warning', 'sum(disk_usage_bytes) > 5'],
          ['Down', 'severity: critical', 'up == 0'],
        ),
        ...alertmanager(
          'route: {receiver: team}',
          'inhibit_rules:',
          '  - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [alertname, job]}',
        ),
      },
    ],
    [
      'a label that all have',
      {
        ...rules(
          ['Down', 'severity: critical', 'up == 0'],
          ['Slow', 'severity: warning', 'sum by (job) (scrape_duration_seconds) > 5'],
        ),
        ...alertmanager(
          'route: {receiver: team}',
          'inhibit_rules:',
          '  - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [job]}',
        ),
      },
    ],
    [
      'a label that one side has',
      {
        ...rules(
          ['Down', 'severity: critical', 'up == 0'],
          ['Usage', 'severity: warning', 'sum(disk_usage_bytes) > 5'],
        ),
        ...alertmanager(
          'route: {receiver: team}',
          'inhibit_rules:',
          '  - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [job]}',
        ),
      },
    ],
  ],
});
