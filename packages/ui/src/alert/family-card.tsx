/** Alerts of one name as a card, and the alerts that are held back, folded away. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Silence } from '../api/alertmanager.ts';
import type { LabelMap } from '../api/prometheus.ts';
import { span } from '../format/duration.ts';
import { format } from '../format/units.ts';
import { Labels } from '../page/targets.tsx';
import { hrefOf } from '../shell/route.ts';
import { type AlertFamily, commonLabels, type ShownAlert, severityRank } from './alert-list.ts';
import type { SilenceStart } from './silence-form.tsx';
import { matchersFor, matcherText, whenText } from './silence-text.ts';

/** How many alerts of a name are shown before somebody asks for all. */
const SHOWN_FIRST = 8;
/** Labels that the head of a card tells. */
const TOLD: readonly string[] = ['alertname', 'severity'];

type OnSilence = ((start: SilenceStart) => void) | undefined;

/** Draws the alerts of one name. */
export function FamilyCard({
  family,
  onSilence,
}: {
  readonly family: AlertFamily;
  readonly onSilence: OnSilence;
}): JSX.Element {
  const [all, setAll] = useState(false);
  const { name, state, severity, alerts, common } = family;
  const firing = alerts.filter((alert) => alert.state === 'firing').length;
  const shared = commonLabels(alerts.map(({ annotations }) => annotations));
  const grave = severityRank(severity) < 2 ? 'grave' : severityRank(severity) === 2 ? 'warning' : 'note';
  const shown = all ? alerts : alerts.slice(0, SHOWN_FIRST);
  return (
    <section class={`family ${state} ${grave}`} aria-label={name}>
      <header>
        <h2>{name}</h2>
        {severity !== '' && <span class="severity">{severity}</span>}
        <span class="state">
          {state}
          {alerts.length > 1 && ` ${firing > 0 ? firing : alerts.length}`}
          {firing > 0 && firing < alerts.length && `, ${alerts.length - firing} pending`}
        </span>
        <span class="since" title={new Date(family.sinceMs).toString()}>
          {sinceText(family.sinceMs)}
        </span>
      </header>
      <Words annotations={shared} />
      <Links annotations={shared} expr={alerts[0]!.expr} />
      <ul>
        {shown.map((alert) => (
          <AlertRow
            key={alert.key}
            alert={alert}
            common={alerts.length > 1 ? common : {}}
            shared={shared}
            isAlone={alerts.length === 1}
            onSilence={onSilence}
          />
        ))}
      </ul>
      {(alerts.length > shown.length || (alerts.length > 1 && onSilence !== undefined)) && (
        <footer>
          {alerts.length > shown.length && (
            <button type="button" class="link" onClick={() => setAll(true)}>
              Show all {alerts.length}
            </button>
          )}
          <span class="grow" />
          {alerts.length > 1 && onSilence !== undefined && (
            <button type="button" class="link" onClick={() => onSilence({ matchers: matchersFor(common) })}>
              Silence all {alerts.length}
            </button>
          )}
        </footer>
      )}
    </section>
  );
}

function AlertRow({
  alert,
  common,
  shared,
  isAlone,
  onSilence,
}: {
  readonly alert: ShownAlert;
  /** The labels that its neighbours have too. */
  readonly common: LabelMap;
  /** The annotations that the head of the card has. */
  readonly shared: LabelMap;
  /** Whether the head of the card is about this one alone, and says how old it is. */
  readonly isAlone: boolean;
  readonly onSilence: OnSilence;
}): JSX.Element {
  const { labels, state, sinceMs, value, receivers } = alert;
  const own = without(alert.annotations, shared);
  const told = Object.entries(without(labels, common)).filter(([name]) => !TOLD.includes(name));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: j and k stop here, and s silences what is in focus.
    <li class={`alert-row ${state}`} data-alert={alert.key} tabIndex={0}>
      {(told.length > 0 || Object.keys(own).length > 0) && (
        <div class="alert-main">
          <Words annotations={own} />
          <Labels labels={Object.fromEntries(told)} />
          <Links annotations={own} expr="" />
        </div>
      )}
      <div class="alert-side">
        {!isAlone && (
          <span title={new Date(sinceMs).toString()}>
            {state === 'pending' && 'pending '}
            {sinceText(sinceMs)}
          </span>
        )}
        {value !== undefined && <span>value {format(value, 'short')}</span>}
        {receivers.length > 0 && <span title="Whom it goes to">→ {receivers.join(', ')}</span>}
      </div>
      {onSilence !== undefined && (
        <button
          type="button"
          class="control"
          title="Silence (s)"
          aria-label={`Silence ${labels.alertname ?? ''} ${told.map(([, text]) => text).join(' ')}`}
          onClick={() => onSilence({ matchers: matchersFor(labels) })}
        >
          Silence
        </button>
      )}
    </li>
  );
}

/** Draws the alerts that nobody is told of, folded away. */
export function HeldList({
  alerts,
  all,
  silences,
  onExpire,
}: {
  readonly alerts: readonly ShownAlert[];
  readonly all: readonly ShownAlert[];
  readonly silences: readonly Silence[];
  onExpire(silence: Silence): void;
}): JSX.Element {
  const counts = (
    [
      ['silenced', 'silencedBy'],
      ['inhibited', 'inhibitedBy'],
      ['muted at this time', 'mutedBy'],
    ] as const
  )
    .map(([word, by]) => [alerts.filter((alert) => alert[by].length > 0).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return (
    <details class="held">
      <summary>
        {alerts.length} held back <small>{counts.join(', ')}</small>
      </summary>
      <ul class="list">
        {alerts.map((alert) => (
          <li key={alert.key} class="alert-row">
            <div class="alert-main">
              <p>
                <b>{alert.labels.alertname}</b> {alert.annotations.summary}
              </p>
              <Labels labels={alert.labels} skip={TOLD} />
              {alert.silencedBy.map((id) => (
                <SilencedBy key={id} silence={silences.find((each) => each.id === id)} onExpire={onExpire} />
              ))}
              {alert.inhibitedBy.map((key) => (
                <InhibitedBy key={key} source={all.find((each) => each.key === key)} />
              ))}
              {alert.mutedBy.length > 0 && (
                <p class="reason">muted at this time by {alert.mutedBy.join(', ')}</p>
              )}
            </div>
            <div class="alert-side">
              <span>{sinceText(alert.sinceMs)}</span>
            </div>
          </li>
        ))}
      </ul>
    </details>
  );
}

function SilencedBy({
  silence,
  onExpire,
}: {
  readonly silence: Silence | undefined;
  onExpire(silence: Silence): void;
}): JSX.Element {
  if (silence === undefined) return <p class="reason">silenced</p>;
  return (
    <p class="reason" title={silence.matchers.map(matcherText).join(' ')}>
      silenced by {silence.createdBy || 'somebody'} {whenText(silence, Date.now())}
      {silence.comment !== '' && `: ${silence.comment}`}{' '}
      <button type="button" class="link" onClick={() => onExpire(silence)}>
        End silence
      </button>
    </p>
  );
}

function InhibitedBy({ source }: { readonly source: ShownAlert | undefined }): JSX.Element {
  if (source === undefined) return <p class="reason">inhibited by another alert</p>;
  return (
    <p class="reason">
      inhibited by <b>{source.labels.alertname}</b> <Labels labels={source.labels} skip={TOLD} />
    </p>
  );
}

function Words({ annotations }: { readonly annotations: LabelMap }): JSX.Element | null {
  const summary = annotations.summary ?? annotations.message ?? annotations.title;
  const { description } = annotations;
  if (summary === undefined && description === undefined) return null;
  return (
    <div class="words">
      {summary !== undefined && <p>{summary}</p>}
      {description !== undefined && description !== summary && <p class="muted">{description}</p>}
    </div>
  );
}

/** What there is to read: every annotation that is an address, and the query in Explore. */
function Links({
  annotations,
  expr,
}: {
  readonly annotations: LabelMap;
  readonly expr: string;
}): JSX.Element | null {
  const links = Object.entries(annotations).filter(([, value]) => /^https?:\/\/\S+$/.test(value));
  // It may also be the place of a file, which can only be told.
  const runbook = annotations.runbook_url ?? '';
  const place = runbook !== '' && !links.some(([name]) => name === 'runbook_url') ? runbook : '';
  if (links.length === 0 && expr === '' && place === '') return null;
  return (
    <p class="links">
      {links.map(([name, value]) => (
        <a key={name} href={value} target="_blank" rel="noreferrer">
          {titleOf(name)}
        </a>
      ))}
      {expr !== '' && <a href={hrefOf('explore', '', { expr })}>Graph</a>}
      {place !== '' && <span class="muted">Runbook: {place}</span>}
    </p>
  );
}

/** `runbook_url` is `Runbook`. */
function titleOf(name: string): string {
  const words = name.replace(/_?(url|link)$/i, '').replace(/_/g, ' ') || name;
  return words[0]!.toUpperCase() + words.slice(1);
}

function without(labels: LabelMap, others: LabelMap): LabelMap {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !(name in others)));
}

function sinceText(sinceMs: number): string {
  return Number.isFinite(sinceMs) ? `for ${span(Math.max(0, Date.now() - sinceMs) / 1000)}` : '';
}
