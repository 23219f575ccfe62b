/**
 * Who is told. Critical alerts go to e-mail and Slack, and again every hour; warnings to the same, and again twice a
 * day; what is only good to know to Slack. A critical alert silences the warning of the same name.
 */
import { type Alerting, alerting } from '@binnacle/blueprint';

const SLACK_WEBHOOK = { env: 'SLACK_WEBHOOK_URL' } as const;
const ON_CALL = 'oncall@leads.example';
const TEAM = 'leads-team@leads.example';

/** The routes; addresses are examples, and secrets come from the environment. */
export const people: Alerting = alerting({
  smtp: {
    smarthost: 'smtp.leads.example:587',
    from: 'alerts@leads.example',
    username: 'alerts@leads.example',
    password: { env: 'SMTP_PASSWORD' },
  },
  receivers: {
    critical: [
      { type: 'email', to: [ON_CALL, TEAM] },
      { type: 'slack', channel: '#leads-critical', webhookUrl: SLACK_WEBHOOK },
    ],
    warning: [
      { type: 'email', to: TEAM },
      { type: 'slack', channel: '#leads-warnings', webhookUrl: SLACK_WEBHOOK },
    ],
    info: [{ type: 'slack', channel: '#leads', webhookUrl: SLACK_WEBHOOK }],
  },
  route: {
    receiver: 'info',
    groupBy: ['alertname', 'system', 'job'],
    groupWait: '30s',
    groupInterval: '5m',
    repeatInterval: '24h',
    routes: [
      {
        receiver: 'critical',
        matchers: ['severity = critical'],
        groupWait: '10s',
        repeatInterval: '1h',
      },
      { receiver: 'warning', matchers: ['severity = warning'], repeatInterval: '12h' },
    ],
  },
  inhibitRules: [
    {
      sourceMatchers: ['severity = critical'],
      targetMatchers: ['severity = warning'],
      equal: ['alertname', 'system', 'job', 'instance'],
    },
  ],
});
