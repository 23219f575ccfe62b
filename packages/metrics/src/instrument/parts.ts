/**
 * The parts of an instrument as metrics: each under the name that was chosen for it, or the usual one, with its labels as
 * they are to be called; undefined where it is left out.
 *
 * What is returned has no more of a type than that it is a metric: the types of an instrument say what its parts are,
 * made of the same names (`naming.ts`).
 */
import { counter } from '../counter.ts';
import { gauge } from '../gauge.ts';
import { histogram } from '../histogram.ts';
import type { Metric } from '../inside.ts';
import type { LabelSpec } from '../labels.ts';
import type { Registry } from '../registry.ts';
import type { CounterMode, GaugeMode } from '../store/store.ts';
import { type LabelNames, type PartNames, partName, renamed } from './naming.ts';

/** What is the same of all parts. */
export interface PartsOptions {
  readonly names?: PartNames | undefined;
  readonly labels?: LabelNames | undefined;
  readonly registry?: Registry | undefined;
}

/** What is particular about one. */
interface PartOptions {
  /** By what they mean. Default: none. */
  readonly labels?: LabelSpec;
  readonly unit?: string;
}

/** Defines the parts of one instrument, whose names are `P`. */
export class Parts<P extends string> {
  readonly #names: PartNames | undefined;
  readonly #labels: LabelNames | undefined;
  readonly #where: { readonly registry?: Registry };

  constructor({ names, labels, registry }: PartsOptions) {
    this.#names = names;
    this.#labels = labels;
    this.#where = registry === undefined ? {} : { registry };
  }

  counter(
    part: P,
    usual: `${string}_total`,
    help: string,
    options: PartOptions & { readonly mode?: CounterMode } = {},
  ): Metric | undefined {
    const definition = this.#definition(part, usual, help, options);
    return definition && counter(definition as typeof definition & { name: `${string}_total` });
  }

  gauge(
    part: P,
    usual: string,
    help: string,
    options: PartOptions & { readonly mode?: GaugeMode } = {},
  ): Metric | undefined {
    const definition = this.#definition(part, usual, help, options);
    return definition && gauge(definition);
  }

  histogram(
    part: P,
    usual: string,
    help: string,
    options: PartOptions & { readonly buckets: readonly number[] },
  ): Metric | undefined {
    const definition = this.#definition(part, usual, help, options);
    return definition && histogram(definition);
  }

  #definition<O extends PartOptions>(part: P, usual: string, help: string, options: O) {
    const name = partName(this.#names, part, usual);
    if (name === undefined) return undefined;
    const labels = renamed(options.labels ?? {}, this.#labels);
    // That a name ends in its unit is held by the types of the instrument, and again when it is defined.
    return { ...this.#where, ...options, name, help, labels, unit: (options.unit ?? '') as '' };
  }
}
