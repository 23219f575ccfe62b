/**
 * Texts of alerts with typed placeholders: what an alert says about the series that made it fire.
 *
 *     description: ({ value, label, text }) => text`${value.percentage} of requests fail on ${label('endpoint')}.`
 *     // {{ $value | humanizePercentage }} of requests fail on {{ $labels.endpoint }}.
 *
 * Prometheus fills its templates when the alert fires; a label that the expression has dropped is then an empty text,
 * and nobody notices before the night when it matters. Here `label` takes only labels that the expression still has.
 */
import { isClassicLabelName } from '@binnacle/metrics/model';
import { quote } from '@binnacle/promql';
import type { Vector } from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';
import type { BuiltQuery } from '../expression.ts';

/** What a rule may ask: text, or a query of the builder that gives an instant vector or a number. */
export type RuleExpression = string | (BuiltQuery & { readonly kind: 'vector' | 'scalar' });

/** The labels that the result of an expression has; any for text, where they are not known, none for a number. */
export type LabelsOfExpression<E> = E extends string
  ? string
  : E extends Vector<infer N, infer _>
    ? N
    : E extends { readonly kind: 'scalar' }
      ? never
      : string;

/** A stretch of a text that Prometheus fills: an action of its template language. */
export class Placeholder {
  readonly #action: string;

  constructor(action: string) {
    this.#action = action;
  }

  /** As it stands in the template. */
  toString(): string {
    return `{{ ${this.#action} }}`;
  }
}

/** A whole text, which only the tag {@link text} makes. */
export class AlertText {
  /** Words and placeholders in turn; no two words stand side by side, so that braces at their seams are seen. */
  readonly parts: readonly (string | Placeholder)[];

  constructor(parts: readonly (string | Placeholder | AlertText)[]) {
    const merged: (string | Placeholder)[] = [];
    for (const part of parts.flatMap((one) => (one instanceof AlertText ? one.parts : [one]))) {
      const last = merged.at(-1);
      if (typeof part === 'string' && typeof last === 'string') merged[merged.length - 1] = last + part;
      else merged.push(part);
    }
    this.parts = merged;
  }

  /** The template in Prometheus's language. */
  toString(): string {
    const last = this.parts.length - 1;
    return this.parts.map((part, i) => (typeof part === 'string' ? literal(part, i < last) : part)).join('');
  }
}

/** Runs of braces that would begin or close an action; where a placeholder follows, also the brace that touches it. */
const BRACES = /[{}]*(?:\{\{|\}\})[{}]*/g;
const BRACES_BEFORE_PLACEHOLDER = /[{}]*(?:\{\{|\}\})[{}]*|\{$/g;

/** Words as they are shown. */
function literal(words: string, goesOn: boolean): string {
  return words.replace(goesOn ? BRACES_BEFORE_PLACEHOLDER : BRACES, '{{ "$&" }}');
}

/** The value of the expression when the alert fires. By itself it is shown with all its digits. */
class ValuePlaceholder extends Placeholder {
  constructor() {
    super('$value');
  }

  /** With a prefix of thousands: `1.235M`. */
  get humanize(): Placeholder {
    return new Placeholder('$value | humanize');
  }

  /** With a prefix of 1024: `1.178Mi`; for bytes. */
  get humanize1024(): Placeholder {
    return new Placeholder('$value | humanize1024');
  }

  /** A ratio as a percentage: `12.35%`. */
  get percentage(): Placeholder {
    return new Placeholder('$value | humanizePercentage');
  }

  /** Seconds as a duration: `1h 2m 3s`. */
  get duration(): Placeholder {
    return new Placeholder('$value | humanizeDuration');
  }

  /** Unix seconds as a time. */
  get timestamp(): Placeholder {
    return new Placeholder('$value | humanizeTimestamp');
  }

  /**
   * In a format of Go with one verb, such as `%.2f`.
   * @throws DefinitionError for any other format
   */
  printf(format: string): Placeholder {
    if (!PRINTF.test(format))
      throw new DefinitionError(
        `printf(${JSON.stringify(format)}): a format with one verb for a number is needed, such as "%.2f"`,
      );
    return new Placeholder(`$value | printf ${quote(format)}`);
  }
}

/** Text with one verb that takes a float; `%%` is a percent sign. */
const PRINTF = /^(?:[^%]|%%)*%[-+# 0]*\d*(?:\.\d+)?[eEfFgGv](?:[^%]|%%)*$/;

/** What a text may say about the series that made the alert fire; `N` are the labels that the series has. */
export interface Placeholders<N extends string> {
  /** The value of the expression. */
  readonly value: ValuePlaceholder;
  /** The value of a label that the expression's result has. */
  label(name: N): Placeholder;
  /** Makes the text. */
  readonly text: typeof text;
}

/** A text of an alert: a template in Prometheus's language, or a function of typed placeholders. */
export type AlertTextSpec<N extends string> = string | ((placeholders: Placeholders<N>) => AlertText);

/**
 * The tag that makes texts with placeholders; also passed to the function, so that it need not be imported. Braces that
 * stand between the placeholders are shown as they are.
 */
export function text(
  words: TemplateStringsArray,
  ...inserted: readonly (Placeholder | AlertText | string | number)[]
): AlertText {
  const parts = words.flatMap((word, i) => {
    const one = inserted[i];
    if (i === inserted.length) return [word];
    if (one instanceof Placeholder || one instanceof AlertText) return [word, one];
    if (typeof one === 'string' || typeof one === 'number') return [word, String(one)];
    throw new DefinitionError(`text: ${String(one)} is neither a placeholder, a text nor a number`);
  });
  return new AlertText(parts.filter((part) => part !== ''));
}

const PLACEHOLDERS: Placeholders<string> = {
  value: new ValuePlaceholder(),
  label(name) {
    if (typeof name !== 'string' || name === '')
      throw new DefinitionError(`label(${JSON.stringify(name)}): the name of a label is needed`);
    return new Placeholder(isClassicLabelName(name) ? `$labels.${name}` : `index $labels ${quote(name)}`);
  },
  text,
};

/** The template of a text. */
export function alertTemplate<N extends string>(spec: AlertTextSpec<N>): string {
  return typeof spec === 'string' ? spec : String(spec(PLACEHOLDERS));
}
