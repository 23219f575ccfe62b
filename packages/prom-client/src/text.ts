/**
 * Text as prom-client writes it, in both of its formats.
 *
 *     # HELP jobs_total Jobs               # HELP jobs Jobs
 *     # TYPE jobs_total counter            # TYPE jobs counter
 *     jobs_total{kind="mail"} 3            jobs_total{kind="mail"} 3 # {trace_id="4bf9"} 1 1678654679
 *                                          # EOF
 *
 * Labels stand in the order in which the program first gave them, then a registry's default labels; `le` comes
 * first of all. The texts of labels are made once per series. Programs and dashboards have been reading this text
 * for ten years, so it is written as it is, also where OpenMetrics would have it otherwise (`le="1"`, not `1.0`).
 */
import type { Family, Exemplar as FamilyExemplar } from '@binnacle/metrics/exposition';
import type { Exemplar } from './exemplar.ts';
import type { GivenLabels } from './labels.ts';

export type { Family, FamilyExemplar };

/** Lines after which the program gets its turn. */
const SLICE_LINES = 2_000;

/** Default labels of a registry, as they stand on the series of one metric. */
export interface Defaults {
  /** Those that no label of the metric can replace. */
  readonly text: string;
  /** Those that a label of the metric replaces where it is given. */
  readonly replaceable: GivenLabels | undefined;
}

/** A value as text. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return `${value}`;
}

/** The value of a metric that a program made itself, as prom-client writes it: `Nan`. */
export function getValueAsString(value: number): string {
  return Number.isNaN(value) ? 'Nan' : formatNumber(value);
}

/** A help text or a name, on one line. */
export function escapeText(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

function labelText(name: string, value: unknown): string {
  return `${name}="${typeof value === 'string' ? escapeText(value).replace(/"/g, '\\"') : value}"`;
}

/** Labels as text, but for those in `except`. */
export function labelsText(labels: GivenLabels, except?: GivenLabels): string {
  let text = '';
  for (const name of Object.keys(labels)) {
    if (except !== undefined && Object.hasOwn(except, name)) continue;
    text += `${text === '' ? '' : ','}${labelText(name, labels[name])}`;
  }
  return text;
}

/** Texts of labels, one behind the other. */
export function joined(first: string, second: string): string {
  return first === '' ? second : second === '' ? first : `${first},${second}`;
}

/** Puts the text of an exposition together. */
export class TextOutput {
  readonly openMetrics: boolean;
  readonly #defaultLabels: GivenLabels;
  #blocks: string[] = [];
  #block = '';
  #lines = 0;

  constructor(openMetrics: boolean, defaultLabels: GivenLabels) {
    this.openMetrics = openMetrics;
    this.#defaultLabels = defaultLabels;
  }

  /** Begins a metric. */
  head(name: string, help: string, type: string): void {
    this.end();
    const shown = escapeText(this.familyName(name, type));
    this.#block = `# HELP ${shown} ${escapeText(help)}\n# TYPE ${shown} ${type}`;
  }

  /** A sample; `labels` is their text, without braces. */
  sample(name: string, labels: string, value: string, exemplar?: Exemplar | null): void {
    const braces = labels === '' ? '' : `{${labels}}`;
    const noted = exemplar && this.openMetrics ? exemplarText(exemplar) : '';
    this.#block += `\n${name}${braces} ${value}${noted}`;
    this.#lines++;
  }

  /** Like {@link TextOutput.sample}, where what stands in front of the value is put together already. */
  line(front: string, value: number): void {
    this.#block += `\n${front}${formatNumber(value)}`;
    this.#lines++;
  }

  /** Ends the metric that was begun. */
  end(): void {
    if (this.#block !== '') this.#blocks.push(this.#block);
    this.#block = '';
  }

  /** Whether so much was written that others should have their turn; true once for each slice. */
  get isSliceFull(): boolean {
    if (this.#lines < SLICE_LINES) return false;
    this.#lines = 0;
    return true;
  }

  /** A counter in OpenMetrics is called without its suffix. */
  familyName(name: string, type: string): string {
    return this.openMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
  }

  /** The name of a metric's samples. */
  sampleName(name: string, type: string): string {
    return this.openMetrics && type === 'counter' ? `${this.familyName(name, type)}_total` : name;
  }

  /** The default labels for a metric that has labels of these names. */
  defaultsFor(labelNames: readonly string[]): Defaults {
    const fixed: Record<string, unknown> = {};
    const replaceable: Record<string, unknown> = {};
    for (const name of Object.keys(this.#defaultLabels)) {
      (labelNames.includes(name) ? replaceable : fixed)[name] = this.#defaultLabels[name];
    }
    return {
      text: labelsText(fixed),
      replaceable: Object.keys(replaceable).length === 0 ? undefined : replaceable,
    };
  }

  /** The default labels, for labels that are not known beforehand. */
  get defaultLabels(): GivenLabels {
    return this.#defaultLabels;
  }

  /** All that was written. */
  whole(): string {
    this.end();
    return this.openMetrics ? `${this.#blocks.join('\n')}\n# EOF\n` : `${this.#blocks.join('\n\n')}\n`;
  }

  /** The metric that was written, without a newline at its end. */
  single(): string {
    this.end();
    return this.#blocks.join('\n');
  }
}

function exemplarText({ labelSet, value, timestamp }: Exemplar): string {
  const time = timestamp === undefined ? '' : ` ${timestamp}`;
  return ` # {${labelsText(labelSet)}} ${getValueAsString(value ?? 0)}${time}`;
}

/** The default labels of a series with these labels. */
export function defaultsText({ text, replaceable }: Defaults, labels: GivenLabels): string {
  return replaceable === undefined ? text : joined(text, labelsText(replaceable, labels));
}
