// A notifier in a process of its own, that a test kills: told what to do by its parent, one message each.
//
//     {open: {dir, run, webhooks: [url, …]}}   → {isOpen: true}
//     {post: [{labels, startsAtMs, endsAtMs}], id}   → {posted: id}
import { request } from 'node:http';
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { systemClock } from '../../dist/clock.js';
import { Dispatcher } from '../../dist/notify/dispatcher.js';
import { NotifierJournal } from '../../dist/notify/notifier-journal.js';

/**
 * Its clock goes slower, so that the ten seconds that a message has are enough on any machine: one whose answer comes
 * too late is rightly sent again. Below are times of this clock.
 */
const SLOWER = 20;
const RESOLVE_TIMEOUT_MS = 15_000 / SLOWER;
const clock = {
  now: () => Math.floor(systemClock.now() / SLOWER),
  after: (delayMs, callback) => systemClock.after(delayMs * SLOWER, callback),
};

/** Over a connection of its own: `fetch` has limits of time, and kept connections that end when they are used again. */
function post(url, body, signal) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false, signal }, (response) => {
      response.on('error', reject).on('end', () => resolve(response.statusCode));
      response.resume();
    });
    sent.on('error', reject).end(body);
  });
}

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
        const status = await post(url, body, signal);
        return status === 200 ? { ok: true } : { ok: false, retry: true, reason: `it answered ${status}` };
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
    groupWaitMs: 1,
    groupIntervalMs: 3,
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
    clock,
    state: new NotifierJournal({
      path: join(dir, 'notifier.log'),
      clock,
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
    message.post.map(({ startsAtMs, endsAtMs, ...alert }) => ({
      ...alert,
      startsAtMs: Math.floor(startsAtMs / SLOWER),
      endsAtMs: Math.floor(endsAtMs / SLOWER),
      labels: Labels.of(alert.labels),
      annotations: {},
      generatorUrl: '',
    })),
  );
  process.send({ posted: message.id });
});
