/**
 * Prometheus's language of engine tests: `load`, `clear` and `eval` with what is expected. Scripts are cut into
 * commands here; `promql-runner.ts` runs them.
 */
import type { Labels, NativeHistogram } from '@binnacle/metrics/model';
import {
  type ClassicSample,
  fromClassic,
  parseDuration,
  parseLabels,
  parseSeriesDescription,
  type SequenceValue,
} from '../packages/promql/dist/index.js';

/** Series as given; `needs` says why a series cannot be loaded. */
export interface LoadCommand {
  readonly type: 'load';
  readonly line: number;
  readonly intervalMs: number;
  readonly series: readonly {
    readonly labels: Labels;
    readonly values: readonly SequenceValue[];
    /** Start timestamps, as milliseconds to add to the time of each sample. */
    readonly starts?: readonly (number | undefined)[];
  }[];
}

export type ExpectedKind = 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered';

/** One query and its answer. */
export interface EvalCommand {
  readonly type: 'eval';
  readonly line: number;
  readonly query: string;
  /** Both ends are equal and `stepMs` is 0 for an instant query. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expects: readonly {
    readonly kind: ExpectedKind;
    readonly match?: { readonly by: 'msg' | 'regex'; readonly text: string };
  }[];
  readonly scalar?: number;
  readonly string?: string;
  /** Times of the expected range vector. */
  readonly rangeVector?: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly series: readonly { readonly labels: Labels; readonly values: readonly SequenceValue[] }[];
  /** The expected histograms whose counter reset hint matters. */
  readonly hinted: ReadonlySet<NativeHistogram>;
}

export type Command = LoadCommand | EvalCommand | { readonly type: 'clear'; readonly line: number };

/** A script that is not in the language. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly line: number;

  constructor(line: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
  }
}

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const EXPECT_RANGE = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const NUMBER = /^[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+|inf|nan|0x[0-9a-f]+)$/i;

/**
 * Cuts a script into commands.
 * @throws ScriptError
 */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === '') continue;
    const number = i + 1;
    const block: string[] = [];
    if (line.startsWith('load') || line.startsWith('eval'))
      while (i + 1 < lines.length && lines[i + 1] !== '') block.push(lines[++i]!);
    try {
      commands.push(parseCommand(line, number, block));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ScriptError(number, message, { cause: error });
    }
  }
  return commands;
}

function parseCommand(line: string, number: number, block: readonly string[]): Command {
  if (line === 'clear') return { type: 'clear', line: number };
  if (LOAD.test(line)) return parseLoad(line, number, block);
  if (INSTANT.test(line) || RANGE.test(line)) return parseEval(line, number, block);
  throw new Error(`unknown command ${line}`);
}

function parseLoad(line: string, lineNumber: number, block: readonly string[]): LoadCommand {
  const [, withNhcb, interval] = LOAD.exec(line)!;
  const series: LoadCommand['series'][number][] = [];
  let pending: { readonly labels: Labels; readonly starts: readonly (number | undefined)[] } | undefined;
  for (const text of block) {
    const [, startsOf, offsets] = /^(\S+)@st\s+(.*)$/.exec(text) ?? [];
    if (startsOf !== undefined) {
      if (pending !== undefined) throw new Error(`${text}: no samples follow the start timestamps before`);
      pending = { labels: parseLabels(startsOf), starts: offsets!.split(/\s+/).flatMap(startOffsets) };
      continue;
    }
    const description = parseSeriesDescription(text);
    if (pending !== undefined) {
      const { labels, starts } = pending;
      if (labels.key !== description.labels.key || starts.length !== description.values.length)
        throw new Error(`${text}: not the series of the start timestamps before`);
      series.push({ ...description, starts });
      pending = undefined;
    } else series.push(description);
  }
  if (withNhcb !== undefined) series.push(...converted(series));
  return { type: 'load', line: lineNumber, intervalMs: parseDuration(interval!), series };
}

/** `_`, `_x3`, `-1m`, `-1mx3`, `-30s-1mx3`: offsets of start timestamps from their samples. */
function startOffsets(item: string): (number | undefined)[] {
  const match = /^(?:_|([+-]?[\dhmsdwy]+)(?:([+-])([\dhmsdwy]+))?)(?:x(\d+))?$/.exec(item);
  if (match === null) throw new Error(`${item}: no offset of a start timestamp`);
  const [, first, sign, step, times] = match;
  if (first === undefined) return new Array<undefined>(Number(times ?? 1)).fill(undefined);
  const increment = step === undefined ? 0 : signedDuration(`${sign}${step}`);
  return Array.from({ length: Number(times ?? 0) + 1 }, (_, i) => signedDuration(first) + i * increment);
}

function signedDuration(text: string): number {
  const size = parseDuration(text.replace(/^[+-]/, ''));
  return text.startsWith('-') ? -size : size;
}

/** Classic histograms as native ones with custom buckets, under the name without suffix. */
function converted(series: LoadCommand['series']): LoadCommand['series'] {
  interface Parts {
    readonly buckets: Map<number, number>;
    count: number | undefined;
    sum: number;
  }
  const found = new Map<string, { readonly labels: Labels; readonly parts: (Parts | undefined)[] }>();
  for (const { labels, values } of series) {
    const [suffix] = /_(bucket|sum|count)$/.exec(labels.metricName) ?? [];
    if (suffix === undefined) continue;
    const name = labels.metricName.slice(0, -suffix.length);
    const common = labels.with('__name__', name).with('le', '');
    const histogram = found.get(common.key) ?? { labels: common, parts: [] };
    found.set(common.key, histogram);
    values.forEach((value, i) => {
      if (typeof value !== 'number') return;
      histogram.parts[i] ??= { buckets: new Map(), count: undefined, sum: 0 };
      const parts = histogram.parts[i];
      if (suffix === '_bucket') parts.buckets.set(goNumber(labels.get('le')), value);
      else if (suffix === '_count') parts.count = value;
      else parts.sum = value;
    });
  }
  const native = (parts: ClassicSample | undefined): SequenceValue =>
    parts === undefined ? undefined : fromClassic(parts);
  return [...found.values()].map(({ labels, parts }) => ({ labels, values: Array.from(parts, native) }));
}

function parseEval(line: string, lineNumber: number, block: readonly string[]): EvalCommand {
  const instant = INSTANT.exec(line);
  const range = RANGE.exec(line);
  const mode = (instant ?? range)?.[1];
  const command = {
    type: 'eval' as const,
    line: lineNumber,
    query: (instant?.[3] ?? range?.[5])!,
    startMs: parseDuration((instant?.[2] ?? range?.[2])!),
    endMs: parseDuration((instant?.[2] ?? range?.[3])!),
    stepMs: range === null ? 0 : parseDuration(range[4]!),
    expects: [] as EvalCommand['expects'][number][],
    scalar: undefined as number | undefined,
    string: undefined as string | undefined,
    rangeVector: undefined as EvalCommand['rangeVector'],
    series: [] as EvalCommand['series'][number][],
    hinted: new Set<NativeHistogram>(),
  };
  if (mode !== undefined) command.expects.push({ kind: mode as ExpectedKind });
  for (const text of block) {
    const times = EXPECT_RANGE.exec(text);
    const expected = EXPECT.exec(text);
    if (times !== null) {
      const [startMs, endMs, stepMs] = times.slice(1).map((part) => parseDuration(part));
      command.rangeVector = { startMs: startMs!, endMs: endMs!, stepMs: stepMs! };
    } else if (text.startsWith('expect string '))
      command.string = goString(text.slice('expect string '.length));
    else if (expected !== null) {
      const [, kind, by, pattern] = expected;
      command.expects.push({
        kind: kind as ExpectedKind,
        ...(by !== undefined && { match: { by: by as 'msg' | 'regex', text: pattern!.trim() } }),
      });
    } else if (text.startsWith('expected_fail_message'))
      command.expects.push({ kind: 'fail', match: { by: 'msg', text: text.slice(21).trim() } });
    else if (text.startsWith('expected_fail_regexp'))
      command.expects.push({ kind: 'fail', match: { by: 'regex', text: text.slice(20).trim() } });
    else if (NUMBER.test(text)) command.scalar = goNumber(text);
    else {
      const description = parseSeriesDescription(text);
      command.series.push(description);
      for (const histogram of description.hinted) command.hinted.add(histogram);
    }
  }
  const { scalar, string, rangeVector, ...rest } = command;
  return {
    ...rest,
    ...(scalar !== undefined && { scalar }),
    ...(string !== undefined && { string }),
    ...(rangeVector !== undefined && { rangeVector }),
  };
}

function goString(quoted: string): string {
  return quoted.startsWith('`') ? quoted.slice(1, -1) : (JSON.parse(quoted) as string);
}

function goNumber(text: string): number {
  if (/inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /nan/i.test(text) ? Number.NaN : Number(text);
}
