/**
 * What the engine asks of storage. The engine owns this contract; the head, blocks, a remote server and a test
 * implement it.
 *
 * Data travels in columns of typed arrays, so that an answer can cross a thread without being copied value by
 * value. Times are integer Unix milliseconds.
 */
import type { Labels, NativeHistogram } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';

export type MatchOp = '=' | '!=' | '=~' | '!~';

/** One condition on one label; an absent label has the empty value. Patterns are RE2 and anchored at both ends. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

/** What the engine will do with the answer. Storage may use it to hand over less, never something else. */
export interface SelectHints {
  /** Distance of the evaluation steps; 0 for an instant query. */
  readonly stepMs: number;
  /**
   * How many milliseconds before `endMs`, `endMs - stepMs`, `endMs - 2 * stepMs`, ... samples matter: the width of a
   * range selector, wider where it is anchored or smoothed. 0 for an instant selector, which wants the latest one.
   */
  readonly rangeMs: number;
  /** The function or aggregation directly around the selector; the empty string when there is none. */
  readonly func: string;
  /** The grouping of an aggregation directly around the selector. */
  readonly grouping?: { readonly by: boolean; readonly labels: readonly string[] };
}

/** One selector of a query. A sample at `t` belongs to it when `startMs < t && t <= endMs`. */
export interface SelectRequest {
  /** All must hold. */
  readonly matchers: readonly Matcher[];
  readonly startMs: number;
  readonly endMs: number;
  readonly hints: SelectHints;
}

/** The samples of one series. The reader owns the arrays and must not write to them. */
export interface Series {
  readonly labels: Labels;
  /**
   * Where present, the samples are decoded when somebody asks for them, and there are so many at most: perhaps none.
   * Such a series has numbers only, and neither histograms nor start timestamps.
   */
  readonly samplesMax?: number;
  /**
   * Where present: the samples, the values of which are there until this is called of any series of the answer again.
   * Whoever looks at one series after the other asks for these: `values` stays in memory for as long as the series.
   */
  transient?(): { readonly timestamps: Float64Array; readonly values: Float64Array };
  /** Strictly increasing. */
  readonly timestamps: Float64Array;
  /** As long as `timestamps`; staleness markers included. */
  readonly values: Float64Array;
  /** Where present: `histograms[i]`, when defined, is the sample and `values[i]` has no meaning. */
  readonly histograms?: readonly (NativeHistogram | undefined)[];
  /**
   * Where present, as long as `timestamps`: when the counter behind each sample began to count, or 0 where that is not
   * known. Absent where it is known of no sample.
   */
  readonly startTimestamps?: Float64Array;
}

export interface SelectResult {
  /** In any order, each label set once, none empty but such as are decoded late. */
  readonly series: readonly Series[];
  /** What the answer lacks, in words for the user; normally empty. */
  readonly warnings: readonly string[];
}

/** How a query is cancelled; an `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}

/** Storage that can be queried. */
export interface Queryable {
  /**
   * Answers all selectors of a query at once, `result[i]` for `requests[i]`, from one consistent state. A query is
   * one call, and one more for each use of `info` in it, when the series that this needs are known.
   * Rejects with the signal's reason when it is aborted, and with a StorageError when data cannot be read.
   */
  select(requests: readonly SelectRequest[], signal?: CancelSignal): Promise<readonly SelectResult[]>;
}

/** Storage that can tell which labels it holds. Each selector is a conjunction; several are a union; none is all. */
export interface LabelQueryable {
  /** Sorted label names of the matching series that have samples in `startMs..endMs`. */
  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<string[]>;
  /** Sorted values of one label. */
  labelValues(
    name: string,
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]>;
  /** The matching label sets, sorted. */
  labelSets(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<Labels[]>;
}

/** Storage failed to read what it holds. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/**
 * Compiles a matcher to a test of one label value.
 * @throws RE2JSSyntaxException when the pattern is not valid RE2
 */
export function matcherTest(matcher: Matcher): (value: string) => boolean {
  const wanted = matcher.value;
  switch (matcher.op) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '=~': {
      const pattern = RE2JS.compile(wanted, RE2JS.DOTALL);
      return (value) => pattern.matches(value);
    }
    case '!~': {
      const pattern = RE2JS.compile(wanted, RE2JS.DOTALL);
      return (value) => !pattern.matches(value);
    }
  }
}
