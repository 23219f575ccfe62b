/**
 * Reads what is posted to Alertmanager's API: alerts, and a silence.
 *
 * Upstream checks in two steps, and so does this: what is not of the right type is 400 `{code, message}`, what is
 * missing is 422 with the codes of OpenAPI's validation. What a value means is for the routes to judge.
 */
import { type AlertMatcher, alertMatcher } from '../alert-matcher.ts';

/** An alert as it was posted; times that were left out or are Go's zero time are undefined. */
export interface AlertBody {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number | undefined;
  readonly endsAtMs: number | undefined;
  readonly generatorUrl: string;
}

/** A silence as it was posted. */
export interface SilenceBody {
  readonly id: string;
  readonly matchers: readonly AlertMatcher[];
  readonly startsAtMs: number | undefined;
  readonly endsAtMs: number | undefined;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A refusal of Alertmanager's API. */
export class AlertmanagerApiError extends Error {
  override readonly name = 'AlertmanagerApiError';
  readonly status: number;
  /** Undefined where the body is the message alone. */
  readonly code: number | undefined;

  constructor(status: number, message: string, code?: number) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const REQUIRED = 602;
const TOO_FEW = 612;
const WRONG_FORMAT = 601;

/** The alerts of `POST /alerts`. */
export function readAlerts(text: string): readonly AlertBody[] {
  const body = new Body('alerts', text);
  if (body.value === null) return [];
  return body.list(body.value, '').map((item, i): AlertBody => {
    const alert = body.record(item, String(i));
    const at = (name: string): string => `${i}.${name}`;
    const generatorUrl = body.text(alert.generatorURL, at('generatorURL')) ?? '';
    const read: AlertBody = {
      annotations: body.texts(alert.annotations, at('annotations')),
      startsAtMs: body.time(alert.startsAt, at('startsAt')),
      endsAtMs: body.time(alert.endsAt, at('endsAt')),
      generatorUrl,
      labels: body.texts(alert.labels, at('labels')),
    };
    if (generatorUrl !== '' && !generatorUrl.startsWith('/') && !URL.canParse(generatorUrl))
      throw new AlertmanagerApiError(
        422,
        `${at('generatorURL')} in body must be of type uri: ${JSON.stringify(generatorUrl)}`,
        WRONG_FORMAT,
      );
    requireAll(alert, ['labels'], `${i}.`);
    return read;
  });
}

/** The silence of `POST /silences`. */
export function readSilence(text: string): SilenceBody {
  const body = new Body('silence', text);
  const silence = body.record(body.value, '');
  const times = {
    startsAtMs: body.time(silence.startsAt, 'startsAt'),
    endsAtMs: body.time(silence.endsAt, 'endsAt'),
  };
  const words = {
    id: body.text(silence.id, 'id') ?? '',
    createdBy: body.text(silence.createdBy, 'createdBy') ?? '',
    comment: body.text(silence.comment, 'comment') ?? '',
    annotations: body.texts(silence.annotations, 'annotations'),
  };
  const drafts = readMatcherDrafts(body, silence.matchers);
  requireAll(silence, ['comment', 'createdBy', 'endsAt', 'matchers'], '');
  const matchers = compileMatchers(drafts);
  requireAll(silence, ['startsAt'], '');
  return { ...words, ...times, matchers: matchers() };
}

/** The matchers of a preview: `{"matchers":[…]}`, as a silence has them. */
export function readMatchers(text: string): readonly AlertMatcher[] {
  const body = new Body('preview', text);
  const preview = body.record(body.value, '');
  const drafts = readMatcherDrafts(body, preview.matchers);
  requireAll(preview, ['matchers'], '');
  return compileMatchers(drafts)();
}

interface MatcherDraft {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

function readMatcherDrafts(body: Body, value: unknown): readonly MatcherDraft[] {
  if (isMissing(value)) return [];
  return body.list(value, 'matchers').map((item, i) => {
    const at = (name: string): string => `matchers.${i}.${name}`;
    const fields = body.record(item, `matchers.${i}`);
    return {
      fields,
      name: body.text(fields.name, at('name')) ?? '',
      value: body.text(fields.value, at('value')) ?? '',
      isRegex: body.flag(fields.isRegex, at('isRegex')) ?? false,
      isEqual: body.flag(fields.isEqual, at('isEqual')) ?? true,
    };
  });
}

/** Checks that the matchers are whole; what is returned compiles them, and refuses as the silences do. */
function compileMatchers(drafts: readonly MatcherDraft[]): () => readonly AlertMatcher[] {
  if (drafts.length === 0)
    throw new AlertmanagerApiError(422, 'matchers in body should have at least 1 items', TOO_FEW);
  for (const [i, { fields }] of drafts.entries())
    requireAll(fields, ['isRegex', 'name', 'value'], `matchers.${i}.`);
  return () =>
    drafts.map(({ name, value, isRegex, isEqual }, i) => {
      try {
        return alertMatcher(name, isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=', value);
      } catch (error) {
        // The compiled text has anchors around what was written; the message is about what was written.
        const said = (error instanceof Error ? error.message : String(error)).replace(
          `^(?:${value})$`,
          value,
        );
        throw new AlertmanagerApiError(
          400,
          `invalid silence: invalid label matcher ${i} in set 0: invalid regular expression ${JSON.stringify(value)}: ${said}`,
        );
      }
    });
}

/** A body of JSON and what may be taken out of it; `at` names the place in messages. */
class Body {
  readonly value: unknown;
  readonly #what: string;

  constructor(what: string, text: string) {
    this.#what = what;
    if (text === '') throw new AlertmanagerApiError(422, `${what} in body is required`, REQUIRED);
    try {
      this.value = JSON.parse(text);
    } catch (error) {
      throw this.#mistyped(error instanceof Error ? error.message : String(error));
    }
  }

  list(value: unknown, at: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    throw this.#mistyped(`${nameOf(at)} is not a list`);
  }

  record(value: unknown, at: string): Readonly<Record<string, unknown>> {
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.#mistyped(`${nameOf(at)} is not an object`);
  }

  text(value: unknown, at: string): string | undefined {
    if (isMissing(value)) return undefined;
    if (typeof value === 'string') return value;
    throw this.#mistyped(`${nameOf(at)} is not a text`);
  }

  flag(value: unknown, at: string): boolean | undefined {
    if (isMissing(value)) return undefined;
    if (typeof value === 'boolean') return value;
    throw this.#mistyped(`${nameOf(at)} is neither true nor false`);
  }

  texts(value: unknown, at: string): Readonly<Record<string, string>> {
    const all: [string, string][] = [];
    for (const [name, item] of Object.entries(isMissing(value) ? {} : this.record(value, at)))
      all.push([name, this.text(item, `${at}.${name}`) ?? '']);
    return Object.fromEntries(all);
  }

  time(value: unknown, at: string): number | undefined {
    const text = this.text(value, at) ?? '';
    if (text === '') return undefined;
    const match =
      /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:[Zz]|([+-]\d\d):?(\d\d))?)?$/.exec(text);
    const [, day, clock = '00:00', hours, minutes] = match ?? [];
    const ms =
      match === null
        ? Number.NaN
        : Date.parse(`${day}T${clock}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
    if (Number.isNaN(ms)) throw this.#mistyped(`${nameOf(at)}, ${JSON.stringify(text)}, is not a time`);
    return ms === GO_ZERO_MS ? undefined : ms;
  }

  #mistyped(reason: string): AlertmanagerApiError {
    return new AlertmanagerApiError(400, `parsing ${this.#what} body from "" failed, because ${reason}`, 400);
  }
}

/** What Go has for a time that is not set. */
const GO_ZERO_MS = Date.parse('0001-01-01T00:00:00Z');

function nameOf(at: string): string {
  return at === '' ? 'it' : at;
}

function isMissing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function requireAll(
  fields: Readonly<Record<string, unknown>>,
  names: readonly string[],
  prefix: string,
): void {
  for (const name of names)
    if (isMissing(fields[name]))
      throw new AlertmanagerApiError(422, `${prefix}${name} in body is required`, REQUIRED);
}
