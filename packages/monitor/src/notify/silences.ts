/**
 * Silences: who has said that which alerts shall not be told, from when until when.
 *
 *     pending ──startsAt──▶ active ──endsAt──▶ expired ──{@link EXPIRED_KEPT_MS}──▶ gone
 *
 * A silence is history once it has begun: its matchers and its start are not changed any more. A change that would do
 * that ends the silence and makes another one, as in Alertmanager. Changes are made one after the other, and what is
 * asked for while the file is being written is written together with the next; a change is in the file before its
 * promise resolves, and visible only then. What cannot be written has not happened.
 */
import { randomUUID } from 'node:crypto';
import { Labels } from '@binnacle/metrics/model';
import { type AlertMatcher, matchesAll } from '../alert-matcher.ts';
import type { Clock } from '../clock.ts';
import type { SilenceStore } from './silence-file.ts';
import { SilenceIndex } from './silence-index.ts';

/** How long an expired silence can still be seen; Alertmanager's default. */
export const EXPIRED_KEPT_MS = 120 * 60 * 60_000;
/** How many silences there may be, expired ones among them. */
export const SILENCES_MAX = 10_000;
/** How large one silence may be, as the file has it. */
export const SILENCE_BYTES_MAX = 64 * 1024;

/** Where in its life a silence is. */
export type SilenceState = 'pending' | 'active' | 'expired';

/** What a silence says. */
export interface SilenceContent {
  /** All of them must match. At least one does not match a label that is missing. */
  readonly matchers: readonly AlertMatcher[];
  readonly startsAtMs: number;
  /** From then on it is expired. */
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
  /** For programs; may be empty. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A silence as it is kept. */
export interface Silence extends SilenceContent {
  /** A UUID. */
  readonly id: string;
  readonly updatedAtMs: number;
}

/** A silence as it is asked for. Without an `id` it is a new one; without a start it begins at once. */
export interface SilenceRequest extends Omit<SilenceContent, 'startsAtMs' | 'annotations'> {
  readonly id?: string;
  readonly startsAtMs?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Why a silence was refused: `silence_not_stored` is the disk's fault, the others are the request's. */
export type SilenceErrorCode =
  | 'silence_not_found'
  | 'silence_invalid'
  | 'silence_limit'
  | 'silence_not_stored';

/** A change was refused, and nothing was changed. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
  readonly code: SilenceErrorCode;

  constructor(code: SilenceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a silence of these matchers would hide. */
export interface SilencePreview<A> {
  readonly hidden: readonly A[];
  /** How many alerts there are. */
  readonly total: number;
  /** What whoever makes it should know: that it hides everything, or nothing. */
  readonly warning: string | undefined;
}

/** Options of {@link Silences.open}. */
export interface SilencesOptions {
  readonly clock: Clock;
  readonly store: SilenceStore;
  /** Told in words of what an operator should know. */
  readonly onProblem: (message: string) => void;
  readonly silencesMax?: number;
  readonly newId?: () => string;
}

type Change = (draft: Map<string, Silence>, nowMs: number) => string;

interface WaitingChange {
  readonly change: Change;
  readonly resolve: (id: string) => void;
  readonly reject: (error: unknown) => void;
}

/** Where in its life a silence is at a time. */
export function silenceStateAt(
  silence: Pick<SilenceContent, 'startsAtMs' | 'endsAtMs'>,
  nowMs: number,
): SilenceState {
  if (nowMs >= silence.endsAtMs) return 'expired';
  return nowMs < silence.startsAtMs ? 'pending' : 'active';
}

/** All silences. */
export class Silences {
  readonly #options: SilencesOptions;
  readonly #index = new SilenceIndex();
  #silences: ReadonlyMap<string, Silence>;
  #waiting: WaitingChange[] = [];
  #refused = 0;
  #running: Promise<void> | undefined;

  private constructor(options: SilencesOptions, silences: readonly Silence[]) {
    this.#options = options;
    this.#silences = new Map(silences.map((silence) => [silence.id, silence]));
    for (const silence of silences) this.#index.set(silence);
  }

  /**
   * Starts with what is stored. What is damaged is told of, and the rest is taken.
   * @throws when the file is there but cannot be read: to start without it would lose what it holds
   */
  static async open(options: SilencesOptions): Promise<Silences> {
    const { silences, problem } = await options.store.load();
    if (problem !== undefined) options.onProblem(problem);
    return new Silences(options, silences);
  }

  /**
   * Makes a silence, or changes one.
   * @returns its identifier: another one than was given where the change would have changed history
   * @throws SilenceError
   */
  async set(request: SilenceRequest): Promise<string> {
    try {
      return await this.#set(request);
    } catch (error) {
      if (error instanceof SilenceError && error.code === 'silence_limit') this.#refused++;
      throw error;
    }
  }

  #set(request: SilenceRequest): Promise<string> {
    const given: SilenceContent = {
      matchers: request.matchers,
      startsAtMs: request.startsAtMs ?? this.#options.clock.now(),
      endsAtMs: request.endsAtMs,
      createdBy: request.createdBy,
      comment: request.comment,
      annotations: request.annotations ?? {},
    };
    refuseInvalid(given, this.#options.clock.now());
    const { silencesMax = SILENCES_MAX, newId = randomUUID } = this.#options;
    return this.#change((draft, nowMs) => {
      const known = request.id === undefined || request.id === '' ? undefined : draft.get(request.id);
      if (known === undefined && request.id !== undefined && request.id !== '') throw notFound();
      if (known !== undefined && keepsHistory(known, given, nowMs)) {
        draft.set(known.id, { ...given, id: known.id, updatedAtMs: nowMs });
        return known.id;
      }
      if (draft.size >= silencesMax)
        throw new SilenceError(
          'silence_limit',
          `exceeded maximum number of silences: ${draft.size} (limit: ${silencesMax})`,
        );
      if (known !== undefined) expireIn(draft, known, nowMs);
      const id = newId();
      draft.set(id, { ...given, id, startsAtMs: Math.max(given.startsAtMs, nowMs), updatedAtMs: nowMs });
      return id;
    });
  }

  /**
   * Ends a silence now; one that has ended stays as it is.
   * @throws SilenceError
   */
  async expire(id: string): Promise<void> {
    await this.#change((draft, nowMs) => {
      const known = draft.get(id);
      if (known === undefined) throw notFound();
      expireIn(draft, known, nowMs);
      return id;
    });
  }

  get(id: string): Silence | undefined {
    const silence = this.#silences.get(id);
    return silence !== undefined && isKept(silence, this.#options.clock.now()) ? silence : undefined;
  }

  /**
   * The silences that have all of these matchers among theirs, whatever those would match: active ones first, the
   * next to end first of all; then pending ones, the next to start first; then expired ones, the last to end first.
   */
  list(filter: readonly AlertMatcher[] = []): readonly Silence[] {
    const nowMs = this.#options.clock.now();
    return [...this.#silences.values()]
      .filter((silence) => isKept(silence, nowMs) && hasMatchers(silence, filter))
      .sort((a, b) => compareForList(a, b, nowMs));
  }

  /** Identifiers of the silences that hide an alert at a time, in the order in which they were made. */
  silencedBy(labels: Labels, nowMs: number): readonly string[] {
    const matching = this.#index.matching(labels);
    if (matching.length === 0) return NONE;
    const ids: string[] = [];
    for (const { silence } of matching) if (silenceStateAt(silence, nowMs) === 'active') ids.push(silence.id);
    return ids;
  }

  /** How many silences {@link SILENCES_MAX} or {@link SILENCE_BYTES_MAX} kept out since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** How many silences there are in each state. */
  counts(): Readonly<Record<SilenceState, number>> {
    const counts = { pending: 0, active: 0, expired: 0 };
    const nowMs = this.#options.clock.now();
    for (const silence of this.#silences.values())
      if (isKept(silence, nowMs)) counts[silenceStateAt(silence, nowMs)]++;
    return counts;
  }

  /** Which of the alerts a silence of these matchers would hide. */
  preview<A extends { readonly labels: Labels }>(
    matchers: readonly AlertMatcher[],
    alerts: readonly A[],
  ): SilencePreview<A> {
    const hidden = alerts.filter(({ labels }) => matchesAll(matchers, labels));
    return { hidden, total: alerts.length, warning: previewWarning(matchers, hidden.length, alerts.length) };
  }

  /** Waits for what is under way to be written. */
  async close(): Promise<void> {
    await this.#running;
  }

  #change(change: Change): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeTogether(this.#waiting.splice(0));
    // In the same step as the last look at the queue: a change that comes later must start another run.
    this.#running = undefined;
  }

  async #writeTogether(changes: readonly WaitingChange[]): Promise<void> {
    const nowMs = this.#options.clock.now();
    const draft = new Map(this.#silences);
    for (const silence of this.#silences.values()) if (!isKept(silence, nowMs)) draft.delete(silence.id);
    const done: { readonly id: string; readonly waiting: WaitingChange }[] = [];
    for (const waiting of changes) {
      try {
        done.push({ id: waiting.change(draft, nowMs), waiting });
      } catch (error) {
        waiting.reject(error);
      }
    }
    if (done.length === 0) return;
    try {
      await this.#options.store.save([...draft.values()]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.onProblem(`silences could not be stored: ${reason}`);
      for (const { waiting } of done)
        waiting.reject(new SilenceError('silence_not_stored', `the silence could not be stored: ${reason}`));
      return;
    }
    this.#publish(draft);
    for (const { id, waiting } of done) waiting.resolve(id);
  }

  #publish(next: ReadonlyMap<string, Silence>): void {
    for (const id of this.#silences.keys()) if (!next.has(id)) this.#index.delete(id);
    for (const silence of next.values())
      if (this.#silences.get(silence.id) !== silence) this.#index.set(silence);
    this.#silences = next;
  }
}

const NONE: readonly string[] = [];
const NO_LABELS = Labels.of({});

function notFound(): SilenceError {
  return new SilenceError('silence_not_found', 'silence not found');
}

function isKept(silence: Silence, nowMs: number): boolean {
  return silence.endsAtMs + EXPIRED_KEPT_MS > nowMs;
}

/** Refuses in Alertmanager's words what it refuses. */
function refuseInvalid(silence: SilenceContent, nowMs: number): void {
  const { matchers, startsAtMs, endsAtMs } = silence;
  const refuse = (reason: string): never => {
    throw new SilenceError('silence_invalid', `invalid silence: ${reason}`);
  };
  if (matchers.length === 0) refuse('matcher set 0 is empty');
  for (const [i, { name }] of matchers.entries())
    if (name === '') refuse(`invalid label matcher ${i} in set 0: invalid label name ""`);
  const matchesMissing = ({ op }: AlertMatcher): boolean => op === '=' || op === '=~';
  if (matchers.every((matcher) => matchesMissing(matcher) && matcher.matches(NO_LABELS)))
    refuse('matcher set 0: at least one matcher must not match the empty string');
  if (!Number.isFinite(startsAtMs) || !Number.isFinite(endsAtMs)) refuse('its times are not times');
  if (endsAtMs <= startsAtMs) refuse('start time must be before end time');
  if (endsAtMs <= nowMs) refuse("end time can't be in the past");
  const bytes = Buffer.byteLength(JSON.stringify(silence));
  if (bytes > SILENCE_BYTES_MAX)
    throw new SilenceError(
      'silence_limit',
      `silence exceeded maximum size: ${bytes} bytes (limit: ${SILENCE_BYTES_MAX} bytes)`,
    );
}

/** Whether a silence can become another without changing what it has hidden so far. */
function keepsHistory(known: Silence, given: SilenceContent, nowMs: number): boolean {
  if (!sameMatchers(known.matchers, given.matchers)) return false;
  switch (silenceStateAt(known, nowMs)) {
    case 'expired':
      return false;
    case 'pending':
      return given.startsAtMs >= nowMs;
    case 'active':
      return toSeconds(known.startsAtMs) === toSeconds(given.startsAtMs) && given.endsAtMs > nowMs;
  }
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function sameMatchers(a: readonly AlertMatcher[], b: readonly AlertMatcher[]): boolean {
  return a.length === b.length && a.every((matcher, i) => sameMatcher(matcher, b[i]!));
}

function sameMatcher(a: AlertMatcher, b: AlertMatcher): boolean {
  return a.name === b.name && a.op === b.op && a.value === b.value;
}

function hasMatchers(silence: Silence, wanted: readonly AlertMatcher[]): boolean {
  return wanted.every((matcher) => silence.matchers.some((own) => sameMatcher(own, matcher)));
}

function expireIn(draft: Map<string, Silence>, silence: Silence, nowMs: number): void {
  if (silenceStateAt(silence, nowMs) === 'expired') return;
  const startsAtMs = Math.min(silence.startsAtMs, nowMs);
  draft.set(silence.id, { ...silence, startsAtMs, endsAtMs: nowMs, updatedAtMs: nowMs });
}

const STATE_ORDER: Readonly<Record<SilenceState, number>> = { active: 0, pending: 1, expired: 2 };

function compareForList(a: Silence, b: Silence, nowMs: number): number {
  const state = silenceStateAt(a, nowMs);
  const byState = STATE_ORDER[state] - STATE_ORDER[silenceStateAt(b, nowMs)];
  if (byState !== 0) return byState;
  switch (state) {
    case 'active':
      return a.endsAtMs - b.endsAtMs;
    case 'pending':
      return a.startsAtMs - b.startsAtMs;
    case 'expired':
      return b.endsAtMs - a.endsAtMs;
  }
}

function previewWarning(
  matchers: readonly AlertMatcher[],
  hidden: number,
  total: number,
): string | undefined {
  if (matchers.length > 0 && matchers.every((matcher) => matcher.matches(NO_LABELS)))
    return 'It would hide nearly everything, now and later: no matcher asks for a label that is there.';
  if (total === 0) return 'There are no alerts now, so nothing shows what it would hide.';
  if (hidden === 0) return 'It would hide none of the alerts that there are now.';
  if (hidden === total && total > 1) return `It would hide all ${total} alerts that there are now.`;
  return undefined;
}
