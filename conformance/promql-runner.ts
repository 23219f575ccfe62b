/**
 * Runs scripts in Prometheus's language of engine tests over storage in memory, each evaluation as Prometheus itself
 * runs it: once as it stands, then at five other times with every selector pinned to the first one by `@`, and each
 * of these again as a range query whose middle step must be the same.
 */
import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { Labels, type NativeHistogram } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';
import {
  compacted,
  Engine,
  type Expr,
  formatHistogramLiteral,
  MemoryStorage,
  parse,
  printExpr,
  type Queryable,
  QueryError,
  type QueryResult,
  type SequenceValue,
  type Value,
  walk,
} from '../packages/promql/dist/index.js';
import { LateStorage } from './late-storage.ts';
import {
  type EvalCommand,
  type ExpectedKind,
  type LoadCommand,
  parseScript,
  ScriptError,
} from './promql-script.ts';

/** How one evaluation of a script ended. */
export interface Outcome {
  readonly line: number;
  readonly query: string;
  /** `passed`, `failed`, or `needs ...` where the engine says that it lacks something. */
  readonly kind: string;
  /** What is wrong, for `failed`. */
  readonly message?: string;
}

/** The outcomes of one script. */
export interface ScriptReport {
  readonly file: string;
  readonly outcomes: readonly Outcome[];
  /** Evaluations that no JavaScript string can express: the lines, with the reason. */
  readonly inexpressible: readonly { readonly line: number; readonly reason: string }[];
}

/** Runs every `*.test` script of a folder. */
export async function* runFolder(folder: string): AsyncGenerator<ScriptReport> {
  for (const file of readdirSync(folder).sort()) {
    if (file.endsWith('.test')) yield { file, ...(await runScript(readFileSync(`${folder}/${file}`))) };
  }
}

/** Runs one script. */
export async function runScript(bytes: Buffer): Promise<Omit<ScriptReport, 'file'>> {
  const broken = brokenLines(bytes);
  const runner = new Runner();
  const outcomes: Outcome[] = [];
  const inexpressible: ScriptReport['inexpressible'][number][] = [];
  let line = 1;
  try {
    for (const command of parseScript(bytes.toString('utf8'))) {
      line = command.line;
      if (command.type === 'clear') runner.clear();
      else if (command.type === 'load') runner.load(command);
      else if (broken.has(line)) inexpressible.push({ line, reason: 'the query is not UTF-8' });
      else {
        const { query } = command;
        const outcome = await runner.run(command);
        const known = outcome === 'passed' || outcome.startsWith('needs ');
        outcomes.push(
          known ? { line, query, kind: outcome } : { line, query, kind: 'failed', message: outcome },
        );
      }
    }
  } catch (error) {
    // What follows a command that cannot be carried out would have other data than it expects.
    const at = error instanceof ScriptError ? error.line : line;
    const message = `the script ends here: ${error instanceof Error ? error.message : String(error)}`;
    outcomes.push({ line: at, query: '', kind: 'failed', message });
  }
  return { outcomes, inexpressible };
}

/** The numbers of the lines that are not UTF-8. */
function brokenLines(bytes: Buffer): ReadonlySet<number> {
  const broken = new Set<number>();
  if (isUtf8(bytes)) return broken;
  let start = 0;
  for (let line = 1; start <= bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) broken.add(line);
    start = end + 1;
  }
  return broken;
}

/** Functions that keep an evaluation from being repeated at other times. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  ...['days_in_month', 'day_of_month', 'day_of_week', 'day_of_year', 'end', 'hour', 'minute', 'month'],
  ...['predict_linear', 'range', 'start', 'step', 'time', 'timestamp', 'year'],
]);
const QUERY_CONTEXT = /\b(start|end|range|step)\(\)/;

/** Runs the commands of one script. */
class Runner {
  readonly #engine = new Engine({ experimental: true });
  readonly #storage = new MemoryStorage();
  /** The same, for all evaluations but the first of each command. */
  readonly #late = new LateStorage(this.#storage);

  clear(): void {
    this.#storage.clear();
  }

  load({ intervalMs, series }: LoadCommand): void {
    for (const { labels, values, starts } of series) {
      values.forEach((value, i) => {
        const [time, offset] = [i * intervalMs, starts?.[i]];
        if (value !== undefined)
          this.#storage.append(labels, time, value, offset === undefined ? 0 : time + offset);
      });
    }
  }

  /** `passed`, `needs ...`, or what is wrong. */
  async run(command: EvalCommand): Promise<string> {
    let expr: Expr | undefined;
    try {
      expr = parse(command.query, { experimental: true });
    } catch {
      // That it does not parse may be what is expected.
    }
    try {
      if (command.stepMs > 0) {
        const { startMs, endMs, stepMs } = command;
        await this.#check(command, command.query, () =>
          this.#engine.range(this.#late, command.query, startMs, endMs, stepMs),
        );
        return 'passed';
      }
      await this.#instant(command, command.query, command.startMs, this.#storage);
      for (const [query, time] of pinned(command, expr))
        await this.#instant(command, query, time, this.#late);
      return 'passed';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const missing =
        /(\S+(?: and \S+)?|function "\w+"|operator ".*") (?:selectors |modifiers )?(?:is|are) not supported yet/.exec(
          message,
        );
      return missing === null ? message : `needs ${missing[1]!.replaceAll('"', '')}`;
    }
  }

  async #instant(command: EvalCommand, query: string, timeMs: number, storage: Queryable): Promise<void> {
    const result = await this.#check(command, query, () => this.#engine.instant(storage, query, timeMs));
    if (result === undefined || result.value.type === 'matrix' || result.value.type === 'string') return;
    if (command.rangeVector !== undefined || QUERY_CONTEXT.test(query)) return;
    const ranged = await this.#engine.range(this.#late, query, timeMs - 60_000, timeMs + 60_000, 60_000);
    if (command.expects.some(({ kind }) => kind === 'ordered')) return;
    compare(command, middle(ranged.value, timeMs, result.value.type), `${query} in range mode at ${timeMs}`);
  }

  /** Runs a query and compares; `undefined` when it failed as expected. */
  async #check(
    command: EvalCommand,
    query: string,
    run: () => Promise<QueryResult>,
  ): Promise<QueryResult | undefined> {
    const failures = command.expects.filter(({ kind }) => kind === 'fail');
    let result: QueryResult;
    try {
      result = await run();
    } catch (error) {
      if (!(error instanceof QueryError) || failures.length === 0 || /not supported yet/.test(error.message))
        throw error;
      for (const { match } of failures) {
        if (!matches(match, error.message))
          throw new Error(`${query}: failed with ${error.message} instead of ${match?.text}`);
      }
      return undefined;
    }
    if (failures.length > 0) throw new Error(`${query}: did not fail`);
    checkNotes(command, 'warn', result.warnings);
    checkNotes(command, 'info', result.infos);
    compare(command, result.value, query);
    return result;
  }
}

/** The query with every selector pinned to its time, and other times at which the answer must be the same. */
function pinned(command: EvalCommand, expr: Expr | undefined): [string, number][] {
  if (expr === undefined) return [];
  const at = command.startMs;
  let timeDependent = false;
  walk(expr, (node, path) => {
    if (path.some((parent) => parent.type === 'subquery' && parent.timestampMs !== undefined)) return;
    if (node.type === 'vectorSelector' || node.type === 'subquery') node.timestampMs ??= at;
    if (node.type === 'call' && TIME_DEPENDENT.has(node.func)) timeDependent = true;
  });
  if (timeDependent) return [];
  const query = printExpr(expr);
  const times = at === 0 ? [-1000, 0, 1000] : [-10 * at, 0, Math.trunc(at / 5), at, 10 * at];
  return times.map((time) => [query, time]);
}

function middle(value: Value, timeMs: number, type: 'vector' | 'scalar'): Value {
  if (value.type !== 'matrix') throw new Error(`range query gave a ${value.type}`);
  const samples = value.series.flatMap(({ labels, timestamps, values, histograms }) => {
    const i = timestamps.indexOf(timeMs);
    const histogram = histograms?.[i];
    if (i < 0) return [];
    const sample = { labels, timestampMs: timeMs, value: values[i]! };
    return [histogram === undefined ? sample : { ...sample, histogram }];
  });
  if (type === 'scalar') return { type, timestampMs: timeMs, value: samples[0]!.value };
  return { type, samples };
}

function checkNotes(command: EvalCommand, kind: 'warn' | 'info', notes: readonly string[]): void {
  const expected = command.expects.filter((one) => one.kind === kind);
  const none: ExpectedKind = `no_${kind}`;
  if (command.expects.some((one) => one.kind === none) && notes.length > 0)
    throw new Error(`unexpected ${kind}: ${notes.join('; ')}`);
  for (const { match } of expected) {
    if (!notes.some((note) => matches(match, note)))
      throw new Error(`no ${kind} like ${match?.text ?? 'any'} among: ${notes.join('; ')}`);
  }
  if (expected.length === 0) return;
  for (const note of notes) {
    if (!expected.some(({ match }) => matches(match, note))) throw new Error(`unexpected ${kind}: ${note}`);
  }
}

function matches(match: EvalCommand['expects'][number]['match'], text: string): boolean {
  if (match === undefined) return true;
  return match.by === 'msg' ? match.text === text : RE2JS.compile(match.text).matcher(text).find();
}

/** Throws where a value is not the expected one. */
function compare(command: EvalCommand, value: Value, query: string): void {
  const wrong: (what: string) => never = (what) => {
    throw new Error(`${query}: ${what}`);
  };
  switch (value.type) {
    case 'string':
      if (value.value !== command.string) wrong(`string ${value.value}`);
      return;
    case 'scalar':
      if (command.scalar === undefined) wrong('unexpected scalar');
      if (!almostEqual(value.value, command.scalar)) wrong(`${value.value} instead of ${command.scalar}`);
      return;
    case 'vector': {
      if (command.scalar !== undefined) wrong('vector instead of a scalar');
      const ordered = command.expects.some(({ kind }) => kind === 'ordered');
      const wanted = new Map(command.series.map(({ labels, values }, i) => [labels.key, { at: i, values }]));
      for (const [i, sample] of value.samples.entries()) {
        const expected = wanted.get(sample.labels.key);
        const found = sample.histogram ?? sample.value;
        if (expected === undefined) wrong(`unexpected ${sample.labels} ${textOf(found)}`);
        if (ordered && expected.at !== i) wrong(`${sample.labels} at place ${i} instead of ${expected.at}`);
        if (!sameValue(found, expected.values[0], command.hinted))
          wrong(`${sample.labels} is ${textOf(found)} instead of ${textOf(expected.values[0])}`);
      }
      if (value.samples.length !== wanted.size)
        wrong(`${value.samples.length} series instead of ${wanted.size}`);
      return;
    }
    case 'matrix': {
      const { startMs, stepMs } = command.rangeVector ?? command;
      const wanted = new Map(command.series.map(({ labels, values }) => [labels.key, values]));
      let before: Labels | undefined;
      for (const { labels, timestamps, values, histograms } of value.series) {
        if (before !== undefined && Labels.compare(before, labels) > 0) wrong('not sorted');
        before = labels;
        const expected = wanted.get(labels.key);
        const found = [...values].map((one, i) => histograms?.[i] ?? one);
        const got = `${labels} ${[...timestamps].map((t, i) => `${textOf(found[i])}@${t}`).join(' ')}`;
        const wantedText = expected?.map(textOf).join(' ');
        if (expected === undefined) wrong(`unexpected ${got}`);
        const places = expected.flatMap((one, i) => (one === undefined ? [] : [i]));
        if (places.length !== timestamps.length) wrong(`${got} instead of ${wantedText}`);
        for (const [k, i] of places.entries()) {
          if (timestamps[k] !== startMs + i * stepMs || !sameValue(found[k]!, expected[i], command.hinted))
            wrong(`${got} instead of ${wantedText}`);
        }
      }
      if (value.series.length !== wanted.size)
        wrong(`${value.series.length} series instead of ${wanted.size}`);
    }
  }
}

function textOf(value: SequenceValue): string {
  return typeof value === 'object' ? formatHistogramLiteral(value) : String(value);
}

function sameValue(
  found: number | NativeHistogram,
  wanted: SequenceValue,
  hinted: ReadonlySet<NativeHistogram>,
): boolean {
  if (typeof found === 'number') return typeof wanted === 'number' && almostEqual(found, wanted);
  if (typeof wanted !== 'object') return false;
  const [a, b] = [compacted(found), compacted(wanted)];
  const sameCounts = (x: Float64Array, y: Float64Array): boolean =>
    x.length === y.length && x.every((count, i) => almostEqual(count, y[i]!));
  return (
    a.schema === b.schema &&
    almostEqual(a.count, b.count) &&
    almostEqual(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    almostEqual(a.zeroCount, b.zeroCount) &&
    a.customValues.length === b.customValues.length &&
    a.customValues.every((bound, i) => bound === b.customValues[i]) &&
    JSON.stringify(a.positiveSpans) === JSON.stringify(b.positiveSpans) &&
    JSON.stringify(a.negativeSpans) === JSON.stringify(b.negativeSpans) &&
    sameCounts(a.positiveCounts, b.positiveCounts) &&
    sameCounts(a.negativeCounts, b.negativeCounts) &&
    (!hinted.has(wanted) || found.counterResetHint === wanted.counterResetHint)
  );
}

function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < 2 ** -1022) return difference < 1e-6 * 2 ** -1022;
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-6;
}
