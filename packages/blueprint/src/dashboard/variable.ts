/**
 * Variables: what the reader of a dashboard chooses at its top.
 *
 * Every dashboard has the variable `datasource`; it is not declared. An expression names a variable as `$name`,
 * `${name}` or `${name:format}`.
 */

interface VariableCommon {
  readonly name: string;
  /** Default: the name. */
  readonly label: string;
}

/** The values that a label has. */
export interface LabelVariable extends VariableCommon {
  readonly type: 'label';
  /** The selector whose series are asked, such as `up{job="web"}`. */
  readonly metric: string;
  /** The label whose values are offered. */
  readonly of: string;
  /** Several at once and all; use with `=~`. */
  readonly multi: boolean;
}

/** A fixed list. */
export interface CustomVariable extends VariableCommon {
  readonly type: 'custom';
  /** The first is chosen at first. */
  readonly values: readonly string[];
}

/** A list of durations. */
export interface IntervalVariable extends VariableCommon {
  readonly type: 'interval';
  /** `5m`, `1h`; the first is chosen at first. */
  readonly values: readonly string[];
}

/** Everything that a dashboard may let its reader choose. */
export type Variable = LabelVariable | CustomVariable | IntervalVariable;

/** Offers the values of a label: `labelVariable('job', { metric: 'up' })`. */
export function labelVariable(
  name: string,
  spec: { readonly metric: string; readonly of?: string; readonly multi?: boolean; readonly label?: string },
): LabelVariable {
  return {
    type: 'label',
    name,
    label: spec.label ?? name,
    metric: spec.metric,
    of: spec.of ?? name,
    multi: spec.multi ?? true,
  };
}

/** Offers a fixed list: `customVariable('quantile', ['0.95', '0.99'])`. */
export function customVariable(
  name: string,
  values: readonly string[],
  label: string = name,
): CustomVariable {
  return { type: 'custom', name, label, values };
}

/** Offers durations: `intervalVariable('window', ['5m', '1h'])`. */
export function intervalVariable(
  name: string,
  values: readonly string[],
  label: string = name,
): IntervalVariable {
  return { type: 'interval', name, label, values };
}
