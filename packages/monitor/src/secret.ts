/**
 * Passwords, tokens and addresses that hold them: a value that is read where it is used and shows itself nowhere.
 *
 * A secret stands in the configuration itself, in a file, or in a variable of the environment. Files and variables
 * are read at each use, so that a secret can be changed without a restart. Whatever prints a secret (a template
 * string, JSON, `console.log`) prints `<secret>`.
 *
 * The words of others may hold a secret too: a server that repeats the token it was given, an error that names the
 * address. {@link SecretScope} remembers what one piece of work read and takes it out of such words.
 */
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';

/** What stands where a secret would stand. */
export const SECRET_TOKEN = '<secret>';

/** The longest file that is read as a secret; a longer one is a mistake. */
export const SECRET_FILE_BYTES_MAX = 64 * 1024;

/** Shorter values are not taken out of texts: they occur in them by chance. */
const REDACTED_LENGTH_MIN = 4;

type Source =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string };

/** A secret cannot be read. The message names the file or the variable, which are not secret. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code = 'secret_unreadable';
}

/** Where secrets are read from; a test hands in its own. */
export interface SecretSources {
  readonly readFile: (path: string) => Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The real files and the environment of the process. */
export const processSecrets: SecretSources = {
  readFile: (path) => readFile(path, 'utf8'),
  environment: process.env,
};

/** One secret. Equal secrets may be different objects. */
export class Secret {
  readonly #source: Source;

  private constructor(source: Source) {
    this.#source = source;
  }

  /** A secret that stands in the configuration. */
  static text(text: string): Secret {
    return new Secret({ kind: 'text', text });
  }

  /** The content of a file, without white space at its ends. */
  static file(path: string): Secret {
    return new Secret({ kind: 'file', path });
  }

  /** The value of a variable of the environment. */
  static environment(variable: string): Secret {
    return new Secret({ kind: 'environment', variable });
  }

  /** The name of the variable that it comes from; undefined where it comes from elsewhere. */
  get variable(): string | undefined {
    return this.#source.kind === 'environment' ? this.#source.variable : undefined;
  }

  /**
   * The value. Whoever asks keeps it out of messages; see {@link SecretScope}.
   * @throws SecretError when the file or the variable cannot be read
   */
  async reveal(sources: SecretSources = processSecrets): Promise<string> {
    const source = this.#source;
    switch (source.kind) {
      case 'text':
        return source.text;
      case 'file':
        return await readSecretFile(source.path, sources);
      case 'environment': {
        const value = sources.environment[source.variable];
        if (value === undefined)
          throw new SecretError(`the environment has no variable ${JSON.stringify(source.variable)}`);
        return value;
      }
    }
  }

  toString(): string {
    return SECRET_TOKEN;
  }

  toJSON(): string {
    return SECRET_TOKEN;
  }

  [inspect.custom](): string {
    return SECRET_TOKEN;
  }
}

async function readSecretFile(path: string, sources: SecretSources): Promise<string> {
  let text: string;
  try {
    text = await sources.readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new SecretError(`the file ${path} cannot be read: ${code}`);
  }
  if (text.length > SECRET_FILE_BYTES_MAX)
    throw new SecretError(
      `the file ${path} is longer than ${SECRET_FILE_BYTES_MAX} bytes: is it the right one?`,
    );
  return text.trim();
}

/** The secrets of one piece of work: reads them, and takes them out of what is said about it. */
export class SecretScope {
  readonly #sources: SecretSources;
  readonly #known = new Set<string>();

  constructor(sources: SecretSources = processSecrets) {
    this.#sources = sources;
  }

  /**
   * A secret's value, which is remembered.
   * @throws SecretError
   */
  async reveal(secret: Secret): Promise<string> {
    const value = await secret.reveal(this.#sources);
    this.remember(value);
    return value;
  }

  /** Remembers a value that was made of a secret, such as an address after its templates were expanded. */
  remember(value: string): void {
    for (const shape of shapesOf(value)) {
      if (shape.length >= REDACTED_LENGTH_MIN) this.#known.add(shape);
    }
  }

  /** A text of others without the secrets that were read so far. */
  redact(text: string): string {
    // The longest first: a password may be a part of the address that it stands in.
    const known = [...this.#known].sort((a, b) => b.length - a.length);
    return known.reduce((redacted, value) => redacted.replaceAll(value, SECRET_TOKEN), text);
  }
}

/** How a value may stand in the words of others: as it is, escaped for addresses or JSON, in base 64. */
function shapesOf(value: string): Set<string> {
  const shapes = new Set<string>();
  const add = (text: string): void => {
    // The second is how a header looks to a server that reads its bytes one by one.
    for (const read of [text, Buffer.from(text, 'utf8').toString('latin1')]) {
      const quoted = JSON.stringify(read).slice(1, -1);
      for (const shape of [read, escaped(read), quoted, JSON.stringify(quoted).slice(1, -1)])
        shapes.add(shape);
      shapes.add(Buffer.from(read).toString('base64'));
    }
  };
  add(value);
  if (URL.canParse(value) && /^https?:/i.test(value)) {
    const url = new URL(value);
    // The host is said in errors and is no secret; what follows it is.
    const parts = [url.pathname, url.search, ...url.pathname.split('/')];
    for (const part of [...parts, ...parts.map(unescaped), ...url.searchParams.values()])
      if (part.length >= (part.startsWith('/') ? REDACTED_LENGTH_MIN : URL_PART_LENGTH_MIN)) add(part);
    if (url.password !== '') add(unescaped(url.password));
    if (url.username !== '') add(unescaped(url.username));
  }
  return shapes;
}

function escaped(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Shorter parts of an address (`v2`, `services`) are words. */
const URL_PART_LENGTH_MIN = 9;
