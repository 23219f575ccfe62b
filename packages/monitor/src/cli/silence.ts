/**
 * `binnacle silence`: makes, lists and ends silences of a running monitor, and shows what one would hide before it is
 * made. It asks over HTTP, as `amtool` does, and works from any machine that reaches the monitor.
 */
import { userInfo } from 'node:os';
import { formatDuration, parseDuration } from '@binnacle/promql';
import {
  type AlertMatcher,
  AlertMatcherError,
  alertMatcher,
  formatMatcher,
  parseMatcher,
} from '../alert-matcher.ts';
import { askMonitor, monitorUrl, RefusedError } from './monitor-client.ts';
import { UsageError } from './options.ts';

const DEFAULT_DURATION = '1h';
/** No time, as Go writes it: the monitor's own clock decides, which may not agree with ours. */
const AT_ONCE = '0001-01-01T00:00:00Z';

/** The options of the command line that this command reads. */
export interface SilenceFlags {
  readonly url?: string | undefined;
  readonly json?: boolean | undefined;
  readonly duration?: string | undefined;
  readonly comment?: string | undefined;
  readonly author?: string | undefined;
  readonly expired?: boolean | undefined;
}

/** What is asked for. */
export type SilenceAction =
  | {
      readonly name: 'add';
      readonly matchers: readonly AlertMatcher[];
      readonly durationMs: number;
      readonly comment: string;
      readonly author: string;
    }
  | { readonly name: 'list'; readonly matchers: readonly AlertMatcher[]; readonly expired: boolean }
  | { readonly name: 'expire'; readonly ids: readonly string[] }
  | { readonly name: 'preview'; readonly matchers: readonly AlertMatcher[] };

/** A whole command. */
export interface SilenceOptions {
  readonly action: SilenceAction;
  /** Without a slash at the end. */
  readonly url: string;
  /** Whether programs read the answer. */
  readonly json: boolean;
}

/** What the command needs of the world. */
export interface SilenceIo {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly now: () => number;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * Reads what follows `binnacle silence`.
 * @throws UsageError
 */
export function parseSilenceCommand(
  rest: readonly string[],
  flags: SilenceFlags,
  env: Readonly<Record<string, string | undefined>>,
): SilenceOptions {
  return { action: actionOf(rest, flags), url: monitorUrl(flags.url, env), json: flags.json === true };
}

function actionOf([name, ...rest]: readonly string[], flags: SilenceFlags): SilenceAction {
  switch (name) {
    case 'add': {
      const matchers = matchersOf(rest, name);
      if (flags.comment === undefined || flags.comment.trim() === '')
        throw new UsageError('--comment TEXT is needed: say why, for whoever finds the silence');
      const durationMs = durationOf(flags.duration ?? DEFAULT_DURATION);
      return { name, matchers, durationMs, comment: flags.comment, author: flags.author ?? userName() };
    }
    case 'preview':
      return { name, matchers: matchersOf(rest, name) };
    case 'list':
      return { name, matchers: rest.map(matcherOf), expired: flags.expired === true };
    case 'expire':
      if (rest.length === 0)
        throw new UsageError('binnacle silence expire needs an ID; "binnacle silence list" has them');
      return { name, ids: rest };
    default:
      throw new UsageError('binnacle silence takes add, list, expire or preview');
  }
}

function matchersOf(texts: readonly string[], action: string): readonly AlertMatcher[] {
  if (texts.length === 0)
    throw new UsageError(`binnacle silence ${action} needs a matcher, such as alertname=JobStuck`);
  return texts.map(matcherOf);
}

/** A word without an operator is the name of an alert, as for amtool. */
function matcherOf(text: string): AlertMatcher {
  if (/^[\w:]+$/.test(text)) return alertMatcher('alertname', '=', text);
  try {
    return parseMatcher(text);
  } catch (error) {
    if (!(error instanceof AlertMatcherError)) throw error;
    throw new UsageError(`${JSON.stringify(text)} is not a matcher: ${error.message}`);
  }
}

function durationOf(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch {
    // Told below, in the words of the option.
  }
  throw new UsageError(`--duration: ${JSON.stringify(text)} is not a duration such as 2h or 1d12h`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number without a name.
    return 'unknown';
  }
}

/** Does it. Resolves with the exit code: 0, or 1 when the monitor did not do all of it. */
export async function runSilence(options: SilenceOptions, io: SilenceIo): Promise<number> {
  try {
    return await perform(options, io);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    io.complain(error.message);
    return 1;
  }
}

async function perform({ action, url, json }: SilenceOptions, io: SilenceIo): Promise<number> {
  const ask = (path: string, init?: RequestInit): Promise<unknown> =>
    askMonitor(io, url, `/api/v2${path}`, init);
  switch (action.name) {
    case 'add': {
      const { matchers, durationMs, comment, author } = action;
      const endsAt = new Date(io.now() + durationMs).toISOString();
      const body = {
        matchers: matchersJson(matchers),
        startsAt: AT_ONCE,
        endsAt,
        createdBy: author,
        comment,
      };
      const hidden = await previewOf(ask, matchers);
      const { silenceID } = (await ask('/silences', post(body))) as { readonly silenceID: string };
      if (json) io.say(JSON.stringify({ silenceID, endsAt, ...hidden }));
      else {
        io.say(silenceID);
        io.complain(`silenced for ${formatDuration(durationMs)}, until ${timeText(endsAt)}`);
        sayPreview(hidden, io.complain);
      }
      return 0;
    }
    case 'preview': {
      const hidden = await previewOf(ask, action.matchers);
      if (json) io.say(JSON.stringify(hidden));
      else sayPreview(hidden, io.say);
      return 0;
    }
    case 'list': {
      const query = action.matchers.map((matcher) => `filter=${encodeURIComponent(formatMatcher(matcher))}`);
      const all = (await ask(`/silences?${query.join('&')}`)) as readonly ListedSilence[];
      const shown = all.filter(({ status }) => action.expired || status.state !== 'expired');
      if (json) io.say(JSON.stringify(shown));
      else for (const line of silenceTable(shown, all.length, io.now())) io.say(line);
      return 0;
    }
    case 'expire': {
      let failed = 0;
      for (const id of action.ids) {
        try {
          await ask(`/silence/${encodeURIComponent(id)}`, { method: 'DELETE' });
          if (!json) io.say(`${id} has ended`);
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
          io.complain(`${id}: ${error.message}`);
          failed++;
        }
      }
      if (json) io.say(JSON.stringify({ expired: action.ids.length - failed, failed }));
      return failed === 0 ? 0 : 1;
    }
  }
}

interface Preview {
  readonly hidden: readonly { readonly labels: Record<string, string> }[];
  readonly total: number;
  readonly warning: string;
}

interface ListedSilence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly matchers: readonly {
    readonly name: string;
    readonly value: string;
    readonly isRegex: boolean;
    readonly isEqual: boolean;
  }[];
}

async function previewOf(
  ask: (path: string, init?: RequestInit) => Promise<unknown>,
  matchers: readonly AlertMatcher[],
): Promise<Preview> {
  return (await ask('/silences/preview', post({ matchers: matchersJson(matchers) }))) as Preview;
}

function sayPreview({ hidden, total, warning }: Preview, say: (line: string) => void): void {
  say(`hides ${hidden.length} of the ${total} ${total === 1 ? 'alert' : 'alerts'} that there are now`);
  for (const line of hidden.map(({ labels }) => labelsText(labels)).sort()) say(`  ${line}`);
  if (warning !== '') say(`warning: ${warning}`);
}

function labelsText({ alertname = '', ...labels }: Record<string, string>): string {
  const rest = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [alertname, ...rest].join(' ');
}

function silenceTable(silences: readonly ListedSilence[], known: number, nowMs: number): string[] {
  if (silences.length === 0)
    return [
      known === 0 ? 'there are no silences' : `no silence holds; ${known} expired: --expired shows them`,
    ];
  const rows = silences.map((silence) => [
    silence.id,
    silence.status.state,
    whenText(silence, nowMs),
    silence.createdBy,
    silence.matchers.map(matcherText).join(' '),
    silence.comment.replace(/\s+/g, ' '),
  ]);
  return columns([['ID', 'STATE', 'WHEN', 'BY', 'MATCHERS', 'COMMENT'], ...rows]);
}

function matcherText({ name, value, isRegex, isEqual }: ListedSilence['matchers'][number]): string {
  return `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${JSON.stringify(value)}`;
}

function whenText({ status, startsAt, endsAt }: ListedSilence, nowMs: number): string {
  switch (status.state) {
    case 'pending':
      return `from ${timeText(startsAt)}`;
    case 'active':
      return `${roughly(Date.parse(endsAt) - nowMs)} left`;
    default:
      return `ended ${timeText(endsAt)}`;
  }
}

/** The two largest units: 1h59m of an hour, 59 minutes and some seconds. */
function roughly(ms: number): string {
  const parts = formatDuration(Math.max(1000, Math.round(ms / 1000) * 1000)).match(/\d+[a-z]+/g) ?? [];
  return parts.slice(0, 2).join('');
}

function timeText(text: string): string {
  return text.replace(/\.\d+Z$/, 'Z');
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function matchersJson(matchers: readonly AlertMatcher[]) {
  return matchers.map(({ name, op, value }) => ({
    name,
    value,
    isRegex: op === '=~' || op === '!~',
    isEqual: op === '=' || op === '=~',
  }));
}

function post(body: object): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}
