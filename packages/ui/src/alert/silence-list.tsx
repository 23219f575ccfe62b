/** All silences: those that hold, those to come, and folded away those that have ended. */
import type { JSX } from 'preact';
import type { Silence } from '../api/alertmanager.ts';
import type { SilenceStart } from './silence-form.tsx';
import { matcherText, whenText } from './silence-text.ts';

/** Expired silences beyond these are counted, not shown. */
const EXPIRED_MOST = 50;

interface Actions {
  onExpire(silence: Silence): void;
  onChange(start: SilenceStart): void;
}

/** Draws the silences; the server has sorted them. */
export function SilenceList({
  silences,
  ...actions
}: { readonly silences: readonly Silence[] } & Actions): JSX.Element {
  const holding = silences.filter(({ status }) => status.state !== 'expired');
  const expired = silences.filter(({ status }) => status.state === 'expired');
  return (
    <>
      {holding.length === 0 && (
        <div class="page-note">
          <b>No silences</b>
          <p>A silence keeps alerts quiet for a while: choose Silence beside one.</p>
        </div>
      )}
      {holding.length > 0 && (
        <div class="list">
          {holding.map((silence) => (
            <SilenceRow key={silence.id} silence={silence} {...actions} />
          ))}
        </div>
      )}
      {expired.length > 0 && (
        <details class="held">
          <summary>{expired.length} expired</summary>
          <div class="list">
            {expired.slice(0, EXPIRED_MOST).map((silence) => (
              <SilenceRow key={silence.id} silence={silence} {...actions} />
            ))}
          </div>
          {expired.length > EXPIRED_MOST && <p class="muted">and {expired.length - EXPIRED_MOST} more</p>}
        </details>
      )}
    </>
  );
}

function SilenceRow({ silence, onExpire, onChange }: { readonly silence: Silence } & Actions): JSX.Element {
  const { status, matchers, createdBy, comment, endsAt } = silence;
  const isOver = status.state === 'expired';
  return (
    <article class="item silence">
      <span class={`badge ${status.state === 'active' ? 'up' : status.state}`}>{status.state}</span>
      <div class="item-main">
        <span class="mono silence-matchers">
          {matchers.map((matcher) => (
            <span key={matcherText(matcher)}>{matcherText(matcher)}</span>
          ))}
        </span>
        <p>
          {comment !== '' && `${comment} `}
          <span class="muted">
            {createdBy || 'somebody'},{' '}
            <span title={new Date(endsAt).toString()}>{whenText(silence, Date.now())}</span>
          </span>
        </p>
      </div>
      <div class="silence-actions">
        <button
          type="button"
          class="control"
          onClick={() => onChange({ matchers, comment, ...(!isOver && { silence }) })}
        >
          {isOver ? 'Again' : 'Extend'}
        </button>
        {!isOver && (
          <button type="button" class="control" onClick={() => onExpire(silence)}>
            Expire
          </button>
        )}
      </div>
    </article>
  );
}
