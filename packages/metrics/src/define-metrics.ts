/**
 * The metrics of one part of a program as one value, to be passed to it:
 *
 *     const uploadMetrics = (registry?: Registry) =>
 *       defineMetrics((m) => ({ uploads: m.counter({ ... }), took: m.histogram({ ... }) }), { registry });
 */
import { type Counter, type CounterDefinition, counter } from './counter.ts';
import type { Definition } from './definition.ts';
import { type Gauge, type GaugeDefinition, gauge } from './gauge.ts';
import { type Histogram, type HistogramDefinition, histogram } from './histogram.ts';
import { type Info, info } from './info.ts';
import type { LabelSpec } from './labels.ts';
import { type Operation, type OperationDefinition, operation } from './operation.ts';
import { defaultRegistry, type Registry } from './registry.ts';
import { type StateSet, type StateSetDefinition, stateSet } from './state-set.ts';
import { type Summary, type SummaryDefinition, summary } from './summary.ts';

/** A definition whose registry is decided elsewhere. */
export type Unplaced<D> = D & { readonly registry?: never };

/** The functions that define metrics, for one registry. */
export interface Definer {
  /** As {@link counter}. */
  counter<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
    definition: Unplaced<CounterDefinition<L, Unit>>,
  ): Counter<L>;
  /** As {@link gauge}. */
  gauge<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
    definition: Unplaced<GaugeDefinition<L, Unit>>,
  ): Gauge<L, Unit>;
  /** As {@link histogram}. */
  histogram<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
    definition: Unplaced<HistogramDefinition<L, Unit>>,
  ): Histogram<L, Unit>;
  /** As {@link info}. */
  info<const L extends LabelSpec>(definition: Unplaced<Definition<L, `${string}_info`, ''>>): Info<L>;
  /** As {@link summary}. */
  summary<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
    definition: Unplaced<SummaryDefinition<L, Unit>>,
  ): Summary<L, Unit>;
  /** As {@link stateSet}. */
  stateSet<const L extends LabelSpec = Record<never, never>, const State extends string = string>(
    definition: Unplaced<StateSetDefinition<L, State>>,
  ): StateSet<L, State>;
  /** As {@link operation}. */
  operation<
    const L extends LabelSpec = Record<never, never>,
    const Name extends string = string,
    const Plural extends string = `${Name}s`,
  >(definition: Unplaced<OperationDefinition<L, Name, Plural>>): Operation<L, Name, Plural>;
}

/**
 * Defines metrics together and returns what `define` returns. All go to one registry, by default that of the
 * process, so that a test can pass one of its own.
 * @throws TypeError when a definition cannot be
 */
export function defineMetrics<M>(
  define: (m: Definer) => M,
  options: { readonly registry?: Registry | undefined } = {},
): M {
  const registry = options.registry ?? defaultRegistry();
  const definer: Definer = {
    counter: (definition) => counter({ ...definition, registry }),
    gauge: (definition) => gauge({ ...definition, registry }),
    histogram: (definition) => histogram({ ...definition, registry }),
    info: (definition) => info({ ...definition, registry }),
    summary: (definition) => summary({ ...definition, registry }),
    stateSet: (definition) => stateSet({ ...definition, registry }),
    operation: (definition) => operation({ ...definition, registry }),
  };
  return define(definer);
}
