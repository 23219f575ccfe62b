// A notifier in a process of its own, that a test kills: told what to do by its parent, one message each.
//
//     {open: {dir, run, webhooks: [url, …]}}   → {isOpen: true}
//     {post: [{labels, startsAtMs, endsAtMs}], id}   → {posted: id}
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { systemClock } from '../../dist/clock.js';
import { Dispatcher } from '../../dist/notify/dispatcher.js';
import { NotifierJournal } from '../../dist/notify/notifier-journal.js';

const RESOLVE_TIMEOUT_MS = 15_000;

function webhook(url, index) {
  return {
    receiver: 'team',
    kind: 'webhook',
    index,
    sendResolved: true,
    async send({ groupKey, alerts, externalUrl }, signal) {
      const body = JSON.stringify({
        run: externalUrl,
        groupKey,
        alerts: alerts.map(({ labels, status }) => ({ id: labels.get('id'), status })),
      });
      try {
        const { ok, status } = await fetch(url, { method: 'POST', body, signal });
        return ok ? { ok } : { ok, retry: true, reason: `the receiver answered ${status}` };
      } catch {
        return { ok: false, retry: true, reason: 'the receiver cannot be reached' };
      }
    },
  };
}

function open({ dir, run, webhooks }) {
  const route = (key, groupBy) => ({
    key,
    id: key,
    receiver: 'team',
    matchers: [],
    continue: true,
    groupBy,
    groupWaitMs: 10,
    groupIntervalMs: 50,
    repeatIntervalMs: 3_600_000,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
  });
  const routes = [route('{}/{each}', 'all'), route('{}/{grouped}', ['group'])];
  return Dispatcher.open({
    config: {
      resolveTimeoutMs: RESOLVE_TIMEOUT_MS,
      route: routes[0],
      receivers: [{ name: 'team', webhookConfigs: [] }],
      inhibitRules: [],
      timeIntervals: [],
      templateFiles: [],
      shownText: '',
    },
    matchRoutes: () => routes,
    mutedBy: () => [],
    muting: { silencedBy: () => [], inhibitedBy: () => [] },
    integrations: () => webhooks.map(webhook),
    externalUrl: String(run),
    clock: systemClock,
    state: new NotifierJournal({
      path: join(dir, 'notifier.log'),
      clock: systemClock,
      onProblem: (problem) => process.send({ problem }),
    }),
    onProblem: (problem) => process.send({ problem }),
  });
}

let dispatcher;
process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (message.open !== undefined) {
    dispatcher = await open(message.open);
    process.send({ isOpen: true });
    return;
  }
  dispatcher.post(
    message.post.map((alert) => ({
      ...alert,
      labels: Labels.of(alert.labels),
      annotations: {},
      generatorUrl: '',
    })),
  );
  process.send({ posted: message.id });
});
