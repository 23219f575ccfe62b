/** Asking a running monitor over HTTP, for the commands that do. */
import { UsageError } from './options.ts';

/** Where a monitor is asked when nobody says where. */
export const DEFAULT_MONITOR_URL = 'http://127.0.0.1:9700';
/** How long the monitor may take to answer. */
const ANSWER_MS_MAX = 10_000;

/** What asking needs of the world. */
export interface MonitorIo {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** The monitor did not do it; the message says why. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * The address of the monitor, without a slash at the end: what the command line says, or the environment.
 * @throws UsageError
 */
export function monitorUrl(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const url = (given ?? env.BINNACLE_URL ?? DEFAULT_MONITOR_URL).replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new UsageError(
      `${JSON.stringify(url)} is not the address of a monitor, such as ${DEFAULT_MONITOR_URL}`,
    );
  return url;
}

/**
 * The monitor's answer; undefined where it has no words.
 * @param path from the slash on
 * @throws RefusedError when the monitor does not answer or says no
 */
export async function askMonitor(
  io: MonitorIo,
  url: string,
  path: string,
  init: RequestInit = {},
): Promise<unknown> {
  let response: Response;
  try {
    response = await io.fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  } catch {
    throw new RefusedError(`no monitor answers at ${url}: name another with --url URL or BINNACLE_URL`);
  }
  const text = await response.text();
  let answer: unknown;
  try {
    answer = text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new RefusedError(`what answers at ${url} is no monitor (${response.status})`);
  }
  if (response.ok) return answer;
  throw new RefusedError(
    wordsOf(answer) ?? (response.status === 404 ? 'not found' : `refused with ${response.status}`),
  );
}

/** A refusal is a text, `{message}`, or `{error}`. */
function wordsOf(answer: unknown): string | undefined {
  if (typeof answer === 'string') return answer;
  if (typeof answer !== 'object' || answer === null) return undefined;
  if ('message' in answer && typeof answer.message === 'string') return answer.message;
  return 'error' in answer && typeof answer.error === 'string' ? answer.error : undefined;
}
