import { writeText } from '@binnacle/metrics/exposition';
import { expect, it } from 'vitest';
import { notifierFamilies } from '../dist/cli/notifier-metrics.js';
import { alert, MIN, open, S } from './notify/open-dispatcher.ts';

it('shows the notifier under the names of Alertmanager, integrations of a kind as one', async () => {
  const { clock, dispatcher } = await open({
    receivers: [
      { name: 'team', index: 0 },
      { name: 'team', index: 1, answer: () => 'refuses' },
      { name: 'team', kind: 'email' },
    ],
    muting: { silencedBy: (labels) => (labels.get('job') === 'quiet' ? ['id'] : []) },
  });
  dispatcher.post([alert('web', S), alert('quiet', S)]);
  await clock.moveTo(MIN);
  const lines = [...writeText(notifierFamilies(dispatcher.status()))].join('').split('\n');
  for (const line of [
    '# TYPE alertmanager_notifications_total counter',
    'alertmanager_notifications_total{integration="webhook",receiver_name="team"} 2',
    'alertmanager_notifications_total{integration="email",receiver_name="team"} 1',
    'alertmanager_notifications_failed_total{integration="webhook",receiver_name="team",reason="clientError"} 1',
    'alertmanager_notifications_failed_total{integration="webhook",receiver_name="team",reason="other"} 0',
    'alertmanager_notification_requests_total{integration="webhook",receiver_name="team"} 2',
    'alertmanager_notification_requests_failed_total{integration="webhook",receiver_name="team"} 1',
    'alertmanager_notification_latency_seconds_bucket{integration="webhook",receiver_name="team",le="1"} 2',
    'alertmanager_notification_latency_seconds_count{integration="webhook",receiver_name="team"} 2',
    'alertmanager_notifications_suppressed_total{reason="silence"} 1',
    'alertmanager_alerts{state="active"} 1',
    'alertmanager_alerts{state="suppressed"} 1',
    'alertmanager_alerts_received_total{status="firing"} 2',
    'alertmanager_dispatcher_aggregation_groups 1',
  ])
    expect(lines).toContain(line);
});
