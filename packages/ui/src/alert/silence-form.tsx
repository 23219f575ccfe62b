/**
 * The form of a silence, in a dialog of the browser's own: it keeps the keyboard, and Escape closes it.
 *
 * What it would hide is asked for while it is being written. Enter makes the silence from any field.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { AT_ONCE, type Matcher, previewSilence, type Silence, setSilence } from '../api/alertmanager.ts';
import { parseDuration } from '../format/duration.ts';
import { Labels } from '../page/targets.tsx';
import { useAnswer } from '../page/use-answer.ts';
import { Close } from '../shell/icons.tsx';
import { remembered } from '../shell/remembered.ts';
import { matcherOf, matcherText, OPERATORS, type Operator, operatorOf } from './silence-text.ts';

const DURATIONS = ['30m', '1h', '2h', '8h', '1d', '3d', '1w'];
const DURATION = '2h';
/** How long a text must stand still before it is asked about. */
const PAUSE_MS = 250;
/** Alerts beyond these are counted, not shown. */
const SHOWN_MOST = 12;
const author = remembered('binnacle-author');

/** What a form starts from. */
export interface SilenceStart {
  readonly matchers: readonly Matcher[];
  readonly comment?: string;
  /** The silence that is changed; a new one is made when there is none. */
  readonly silence?: Silence;
}

/** Draws the form. */
export function SilenceForm({
  start,
  onClose,
  onDone,
}: {
  readonly start: SilenceStart;
  onClose(): void;
  /** Told of the silence that was made, and until when it holds. */
  onDone(id: string, untilMs: number): void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [matchers, setMatchers] = useState(start.matchers);
  const [duration, setDuration] = useState(DURATION);
  const [comment, setComment] = useState(start.comment ?? '');
  const [by, setBy] = useState(author.get);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
    // On a phone the keyboard would cover the form.
    const first = matchMedia('(pointer: coarse)').matches ? '[type=submit]' : '[data-first]';
    dialog.current?.querySelector<HTMLElement>(first)?.focus();
  }, []);
  const durationMs = parseDuration(duration.trim()) ?? 0;
  const named = matchers.filter(({ name }) => name !== '');
  const refused =
    named.length === 0
      ? 'Name at least one label.'
      : durationMs === 0
        ? 'Say for how long: 45m, 2h, 1d12h.'
        : '';
  const submit = async (): Promise<void> => {
    if (refused !== '' || busy) {
      setError(refused);
      return;
    }
    setBusy(true);
    author.set(by.trim());
    const untilMs = Date.now() + durationMs;
    const old = start.silence;
    try {
      const draft = {
        matchers: named,
        startsAt: old === undefined ? AT_ONCE : old.startsAt,
        endsAt: new Date(untilMs).toISOString(),
        createdBy: by.trim() || 'somebody',
        comment: comment.trim(),
        ...(old !== undefined && { id: old.id }),
      };
      onDone(await setSilence(draft, new AbortController().signal), untilMs);
      // The focus goes back to where it was.
      dialog.current?.close();
    } catch (cause) {
      setError((cause as Error).message);
      setBusy(false);
    }
  };
  const change = (i: number, next: Matcher): void =>
    setMatchers(matchers.map((matcher, at) => (at === i ? next : matcher)));
  return (
    <dialog ref={dialog} class="silence-form" aria-labelledby="silence-title" onClose={onClose}>
      <form
        // The first Escape would close what the browser offers, and not the dialog.
        autocomplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header>
          <h2 id="silence-title">{start.silence === undefined ? 'New silence' : 'Change silence'}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Close />
          </button>
        </header>
        <div class="silence-fields">
          <fieldset class="matchers">
            <legend>Alerts with all of these labels</legend>
            {matchers.map((matcher, i) => (
              <MatcherRow
                key={i}
                matcher={matcher}
                onChange={(next) => change(i, next)}
                onRemove={() => setMatchers(matchers.filter((_, at) => at !== i))}
              />
            ))}
            <button
              type="button"
              class="link"
              onClick={() => setMatchers([...matchers, matcherOf('', '=', '')])}
            >
              Add a label
            </button>
          </fieldset>
          <fieldset class="durations">
            <legend>Quiet from now for</legend>
            {DURATIONS.map((each) => (
              <label key={each} class="chip">
                <input
                  type="radio"
                  name="duration"
                  value={each}
                  checked={duration === each}
                  onChange={() => setDuration(each)}
                />
                <span>{each}</span>
              </label>
            ))}
            <input
              class="control"
              aria-label="Another duration"
              value={duration}
              spellcheck={false}
              autocapitalize="off"
              onInput={(event) => setDuration(event.currentTarget.value)}
            />
          </fieldset>
          <label class="field">
            <span>Why</span>
            <input
              class="control"
              data-first
              value={comment}
              placeholder="For whoever finds it later"
              onInput={(event) => setComment(event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>Who</span>
            <input
              class="control"
              value={by}
              placeholder="Your name, remembered here"
              onInput={(event) => setBy(event.currentTarget.value)}
            />
          </label>
          <Preview matchers={named} />
        </div>
        <footer>
          <p class="bad" role="alert">
            {error}
          </p>
          <button type="button" class="control" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            Silence{durationMs > 0 && ` for ${duration.trim()}`}
          </button>
        </footer>
      </form>
    </dialog>
  );
}

function MatcherRow({
  matcher,
  onChange,
  onRemove,
}: {
  readonly matcher: Matcher;
  onChange(next: Matcher): void;
  onRemove(): void;
}): JSX.Element {
  const operator = operatorOf(matcher);
  return (
    <div class="matcher mono">
      <input
        class="control"
        aria-label="Label"
        value={matcher.name}
        spellcheck={false}
        autocapitalize="off"
        onInput={(event) => onChange({ ...matcher, name: event.currentTarget.value.trim() })}
      />
      <select
        class="control"
        aria-label={`How ${matcher.name} compares`}
        title="=~ and !~ take a regular expression of the whole value"
        value={operator}
        onChange={(event) =>
          onChange(matcherOf(matcher.name, event.currentTarget.value as Operator, matcher.value))
        }
      >
        {OPERATORS.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <input
        class="control"
        aria-label={`Value of ${matcher.name}`}
        value={matcher.value}
        spellcheck={false}
        autocapitalize="off"
        onInput={(event) => onChange({ ...matcher, value: event.currentTarget.value })}
      />
      <button type="button" class="quiet" aria-label={`Remove ${matcherText(matcher)}`} onClick={onRemove}>
        <Close />
      </button>
    </div>
  );
}

/** What the silence would hide, as of the last pause. */
function Preview({ matchers }: { readonly matchers: readonly Matcher[] }): JSX.Element {
  const written = JSON.stringify(matchers);
  const [asked, setAsked] = useState(written);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(written), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [written]);
  const isEmpty = asked === '[]';
  const { value, error } = useAnswer(
    (signal) => (isEmpty ? Promise.resolve(undefined) : previewSilence(JSON.parse(asked), signal)),
    asked,
  );
  if (error !== undefined) return <p class="silence-preview bad">{error}</p>;
  if (value === undefined) return <div class="silence-preview" aria-busy={!isEmpty} />;
  const { hidden, total, warning } = value;
  return (
    <section class="silence-preview" aria-live="polite">
      <p>
        Hides <b>{hidden.length}</b> of {total} {total === 1 ? 'alert' : 'alerts'} that fire now
      </p>
      {warning !== '' && <p class="warn">{warning}</p>}
      <ul>
        {hidden.slice(0, SHOWN_MOST).map(({ fingerprint, labels }) => (
          <li key={fingerprint}>
            <b>{labels.alertname}</b> <Labels labels={labels} skip={['alertname', 'severity']} />
          </li>
        ))}
      </ul>
      {hidden.length > SHOWN_MOST && <p class="muted">and {hidden.length - SHOWN_MOST} more</p>}
    </section>
  );
}
