/** The options of the command line: which there are, and which command takes which. */
import { parseArgs } from 'node:util';

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;
const FLAG = { type: 'boolean' } as const;

/** By the first word of a command. An option of several commands is of the same kind in all of them. */
const OPTIONS = {
  up: {
    config: TEXT,
    alerts: TEXT,
    'heartbeat-url-file': TEXT,
    'heartbeat-interval': TEXT,
    dashboards: TEXT,
    data: TEXT,
    listen: TEXT,
    'strict-port': FLAG,
    'external-url': TEXT,
    'allow-host': TEXTS,
    'retention-time': TEXT,
    'retention-size': TEXT,
    page: TEXT,
    environment: TEXT,
  },
  exporter: {
    dir: TEXT,
    listen: TEXT,
    'token-file': TEXT,
    'tls-cert': TEXT,
    'tls-key': TEXT,
    'tls-client-ca': TEXT,
  },
  check: {
    config: TEXT,
    catalog: TEXTS,
    json: FLAG,
    github: FLAG,
    disable: TEXTS,
    'fail-on': TEXT,
    lint: TEXT,
    'lint-fatal': FLAG,
    'ignore-unknown-fields': FLAG,
  },
  test: {
    run: TEXTS,
    diff: FLAG,
    debug: FLAG,
    'ignore-unknown-fields': FLAG,
    junit: TEXT,
    coverage: FLAG,
    'coverage-required': FLAG,
    watch: FLAG,
  },
  generate: { config: TEXT, out: TEXT, for: TEXT, check: FLAG, force: FLAG, json: FLAG },
  catalog: { config: TEXT, from: TEXT, to: TEXT, json: FLAG, write: TEXT, 'closed-values': TEXT },
  init: { url: TEXT, name: TEXT, force: FLAG },
  import: { out: TEXT, name: TEXT, json: FLAG, force: FLAG },
  slo: { config: TEXT, url: TEXT, json: FLAG, markdown: FLAG },
  route: { alerts: TEXT, expect: TEXT, json: FLAG },
  silence: { duration: TEXT, comment: TEXT, author: TEXT, expired: FLAG, url: TEXT, json: FLAG },
  notify: { alerts: TEXT, label: TEXTS, resolved: FLAG, 'external-url': TEXT },
} as const;

const OF_ALL = { help: { ...FLAG, short: 'h' }, version: FLAG } as const;

/** The first word of a command. */
export type CommandWord = keyof typeof OPTIONS;

/** All of them. */
export const COMMAND_WORDS = Object.keys(OPTIONS) as readonly CommandWord[];

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** Whether a word is the first of a command. */
export function isCommandWord(word: string | undefined): word is CommandWord {
  return COMMAND_WORDS.some((known) => known === word);
}

/**
 * Reads options of any command, and the words between them.
 * @throws UsageError when there is no such option, or its value is missing
 */
export function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...OPTIONS.up,
        ...OPTIONS.exporter,
        ...OPTIONS.check,
        ...OPTIONS.test,
        ...OPTIONS.generate,
        ...OPTIONS.catalog,
        ...OPTIONS.init,
        ...OPTIONS.import,
        ...OPTIONS.slo,
        ...OPTIONS.route,
        ...OPTIONS.silence,
        ...OPTIONS.notify,
        ...OF_ALL,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** What {@link parseOptions} has read. */
export type OptionValues = ReturnType<typeof parseOptions>['values'];

/**
 * Refuses options of other commands, which would otherwise do nothing and say nothing.
 * @throws UsageError
 */
export function checkOptions(command: CommandWord, values: OptionValues): void {
  const taken = Object.keys(OPTIONS[command]);
  const foreign = Object.keys(values).find((option) => !taken.includes(option));
  if (foreign === undefined) return;
  const others = COMMAND_WORDS.filter((word) => foreign in OPTIONS[word]).map((word) => `binnacle ${word}`);
  throw new UsageError(`binnacle ${command} has no --${foreign}: it is an option of ${others.join(' and ')}`);
}
