import type { Labels } from '@binnacle/metrics/model';
import { fingerprintOf, type PostedAlert } from '../../dist/notify/alert.js';
import type { AlertGroupView, AlertView, NotifierView } from '../../dist/notify/notifier-view.js';
import type { Silences } from '../../dist/notify/silences.js';

const RESOLVE_TIMEOUT_MS = 5 * 60_000;

/** What {@link StandInNotifier} does, for a real Alertmanager. */
export const STAND_IN_CONFIG = `route:
  receiver: ops
  group_by: [alertname]
  group_wait: 0s
  routes:
    - matchers: ['severity="page"']
      receiver: pager
receivers:
  - name: ops
  - name: pager
inhibit_rules:
  - source_matchers: ['alertname="HostDown"']
    target_matchers: ['alertname!="HostDown"']
    equal: [host]
`;

/** A notifier that only shows: two receivers, groups by name, one rule of inhibition. Sends nothing. */
export class StandInNotifier implements NotifierView {
  readonly configText = STAND_IN_CONFIG;
  readonly startTimeMs: number;
  readonly #now: () => number;
  readonly #silences: Silences;
  readonly #alerts = new Map<string, { alert: PostedAlert; updatedAtMs: number }>();

  constructor(silences: Silences, now: () => number = Date.now) {
    this.#silences = silences;
    this.#now = now;
    this.startTimeMs = now();
  }

  receivers(): string[] {
    return ['ops', 'pager'];
  }

  post(alerts: readonly PostedAlert[]): void {
    for (const posted of alerts) {
      const endsAtMs = posted.endsAtMs === 0 ? this.#now() + RESOLVE_TIMEOUT_MS : posted.endsAtMs;
      this.#alerts.set(posted.labels.key, { alert: { ...posted, endsAtMs }, updatedAtMs: this.#now() });
    }
  }

  alerts(): AlertView[] {
    const nowMs = this.#now();
    const firing = [...this.#alerts.values()].filter(({ alert }) => alert.endsAtMs > nowMs);
    return firing.map(({ alert, updatedAtMs }) => ({
      alert,
      updatedAtMs,
      fingerprint: fingerprintOf(alert.labels),
      receivers: [alert.labels.get('severity') === 'page' ? 'pager' : 'ops'],
      silencedBy: this.#silences.silencedBy(alert.labels, nowMs),
      inhibitedBy: firing
        .filter(({ alert: source }) => inhibits(source.labels, alert.labels))
        .map(({ alert: source }) => fingerprintOf(source.labels)),
      mutedBy: [],
    }));
  }

  groups(): AlertGroupView[] {
    const groups = new Map<string, AlertGroupView & { alerts: AlertView[] }>();
    for (const view of this.alerts()) {
      const labels = view.alert.labels.only(new Set(['alertname']));
      const receiver = view.receivers[0]!;
      const key = `${receiver} ${labels.key}`;
      const group = groups.get(key) ?? { key, routeId: receiver, labels, receiver, alerts: [] };
      group.alerts.push(view);
      groups.set(key, group);
    }
    return [...groups.values()];
  }
}

function inhibits(source: Labels, target: Labels): boolean {
  return (
    source.get('alertname') === 'HostDown' &&
    target.get('alertname') !== 'HostDown' &&
    source.get('host') === target.get('host')
  );
}
