/**
 * Alerts: the place for whoever was woken at night. What fires, since when and how grave, what to read about it, who
 * was told; what is held back, and by what; and keeping quiet what is known.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { familiesOf, isHeld, joinAlerts, type ShownAlert } from '../alert/alert-list.ts';
import { FamilyCard, HeldList } from '../alert/family-card.tsx';
import { RuleList } from '../alert/rule-list.tsx';
import { SilenceForm, type SilenceStart } from '../alert/silence-form.tsx';
import { SilenceList } from '../alert/silence-list.tsx';
import { matcherOf, matchersFor } from '../alert/silence-text.ts';
import { expireSilence, type NotifierState, notifierState, type Silence } from '../api/alertmanager.ts';
import { type RuleGroup, ruleGroups } from '../api/prometheus.ts';
import { hrefOf, type Route } from '../shell/route.ts';
import { useShortcut } from '../shell/shortcut.ts';
import { moment } from '../time/range.ts';
import { useAnswer } from './use-answer.ts';
import '../style/alerts.css';
import '../style/lists.css';

const POLL_MS = 5000;
/** How long the page tells of what was done, and offers to undo it. */
const NOTICE_MS = 60_000;

interface Known extends NotifierState {
  readonly rules: readonly RuleGroup[];
}

/** What was done, and how to undo it. */
interface Notice {
  readonly text: string;
  readonly undo?: string;
}

async function everything(signal: AbortSignal): Promise<Known> {
  const [rules, notifier] = await Promise.all([ruleGroups(signal), notifierState(signal)]);
  return { ...notifier, rules };
}

/** Draws the page: `j` and `k` move between alerts, `s` silences the one in focus, `n` begins a silence. */
export function AlertsPage({ route }: { readonly route: Route }): JSX.Element {
  const { value, error, refresh } = useAnswer(everything, 'alerts', POLL_MS);
  const [form, setForm] = useState<SilenceStart | undefined>();
  const [notice, setNotice] = useState<Notice | undefined>();
  const alerts = useMemo(() => (value === undefined ? [] : joinAlerts(value.groups, value.rules)), [value]);
  const canSilence = value?.groups !== undefined;
  useEffect(() => {
    if (notice === undefined) return;
    const timer = setTimeout(() => setNotice(undefined), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  useShortcut('j', () => moveFocus(1));
  useShortcut('k', () => moveFocus(-1));
  useShortcut('s', () => {
    const key = document.activeElement?.closest<HTMLElement>('[data-alert]')?.dataset.alert;
    const alert = alerts.find((each) => each.key === key);
    if (alert !== undefined && canSilence) setForm({ matchers: matchersFor(alert.labels) });
  });
  useShortcut('n', () => canSilence && setForm({ matchers: [matcherOf('alertname', '=', '')] }));
  if (value === undefined)
    return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
  const expire = (id: string, said: string): void => {
    expireSilence(id, new AbortController().signal).then(
      () => {
        setNotice({ text: said });
        refresh();
      },
      (cause: Error) => setNotice({ text: cause.message }),
    );
  };
  const tab = route.params.tab ?? '';
  const holding = value.silences.filter(({ status }) => status.state !== 'expired');
  const tabs = [
    { tab: '', title: 'Alerts', count: alerts.filter((alert) => !isHeld(alert)).length },
    ...(canSilence
      ? [
          { tab: 'silences', title: 'Silences', count: holding.length },
          { tab: 'receivers', title: 'Receivers', count: value.receivers.length },
        ]
      : []),
    { tab: 'rules', title: 'Rules', count: value.rules.flatMap(alertingRules).length },
  ];
  return (
    <main class="alerts">
      <div class="bar">
        <h1>Alerts</h1>
        <nav class="tabs" aria-label="Alerts">
          {tabs.map(({ tab: each, title, count }) => (
            <a
              key={each}
              href={hrefOf('alerts', '', { tab: each })}
              {...(each === tab && { 'aria-current': 'page' })}
            >
              {title} <small>{count}</small>
            </a>
          ))}
        </nav>
        <span class="grow" />
        {canSilence && (
          <button
            type="button"
            class={tab === 'silences' ? 'control' : 'control wide-only'}
            title="New silence (n)"
            onClick={() => setForm({ matchers: [matcherOf('alertname', '=', '')] })}
          >
            New silence
          </button>
        )}
      </div>
      {error !== undefined && (
        <p class="query-error" role="alert">
          {error} What is below may be old.
        </p>
      )}
      <div class="notice" role="status">
        {notice !== undefined && (
          <p>
            {notice.text}{' '}
            {notice.undo !== undefined && (
              <button
                type="button"
                class="link"
                onClick={() => expire(notice.undo!, 'The silence has ended.')}
              >
                Undo
              </button>
            )}
          </p>
        )}
      </div>
      <Tab
        tab={tab}
        known={value}
        alerts={alerts}
        onSilence={setForm}
        onExpire={(silence) => expire(silence.id, 'The silence has ended.')}
      />
      {form !== undefined && (
        <SilenceForm
          start={form}
          onClose={() => setForm(undefined)}
          onDone={(id, untilMs) => {
            const isToday = new Date(untilMs).toDateString() === new Date().toDateString();
            setForm(undefined);
            setNotice({
              text: `Silenced until ${moment(untilMs, !isToday).replace(/:\d\d$/, '')}.`,
              undo: id,
            });
            refresh();
          }}
        />
      )}
    </main>
  );
}

function Tab({
  tab,
  known,
  alerts,
  onSilence,
  onExpire,
}: {
  readonly tab: string;
  readonly known: Known;
  readonly alerts: readonly ShownAlert[];
  onSilence(start: SilenceStart): void;
  onExpire(silence: Silence): void;
}): JSX.Element {
  const { groups, silences, receivers, rules } = known;
  switch (tab) {
    case 'silences':
      return <SilenceList silences={silences} onExpire={onExpire} onChange={onSilence} />;
    case 'receivers':
      return <ReceiverList receivers={receivers} alerts={alerts} />;
    case 'rules':
      return <RuleList groups={rules} />;
  }
  const told = familiesOf(alerts.filter((alert) => !isHeld(alert)));
  const held = alerts.filter(isHeld);
  const ruleCount = rules.flatMap(alertingRules).length;
  return (
    <>
      {groups === undefined && <NotConfigured />}
      {told.length === 0 && (
        <div class="page-note">
          <b>{held.length === 0 ? 'No alerts' : 'Nothing else'}</b>
          <p>
            {held.length > 0
              ? 'All alerts that fire are held back.'
              : ruleCount === 0
                ? 'There are no alerting rules. Name a rule file under rule_files in the configuration.'
                : `${ruleCount} ${ruleCount === 1 ? 'rule watches' : 'rules watch'}, and all is quiet.`}
          </p>
        </div>
      )}
      {told.map((family) => (
        <FamilyCard
          key={family.name}
          family={family}
          onSilence={groups === undefined ? undefined : onSilence}
        />
      ))}
      {held.length > 0 && <HeldList alerts={held} all={alerts} silences={silences} onExpire={onExpire} />}
      {told.length > 0 && groups !== undefined && (
        <p class="keys muted">
          <kbd>j</kbd> <kbd>k</kbd> move · <kbd>s</kbd> silence · <kbd>n</kbd> new silence
        </p>
      )}
    </>
  );
}

function NotConfigured(): JSX.Element {
  return (
    <section class="hint-box">
      <b>These alerts reach nobody</b>
      <p>
        Notifications are not configured. Write an <code>alertmanager.yml</code> and start the monitor with{' '}
        <code>binnacle up --alerts alertmanager.yml</code>:
      </p>
      <pre class="mono">{EXAMPLE}</pre>
    </section>
  );
}

const EXAMPLE = `route:
  receiver: team
receivers:
  - name: team
    webhook_configs:
      - url: http://localhost:8080/alerts`;

function ReceiverList({
  receivers,
  alerts,
}: {
  readonly receivers: readonly string[];
  readonly alerts: readonly ShownAlert[];
}): JSX.Element {
  return (
    <div class="list">
      {receivers.map((name) => {
        const going = alerts.filter((alert) => alert.receivers.includes(name));
        const told = familiesOf(going.filter((alert) => !isHeld(alert)));
        return (
          <article class="item" key={name}>
            <div class="item-main">
              <b>{name}</b>
              <span class="muted">
                {told.length === 0
                  ? 'No alerts now'
                  : told.map((family) => `${family.name} (${family.alerts.length})`).join(', ')}
              </span>
            </div>
            <div class="item-side">
              {going.some(isHeld) && <span>{going.filter(isHeld).length} held back</span>}
            </div>
          </article>
        );
      })}
    </div>
  );
}

function alertingRules(group: RuleGroup): RuleGroup['rules'] {
  return group.rules.filter((rule) => rule.type === 'alerting');
}

/** From where the focus is to the next alert, or the one before. */
function moveFocus(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-alert]')].filter(
    (row) => row.offsetParent !== null,
  );
  const at = rows.indexOf(document.activeElement?.closest<HTMLElement>('[data-alert]') as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by));
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: 'nearest' });
}
