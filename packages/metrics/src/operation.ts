/**
 * Operations: one definition for a kind of work, from which come the three metrics that one asks about it.
 *
 *     uploads_total{outcome="success"}    counter, by outcome: success, error or aborted
 *     upload_duration_seconds             histogram, whatever the outcome
 *     uploads_in_progress                 gauge
 *
 * The names follow what the field does (`http_requests_total`, `http_request_duration_seconds`,
 * `http_requests_in_progress`): what is counted stands in the plural, and a duration is that of one, so in the
 * singular. A name whose plural is not made by an `s` alone needs `plural`, since a guess would stay in every
 * dashboard.
 *
 * The outcome is a label of the total only: on the histogram it would triple the series, and the share of errors
 * is what the total tells.
 */
import { type Counter, counter } from './counter.ts';
import { type Gauge, gauge } from './gauge.ts';
import { type Histogram, histogram } from './histogram.ts';
import type { LabelledArguments, LabelSpec } from './labels.ts';
import type { Registry } from './registry.ts';
import { type Ending, settle } from './settle.ts';
import { secondsSince } from './timer.ts';

/** How an operation can end. An `AbortError` is no error of the operation: whoever asked for it took it back. */
export const OUTCOMES = ['success', 'error', 'aborted'] as const;

/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/** The labels of an operation's total. */
export type OutcomeLabels<L extends LabelSpec> = L & { readonly outcome: typeof OUTCOMES };

/** Endings of a name whose plural is not certainly the name and `s`. */
type Irregular = `${string}${'s' | 'x' | 'y' | 'z' | 'ch' | 'sh'}`;

const IRREGULAR = /(?:s|x|y|z|ch|sh)$/;

/** What {@link operation} is given. */
export type OperationDefinition<L extends LabelSpec, Name extends string, Plural extends string> = {
  /** What is done, in the singular: `upload`. */
  readonly name: Name;
  /** What it is, for whoever reads it at night: `Upload of a file to storage`. */
  readonly help: string;
  /** Labels of all three metrics. `outcome` is taken. */
  readonly labels?: L & { readonly outcome?: never };
  /** Of the duration, in seconds. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
} & (Name extends Irregular
  ? { /** The plural of the name: `queries` for `query`. */ readonly plural: Plural }
  : { /** Default: the name and `s`. */ readonly plural?: Plural });

/** A metric of which the type knows the name. */
type Named<M, Name extends string> = M & { readonly name: Name };

/** A kind of work that is counted, timed and shown while it is under way. Made by {@link operation}. */
export interface Operation<L extends LabelSpec, Name extends string, Plural extends string> {
  /** How many ended, by outcome. */
  readonly total: Named<Counter<OutcomeLabels<L>>, `${Plural}_total`>;
  /** How long they took. */
  readonly duration: Named<Histogram<L, 'seconds'>, `${Name}_duration_seconds`>;
  /** How many are under way. */
  readonly inProgress: Named<Gauge<L>, `${Plural}_in_progress`>;
  /**
   * Does the work and counts it, sync or async; returns or throws what `run` does: `run(work)`, or
   * `run({ kind: 'image' }, work)` where the operation has labels.
   */
  run<R>(...args: LabelledArguments<L, [run: () => R]>): R;
}

/**
 * Defines an operation and its three metrics. Nothing happens but the definition.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function operation<
  const L extends LabelSpec = Record<never, never>,
  const Name extends string = string,
  const Plural extends string = `${Name}s`,
>(definition: OperationDefinition<L, Name, Plural>): Operation<L, Name, Plural> {
  const { name, help, registry } = definition;
  const labels: LabelSpec = definition.labels ?? {};
  const plural = pluralOf(name, definition.plural);
  if (Object.hasOwn(labels, 'outcome')) {
    throw new TypeError(`operation ${name}: label outcome says how it ended and cannot be given`);
  }
  const where = { labels, ...(registry && { registry }) };
  const total = counter({
    name: `${plural}_total`,
    help: `${help}: how many ended, by outcome`,
    ...where,
    labels: { ...labels, outcome: OUTCOMES },
  });
  const duration = histogram({
    name: `${name}_duration_seconds`,
    unit: 'seconds',
    help: `${help}: how long it took`,
    ...where,
    ...(definition.buckets && { buckets: definition.buckets }),
  });
  const inProgress = gauge({
    name: `${plural}_in_progress`,
    help: `${help}: how many are under way`,
    ...where,
  });
  const labelled = Object.keys(labels).length > 0;
  const run = (...args: readonly unknown[]): unknown => {
    const given = (labelled ? args[0] : {}) as Readonly<Record<string, string>>;
    const work = (labelled ? args[1] : args[0]) as () => unknown;
    const underWay = inProgress.bind(given);
    const took = duration.bind(given);
    const beganMs = performance.now();
    underWay.inc();
    return settle(work, (ending) => {
      underWay.dec();
      took.observe(secondsSince(beganMs));
      total.inc({ ...given, outcome: outcomeOf(ending) });
    });
  };
  return { total, duration, inProgress, run } as unknown as Operation<L, Name, Plural>;
}

function pluralOf(name: string, plural: string | undefined): string {
  if (plural !== undefined) return plural;
  if (!IRREGULAR.test(name)) return `${name}s`;
  throw new TypeError(`operation ${name} needs its plural, from which two of its names are made`);
}

function outcomeOf(ending: Ending): Outcome {
  if (!ending.failed) return 'success';
  const { error } = ending;
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError'
    ? 'aborted'
    : 'error';
}
