/**
 * What an exception is counted as: its name, or that of its class, `TypeError` or `QueueFull`. Names come from the
 * program and from what it depends on, so they are checked and their number is limited.
 */
import { FewValues } from '../instrument/few-values.ts';

/** So many types of errors are told apart by one instrument; all others are {@link OTHER_ERROR}. */
export const ERROR_TYPES_MAX = 50;

/** The type of errors beyond {@link ERROR_TYPES_MAX}, and of those whose name is no name. */
export const OTHER_ERROR = 'other';

/** The type of what is thrown and no object. */
export const NO_ERROR = 'not_an_error';

/** What the name of a class looks like, of a length that one can read. */
const NAME = /^[A-Za-z_$][\w$.]{0,63}$/;

/** The types of errors that one instrument has seen. */
export class ErrorTypes {
  readonly #known = new FewValues(ERROR_TYPES_MAX, OTHER_ERROR);

  /** The type under which an exception is counted; never throws, whatever was thrown. */
  of(error: unknown): string {
    return this.#known.of(nameOf(error));
  }
}

function nameOf(error: unknown): string {
  if ((typeof error !== 'object' && typeof error !== 'function') || error === null) return NO_ERROR;
  try {
    const { name } = error as { readonly name?: unknown };
    const own = typeof name === 'string' && name !== '' && name !== 'Error' ? name : undefined;
    const type = own ?? (error.constructor as { readonly name?: unknown } | undefined)?.name;
    return typeof type === 'string' && NAME.test(type) ? type : OTHER_ERROR;
  } catch {
    return OTHER_ERROR;
  }
}

/**
 * Whether an exception is an answer to a mistake of the client: it carries a status of 4xx, as those of body parsers,
 * validators and `http-errors` do.
 */
export function isClientMistake(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  try {
    const { statusCode, status } = error as { readonly statusCode?: unknown; readonly status?: unknown };
    const code = statusCode ?? status;
    return typeof code === 'number' && code >= 400 && code < 500;
  } catch {
    return false;
  }
}

/** What Node's streams and sockets fail with when the other side is gone; its parser of HTTP says `HPE_...`. */
const LOSSES: ReadonlySet<unknown> = new Set([
  'ABORT_ERR',
  'ECONNABORTED',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Whether an exception says no more than that the other side went away, or that somebody gave up for that reason. */
export function isLoss(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  try {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    return LOSSES.has(code) || name === 'AbortError' || (typeof code === 'string' && code.startsWith('HPE_'));
  } catch {
    return false;
  }
}
