/**
 * Reads a YAML file value by value and remembers where each one stands.
 *
 * A reader asks a mapping for its fields by name and type, then calls `finish()`, which reports every field that
 * nobody asked for. A value of the wrong type is a problem at its place and reads as `undefined`, so that the
 * reader goes on with its default and one run finds all problems:
 *
 *     const root = YamlFile.parse('prometheus.yml', text);
 *     const global = root.map?.map('global');
 *     const intervalMs = global?.durationMs('scrape_interval') ?? 60_000;
 *     global?.finish();
 *     root.throwIfProblems();
 *
 * As in Prometheus, `field:` without a value is an absent field, and a scalar of any type can stand where a
 * string is wanted: `severity: 1` is the string `1`.
 */
import { parseDuration } from '@binnacle/promql';
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { SECRET_TOKEN } from '../secret.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';

/** The largest configuration or rule file that is read. */
export const CONFIG_FILE_BYTES_MAX = 8 * 1024 * 1024;

/** The key of YAML 1.1 that brings in the fields of other mappings; rule files use it with anchors. */
const MERGE_KEY = '<<';

/** A name that sounds like a secret's, and the rest of its line. */
const SECRET_NAMES = /(?:password|secret|token|key|credentials|url)["']?[ \t]*:[ \t]*([^\s|>][^\n]*)/gi;

/** How deep a value may be nested that is read as {@link YamlNode.json}; an alias can stand in itself. */
const NESTING_MAX = 32;

/** A value as YAML and JSON have it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

interface YamlField {
  readonly keyOffset: number;
  readonly value: YamlNode | undefined;
}

/** How a file is read. */
export interface YamlOptions {
  /**
   * Whether documents behind the first are left unread, with a warning, as Prometheus does with rule files. Otherwise
   * they are a problem.
   */
  readonly firstDocumentOnly?: boolean;
}

/** One parsed file and the problems found in it so far. */
export class YamlFile {
  readonly path: string;
  readonly problems: ConfigProblem[] = [];
  /** What is not wrong and should be known. */
  readonly warnings: ConfigProblem[] = [];
  /** The file's content; undefined when the file is empty. */
  readonly root: YamlNode | undefined;
  readonly #text: string;
  readonly #lines = new LineCounter();
  /** Where secrets stand in the text, from and to an offset. */
  readonly #hidden: (readonly [number, number])[] = [];
  readonly #resolve: (alias: Alias) => Node | undefined;

  private constructor(path: string, text: string, { firstDocumentOnly = false }: YamlOptions) {
    this.path = path;
    this.#text = text;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, stringKeys: true });
    this.#resolve = (alias) => alias.resolve(document);
    for (const error of document.errors) {
      if (error.code === 'MULTIPLE_DOCS' && firstDocumentOnly)
        this.warnings.push(
          this.problemAt(error.pos[0], 'a second YAML document begins here, and is not read'),
        );
      else this.problem(error.pos[0], yamlMessage(error.code, error.message));
    }
    const root = document.contents;
    this.root = root === null || isNull(root) ? undefined : new YamlNode(this, root, '');
  }

  /**
   * Parses a file's text.
   * @throws ConfigError when it is not YAML: what such a tree holds is not worth a second look
   */
  static parse(path: string, text: string, options: YamlOptions = {}): YamlFile {
    if (text.length > CONFIG_FILE_BYTES_MAX) {
      const message = `the file has ${text.length} characters; at most ${CONFIG_FILE_BYTES_MAX} are read`;
      throw new ConfigError('config_invalid', [{ file: path, line: 1, column: 1, message }]);
    }
    const file = new YamlFile(path, text, options);
    if (file.problems.length > 0) file.#hideWhatMayBeSecret();
    file.throwIfProblems();
    return file;
  }

  /** In a text that is not YAML nobody can tell what is what: values after names that sound like secrets are hidden. */
  #hideWhatMayBeSecret(): void {
    for (const match of this.#text.matchAll(SECRET_NAMES)) {
      const end = match.index + match[0].length;
      this.hide(end - (match[1]?.length ?? 0), end);
    }
  }

  /** The file's top mapping; an empty file has none, another kind of value is a problem. */
  get map(): YamlMap | undefined {
    return this.root?.map();
  }

  /** Records a problem at an offset of the text. */
  problem(offset: number, message: string): void {
    this.problems.push(this.problemAt(offset, message));
  }

  /** A problem at an offset of the text, not recorded. */
  problemAt(offset: number, message: string): ConfigProblem {
    const { line, col } = this.#lines.linePos(offset);
    const source = this.#text.slice(offset - Math.max(col, 1) + 1).split(/\r?\n/, 1)[0] ?? '';
    return { file: this.path, line: Math.max(line, 1), column: Math.max(col, 1), message, source };
  }

  /** Keeps a part of the text out of problems and of {@link shownText}: there is a secret in it. */
  hide(from: number, to: number): void {
    this.#hidden.push([from, to]);
  }

  /** The file's text with `<secret>` in the place of what was {@link hide hidden}. */
  shownText(): string {
    let shown = '';
    let at = 0;
    for (const [from, to] of this.#hidden.toSorted((a, b) => a[0] - b[0])) {
      if (to <= at) continue;
      shown += this.#text.slice(at, Math.max(at, from));
      // What follows stays on its line, where problems point.
      const lines = this.#text.slice(Math.max(at, from), to).split('\n').length - 1;
      shown += SECRET_TOKEN + '\n'.repeat(lines);
      at = to;
    }
    return shown + this.#text.slice(at);
  }

  /** @throws ConfigError when there is at least one problem */
  throwIfProblems(): void {
    if (this.problems.length === 0) return;
    // What is secret is known only now, when the whole file was read.
    throw new ConfigError(
      'config_invalid',
      this.withoutSecrets(this.problems).sort((a, b) => a.line - b.line || a.column - b.column),
    );
  }

  /** Problems with their lines as they may be shown. */
  withoutSecrets(problems: readonly ConfigProblem[]): ConfigProblem[] {
    const lines = this.shownText().split(/\r?\n/);
    return problems.map((problem) => ({ ...problem, source: lines[problem.line - 1] ?? '' }));
  }

  /** Where a character of a string's value stands in the file; undefined when that cannot be told. */
  offsetInside(node: Scalar, offset: number): number | undefined {
    const value = node.value;
    const start = node.range?.[0];
    if (typeof value !== 'string' || start === undefined) return undefined;
    if (node.type === 'BLOCK_LITERAL') return this.#offsetInBlock(value, start, offset);
    const from = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? start + 1 : start;
    return this.#text.startsWith(value, from) ? from + offset : undefined;
  }

  /** A block's lines stand below its `|`, each moved to the right by the same indentation. */
  #offsetInBlock(value: string, start: number, offset: number): number | undefined {
    const lines = value.slice(0, offset).split('\n');
    let at = this.#text.indexOf('\n', start) + 1;
    const indent = /^(?:[ ]*\r?\n)*( *)/.exec(this.#text.slice(at))?.[1]?.length ?? 0;
    for (let i = 1; i < lines.length; i++) at = this.#text.indexOf('\n', at) + 1;
    const found = at + indent + lines.at(-1)!.length;
    // What stands there must be what the value has there: else the offset would be a guess.
    return this.#text[found] === value[offset] || offset >= value.length ? found : undefined;
  }

  /** The node that an alias stands for; other nodes as they are. */
  dereference(node: Node): Node | undefined {
    return isAlias(node) ? this.#resolve(node) : node;
  }
}

/** One value of a file. */
export class YamlNode {
  readonly #file: YamlFile;
  readonly #node: Node;
  /** Where the value stands in words: `scrape_configs[0].job_name`; empty for the whole file. */
  readonly path: string;

  constructor(file: YamlFile, node: Node, path: string) {
    this.#file = file;
    this.#node = node;
    this.path = path;
  }

  /** Records a problem at this value's place. */
  problem(message: string): void {
    this.#file.problem(this.#node.range?.[0] ?? 0, message);
  }

  /** Keeps the value out of what is shown of the file: it is a secret. */
  hide(): void {
    for (const node of [this.#node, this.#file.dereference(this.#node)]) {
      const range = node?.range;
      if (range) this.#file.hide(range[0], range[1]);
    }
  }

  /** A problem at this value's place, not recorded, for those that are not of the whole file. */
  asProblem(message: string): ConfigProblem {
    return this.#file.problemAt(this.#node.range?.[0] ?? 0, message);
  }

  /**
   * Records a problem at an offset of this string's value, for texts with a syntax of their own. Where the file's
   * text is not the value's, because of escapes or folding, it is recorded at the string's start.
   */
  problemInside(offset: number, message: string): void {
    this.#file.problems.push(this.asProblemInside(offset, message));
  }

  /** A problem as of {@link problemInside}, not recorded. */
  asProblemInside(offset: number, message: string): ConfigProblem {
    const node = this.#file.dereference(this.#node);
    const at = isScalar(node) ? this.#file.offsetInside(node, offset) : undefined;
    return at === undefined ? this.asProblem(message) : this.#file.problemAt(at, message);
  }

  map(): YamlMap | undefined {
    const node = this.#file.dereference(this.#node);
    if (!isMap(node)) return this.#wrongType('a mapping');
    const fields = new Map<string, YamlField>();
    this.#collect(node, fields, new Set());
    return new YamlMap(this.#file, this, fields);
  }

  /** Takes a mapping's fields, then those that it merges with `<<` and does not have itself. */
  #collect(node: YAMLMap, fields: Map<string, YamlField>, seen: Set<YAMLMap>): void {
    // A mapping may merge itself, and the same one in many ways; once is enough.
    seen.add(node);
    const merged: YAMLMap[] = [];
    for (const pair of node.items) {
      const key = pair.key as Node & { value: unknown };
      const name = String(key.value);
      const value = pair.value as Node | null;
      if (name === MERGE_KEY) {
        merged.push(...this.#mergedMaps(key, value));
        continue;
      }
      if (fields.has(name)) continue;
      const path = this.path === '' ? name : `${this.path}.${name}`;
      fields.set(name, {
        keyOffset: key.range?.[0] ?? 0,
        value: value === null || isNull(value) ? undefined : new YamlNode(this.#file, value, path),
      });
    }
    for (const map of merged) if (!seen.has(map)) this.#collect(map, fields, seen);
  }

  #mergedMaps(key: Node, value: Node | null): YAMLMap[] {
    const node = value === null ? undefined : this.#file.dereference(value);
    const maps = (isSeq(node) ? node.items : [node]).map((item) =>
      item === undefined ? undefined : this.#file.dereference(item as Node),
    );
    if (maps.every((map) => isMap(map))) return maps;
    this.#file.problem(key.range?.[0] ?? 0, '<< merges a mapping or a list of mappings');
    return [];
  }

  /**
   * The items of a list; an item without a value is left out.
   * @param emptyIsProblem whether such an item is a problem
   */
  items(emptyIsProblem = true): YamlNode[] | undefined {
    const node = this.#file.dereference(this.#node);
    if (!isSeq(node)) return this.#wrongType('a list');
    const items: YamlNode[] = [];
    for (const [index, item] of node.items.entries()) {
      const child = new YamlNode(this.#file, item as Node, `${this.path}[${index}]`);
      if (!isNull(item as Node)) items.push(child);
      else if (emptyIsProblem) child.problem(`${child.path} is empty`);
    }
    return items;
  }

  text(): string | undefined {
    const node = this.#file.dereference(this.#node);
    if (!isScalar(node)) return this.#wrongType('a string');
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  /** The value as JSON has it, mappings and lists with all that they hold. */
  json(depth = 0): JsonValue {
    const node = this.#file.dereference(this.#node);
    if (depth > NESTING_MAX) {
      this.problem(`${this.path} is nested too deeply; ${NESTING_MAX} levels are read`);
      return null;
    }
    if (isMap(node))
      return Object.fromEntries(
        (this.map()?.entries() ?? []).map(({ name, value }) => [name, value?.json(depth + 1) ?? null]),
      );
    if (isSeq(node))
      return node.items.map((item, index) =>
        new YamlNode(this.#file, item as Node, `${this.path}[${index}]`).json(depth + 1),
      );
    const value = isScalar(node) ? node.value : null;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    return value === null || value === undefined ? null : String(value);
  }

  /** All texts in the value, however deep. */
  texts(depth = 0): YamlNode[] {
    const node = this.#file.dereference(this.#node);
    if (depth > NESTING_MAX) return [];
    if (isMap(node))
      return (this.map()?.entries() ?? []).flatMap(({ value }) => value?.texts(depth + 1) ?? []);
    if (isSeq(node)) return (this.items(false) ?? []).flatMap((item) => item.texts(depth + 1));
    return isScalar(node) && typeof node.value === 'string' ? [this] : [];
  }

  /** A whole number that is not less than `least`. */
  integer(least = 0): number | undefined {
    const node = this.#file.dereference(this.#node);
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
      return this.#wrongType(least === 0 ? 'a whole number, 0 or more' : 'a whole number');
    return value;
  }

  /** A number as YAML writes it, also in its version 1.1: `1`, `1e3`, `0x10`, `1_000`, `-.5`, `.inf`, `.nan`. */
  number(): number | undefined {
    const node = this.#file.dereference(this.#node);
    const isPlain = isScalar(node) && node.type === 'PLAIN';
    return (isPlain ? parseYamlNumber(node.source ?? '') : undefined) ?? this.#wrongType('a number');
  }

  boolean(): boolean | undefined {
    const node = this.#file.dereference(this.#node);
    const text = isScalar(node) ? (node.source ?? '').toLowerCase() : '';
    if (['true', 'yes', 'on'].includes(text)) return true;
    if (['false', 'no', 'off'].includes(text)) return false;
    return this.#wrongType('true or false');
  }

  /** A duration as Prometheus writes it: `15s`, `1h30m`, `0`. */
  durationMs(): number | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    try {
      return parseDuration(text);
    } catch {
      this.problem(
        `${this.path} must be a duration such as 15s, 5m or 1h30m (units: ms s m h d w y), not ${JSON.stringify(text)}`,
      );
      return undefined;
    }
  }

  /** A size in bytes as Prometheus writes it: `512MB`, `1GiB`, `0`; powers of 1024, as there. */
  sizeBytes(): number | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const bytes = parseSize(text);
    if (bytes === undefined)
      this.problem(`${this.path} must be a size such as 512KB, 10MB or 1GB, not ${JSON.stringify(text)}`);
    return bytes;
  }

  #wrongType(wanted: string): undefined {
    this.problem(`${this.path === '' ? 'the file' : this.path} must be ${wanted}`);
    return undefined;
  }
}

/** A mapping whose fields are asked for by name; {@link finish} reports the others. */
export class YamlMap {
  readonly #file: YamlFile;
  readonly #node: YamlNode;
  readonly #fields: ReadonlyMap<string, YamlField>;
  readonly #known = new Set<string>();

  constructor(file: YamlFile, node: YamlNode, fields: ReadonlyMap<string, YamlField>) {
    this.#file = file;
    this.#node = node;
    this.#fields = fields;
  }

  /** Records a problem at the mapping's own place. */
  problem(message: string): void {
    this.#node.problem(message);
  }

  /** A field's value; undefined when it is absent or empty. */
  field(name: string): YamlNode | undefined {
    this.#known.add(name);
    return this.#fields.get(name)?.value;
  }

  /** A field's value; its absence is a problem. */
  required(name: string): YamlNode | undefined {
    const value = this.field(name);
    if (value === undefined) {
      const where = this.#node.path === '' ? '' : ` of ${this.#node.path}`;
      this.problem(`the field ${JSON.stringify(name)}${where} is required`);
    }
    return value;
  }

  /** A problem at the mapping's own place, not recorded. */
  asProblem(message: string): ConfigProblem {
    return this.#node.asProblem(message);
  }

  /** The line that the mapping begins on. */
  get line(): number {
    return this.#node.asProblem('').line;
  }

  /** Records a problem at a field's name. */
  problemAt(name: string, message: string): void {
    const field = this.#fields.get(name);
    if (field === undefined) this.problem(message);
    else this.#file.problem(field.keyOffset, message);
  }

  map(name: string): YamlMap | undefined {
    return this.field(name)?.map();
  }

  items(name: string, emptyIsProblem = true): YamlNode[] {
    return this.field(name)?.items(emptyIsProblem) ?? [];
  }

  text(name: string): string | undefined {
    return this.field(name)?.text();
  }

  integer(name: string): number | undefined {
    return this.field(name)?.integer();
  }

  boolean(name: string): boolean | undefined {
    return this.field(name)?.boolean();
  }

  durationMs(name: string): number | undefined {
    return this.field(name)?.durationMs();
  }

  sizeBytes(name: string): number | undefined {
    return this.field(name)?.sizeBytes();
  }

  /** Every field with its value, for mappings whose names are the user's. */
  entries(): { name: string; value: YamlNode | undefined }[] {
    return [...this.#fields].map(([name, field]) => {
      this.#known.add(name);
      return { name, value: field.value };
    });
  }

  /** A field that maps names to strings; empty when absent. */
  texts(name: string): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const entry of this.map(name)?.entries() ?? []) texts[entry.name] = entry.value?.text() ?? '';
    return texts;
  }

  /**
   * Reports each field that was not asked for. `notYet` are fields that Prometheus knows and Binnacle does not
   * read yet: the message says so, because leaving them out silently would change what the file means.
   */
  finish(notYet: readonly string[] = []): void {
    const allowed = [...this.#known].sort().join(', ');
    for (const name of this.#fields.keys()) {
      if (this.#known.has(name)) continue;
      const where = this.#node.path === '' ? '' : ` in ${this.#node.path}`;
      this.problemAt(
        name,
        notYet.includes(name)
          ? `the field ${JSON.stringify(name)}${where} is not supported yet; remove it (supported: ${allowed})`
          : `unknown field ${JSON.stringify(name)}${where} (allowed: ${allowed})`,
      );
    }
  }
}

/** `512MB` in bytes; units are powers of 1024 with or without the `i`, as in Prometheus. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE]i?)?B?$/.exec(text);
  if (match === null || (match[2] === undefined && !text.endsWith('B') && text !== '0')) return undefined;
  const exponent = match[2] === undefined ? 0 : 'KMGTPE'.indexOf(match[2][0]!) + 1;
  return Math.round(Number(match[1]) * 1024 ** exponent);
}

function parseYamlNumber(source: string): number | undefined {
  const infinite = /^([+-]?)\.(?:inf|Inf|INF)$/.exec(source);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return Number.NaN;
  const digits = source.replaceAll('_', '');
  const whole = /^([+-]?)(0x[\da-f]+|0o[0-7]+|0b[01]+|0[0-7]+)$/i.exec(digits);
  if (whole !== null) {
    const value = Number(whole[2]!.replace(/^0(?=\d)/, '0o'));
    return whole[1] === '-' ? -value : value;
  }
  return /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(digits) ? Number(digits) : undefined;
}

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function yamlMessage(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'the field is given twice';
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document begins here; a file holds one';
  // These two repeat the text, in which a secret may stand.
  if (code === 'BAD_ALIAS') return 'not valid YAML: there is no anchor of this name before it';
  return `not valid YAML: ${message.replace(/: ".*"?$/s, '')}`;
}
