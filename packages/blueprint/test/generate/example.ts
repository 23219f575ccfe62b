/** A configuration with one of everything: two services, alerts with mail, Slack, PagerDuty and a webhook, an objective. */
import {
  type Alerting,
  type AlertSpec,
  alert,
  alerting,
  dashboard,
  defineConfig,
  gauge,
  labelVariable,
  ratio,
  record,
  row,
  ruleGroup,
  type ServiceCatalog,
  slo,
  stat,
  timeseries,
} from '../../dist/index.js';

function usual(name: string): Pick<AlertSpec, 'severity' | 'for' | 'summary' | 'description' | 'runbookUrl'> {
  return {
    severity: 'warning',
    for: '5m',
    summary: `${name} on {{ $labels.job }}`,
    description: 'The value is {{ $value | humanize }}.',
    runbookUrl: `https://example.com/runbook#${name.toLowerCase()}`,
  };
}

const requests = ruleGroup('alerts', [
  alert('WebErrors', {
    ...usual('WebErrors'),
    expr: 'sum by (job) (rate(http_requests_total{job="web",status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total{job="web"}[5m])) > 0.05 and sum by (job) (rate(http_requests_total{job="web"}[5m])) > 0.1',
    severity: 'critical',
    keepFiringFor: '5m',
    labels: { team: 'web' },
  }),
  alert('WebDown', {
    ...usual('WebDown'),
    expr: 'absent(up{job="web"}) or up{job="web"} == 0',
    for: '2m',
    severity: 'critical',
  }),
]);

const jobs = ruleGroup(
  'alerts',
  [
    record('job:jobs_finished:rate5m', 'sum by (job) (rate(jobs_total[5m]))'),
    alert('JobsWait', {
      ...usual('JobsWait'),
      expr: 'max by (job) (jobs_waiting{job="worker"}) > 50',
      for: '15m',
    }),
    alert('JobsFail', {
      ...usual('JobsFail'),
      expr: 'increase(jobs_total{status="failed"}[1h]) > 5',
      for: '0s',
      severity: 'info',
    }),
  ],
  { interval: '1m', limit: 100 },
);

const general = ruleGroup('meta', [
  alert('Watchdog', {
    expr: 'vector(1)',
    for: '0s',
    severity: 'none',
    summary: 'Alerting works',
    description: 'Always fires, so that silence means something.',
  }),
]);

const httpRow = row('HTTP', [
  timeseries({
    title: 'Requests',
    description: 'Answered per second, by status. A fall to zero by day is an outage.',
    expr: 'sum by (status) (rate(http_requests_total{job="web"}[$__rate_interval]))',
    unit: 'reqps',
  }),
  stat({
    title: 'Errors',
    description: 'Share of answers that are 5xx.',
    expr: 'sum(rate(http_requests_total{status=~"5.."}[$__rate_interval])) / sum(rate(http_requests_total[$__rate_interval]))',
    unit: 'percentunit',
  }),
]);

const jobsRow = row('Jobs', [
  gauge({
    title: 'Waiting',
    description: 'Jobs | that wait.',
    expr: 'sum(jobs_waiting)',
    min: 0,
    max: 100,
    unit: 'short',
  }),
]);

const availability = slo('web-availability', {
  description: 'Visitors get an answer.',
  objective: 0.999,
  events: ratio({
    total: 'http_requests_total{job="web"}',
    bad: 'http_requests_total{job="web",status=~"5.."}',
  }),
});

/** Who is told in the example. */
export const exampleAlerting: Alerting = alerting({
  smtp: {
    smarthost: 'smtp.example.com:587',
    from: 'alerts@example.com',
    username: 'alerts@example.com',
    password: { env: 'SMTP_PASSWORD' },
  },
  receivers: {
    nobody: [],
    team: [
      { type: 'email', to: ['team@example.com', 'lead@example.com'] },
      { type: 'slack', channel: '#alerts', webhookUrl: { env: 'SLACK_WEBHOOK_URL' } },
    ],
    oncall: [
      { type: 'pagerduty', routingKey: { file: '/srv/secrets/pagerduty.key' } },
      { type: 'webhook', url: { env: 'ONCALL_WEBHOOK_URL' } },
      { type: 'slack', channel: '#oncall', webhookUrl: { env: 'SLACK_WEBHOOK_URL' }, sendResolved: false },
    ],
  },
  route: {
    receiver: 'team',
    routes: [
      { receiver: 'nobody', matchers: ['alertname = Watchdog'] },
      {
        receiver: 'oncall',
        matchers: ['severity = critical'],
        groupWait: '10s',
        repeatInterval: '1h',
        continue: true,
        routes: [{ matchers: ['team =~ "web|shop"'], groupBy: ['alertname', 'team'] }],
      },
    ],
  },
});

/** One of everything. */
export const exampleConfig = defineConfig({
  name: 'shop',
  services: [
    {
      name: 'web',
      targets: ['localhost:9464'],
      labels: { tier: 'front', system: 'shop' },
      watches: [{ name: 'HTTP', rows: [httpRow], groups: [requests] }],
    },
    {
      name: 'worker',
      targets: ['worker-1.internal:9465', 'worker-2.internal:9465'],
      metricsPath: '/internal/metrics',
      scheme: 'https',
      scrapeInterval: '1m',
      scrapeTimeout: '20s',
      labels: { system: 'shop' },
      watches: [{ name: 'Jobs', rows: [jobsRow], groups: [jobs] }],
    },
  ],
  dashboards: [
    dashboard({
      title: 'Visitors',
      description: 'What visitors of the shop see.',
      rows: [httpRow],
      variables: [labelVariable('job', { metric: 'up' })],
    }),
  ],
  rules: [general],
  slos: [availability],
  alerting: exampleAlerting,
  production: {
    externalLabels: { region: 'eu', cluster: 'main' },
    externalUrl: 'https://monitoring.example.com/',
  },
});

/** What the services of the example count. */
export const exampleCatalogs: readonly ServiceCatalog[] = [
  {
    service: 'web',
    job: 'web',
    targetLabels: { system: 'shop', tier: 'front' },
    metrics: [
      {
        name: 'http_requests_total',
        type: 'counter',
        help: 'Requests answered.',
        labels: { method: ['GET', 'POST'], status: 'open' },
      },
      {
        name: 'http_request_duration_seconds',
        type: 'histogram',
        unit: 'seconds',
        form: 'classic',
        help: 'How long they took | in all.',
        labels: { method: ['GET', 'POST'] },
        bounds: [0.01, 0.1, 1],
      },
    ],
  },
  {
    service: 'worker',
    job: 'worker',
    targetLabels: { system: 'shop' },
    metrics: [
      {
        name: 'jobs_total',
        type: 'counter',
        help: 'Jobs that ended.',
        labels: { status: ['done', 'failed'] },
      },
      { name: 'jobs_waiting', type: 'gauge', help: 'Jobs that wait.' },
    ],
  },
];
