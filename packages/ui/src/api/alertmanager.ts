/** Alertmanager's API as the monitor has it: alerts with what holds them back, and silences. */
import { ApiError, fetchJson, type LabelMap } from './prometheus.ts';

/** One condition of a silence. */
export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** An alert that fires, as the notifier has it. */
export interface NotifiedAlert {
  readonly fingerprint: string;
  readonly labels: LabelMap;
  readonly annotations: LabelMap;
  readonly startsAt: string;
  readonly generatorURL?: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    readonly mutedBy: readonly string[];
  };
}

/** Alerts that go to one receiver together. */
export interface NotifiedGroup {
  readonly alerts: readonly NotifiedAlert[];
  readonly receiver: { readonly name: string };
}

/** A silence. */
export interface Silence {
  readonly id: string;
  readonly status: { readonly state: 'active' | 'pending' | 'expired' };
  readonly matchers: readonly Matcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

/** A silence to be made, or with an `id` to be changed. */
export interface SilenceDraft extends Omit<Silence, 'id' | 'status'> {
  readonly id?: string;
}

/** What a silence would hide. */
export interface SilencePreview {
  readonly hidden: readonly NotifiedAlert[];
  readonly total: number;
  /** Empty when there is nothing to warn of. */
  readonly warning: string;
}

/** What the notifier knows. */
export interface NotifierState {
  /** Undefined when no notifications are configured. */
  readonly groups: readonly NotifiedGroup[] | undefined;
  readonly silences: readonly Silence[];
  readonly receivers: readonly string[];
}

/** The start of a silence that begins at once, by the monitor's clock: Go's zero time. */
export const AT_ONCE = '0001-01-01T00:00:00Z';

/** Asks for everything that the page of alerts shows. */
export async function notifierState(signal: AbortSignal): Promise<NotifierState> {
  try {
    const [groups, silences, receivers] = await Promise.all(
      ['alerts/groups', 'silences', 'receivers'].map((path) => fetchJson(`api/v2/${path}`, signal)),
    );
    return {
      groups: groups as NotifiedGroup[],
      silences: silences as Silence[],
      receivers: (receivers as { name: string }[]).map(({ name }) => name),
    };
  } catch (error) {
    const isMissing = error instanceof ApiError && (error.status === 503 || error.status === 404);
    if (!isMissing) throw error;
    return { groups: undefined, silences: [], receivers: [] };
  }
}

/** Makes or changes a silence; resolves with its identifier. */
export async function setSilence(draft: SilenceDraft, signal: AbortSignal): Promise<string> {
  return ((await send('silences', draft, signal)) as { silenceID: string }).silenceID;
}

/** Ends a silence. */
export async function expireSilence(id: string, signal: AbortSignal): Promise<void> {
  await fetchJson(`api/v2/silence/${encodeURIComponent(id)}`, signal, { method: 'DELETE' });
}

/** What a silence of these matchers would hide now. */
export async function previewSilence(
  matchers: readonly Matcher[],
  signal: AbortSignal,
): Promise<SilencePreview> {
  return (await send('silences/preview', { matchers }, signal)) as SilencePreview;
}

function send(path: string, body: object, signal: AbortSignal): Promise<unknown> {
  return fetchJson(`api/v2/${path}`, signal, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
