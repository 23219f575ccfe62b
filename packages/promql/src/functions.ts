/** The functions of PromQL: what they take and what they give. How they are computed stands in `eval/`. */
import type { ValueType } from './ast.ts';

/** A function's type. */
export interface FunctionSignature {
  readonly args: readonly ValueType[];
  /** How many of the last argument may be left out or repeated: 0 none, n at most n, -1 any number. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** Whether it must be asked for. */
  readonly experimental: boolean;
}

const SIGNATURES = new Map<string, FunctionSignature>();

function define(names: string, args: string, returns: ValueType, variadic = 0, experimental = false): void {
  const types: Record<string, ValueType> = { v: 'vector', m: 'matrix', s: 'scalar', t: 'string' };
  const signature = { args: [...args].map((letter) => types[letter]!), variadic, returns, experimental };
  for (const name of names.split(' ')) SIGNATURES.set(name, signature);
}

// v: instant vector, m: range vector, s: scalar, t: string.
define('abs absent ceil exp floor ln log10 log2 sgn sort sort_desc sqrt timestamp', 'v', 'vector');
define('scalar', 'v', 'scalar');
define('acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh', 'v', 'vector');
define(
  'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta',
  'm',
  'vector',
);
define(
  'increase irate last_over_time max_over_time min_over_time present_over_time rate resets',
  'm',
  'vector',
);
define('stddev_over_time stdvar_over_time sum_over_time', 'm', 'vector');
define('mad_over_time ts_of_first_over_time ts_of_last_over_time', 'm', 'vector', 0, true);
define('ts_of_max_over_time ts_of_min_over_time', 'm', 'vector', 0, true);
define('quantile_over_time', 'sm', 'vector');
define('predict_linear', 'ms', 'vector');
define('double_exponential_smoothing', 'mss', 'vector', 0, true);
define('days_in_month day_of_month day_of_week day_of_year hour minute month year', 'v', 'vector', 1);
define('clamp', 'vss', 'vector');
define('clamp_max clamp_min', 'vs', 'vector');
define('round', 'vs', 'vector', 1);
define('histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar', 'v', 'vector');
define('histogram_fraction', 'ssv', 'vector');
define('histogram_quantile', 'sv', 'vector');
define('histogram_quantiles', 'vtss', 'vector', 9, true);
define('info', 'vv', 'vector', 1, true);
define('label_replace', 'vtttt', 'vector');
define('label_join', 'vttt', 'vector', -1);
define('sort_by_label sort_by_label_desc', 'vt', 'vector', -1, true);
define('start_timestamp', 'v', 'vector', 0, true);
define('pi time', '', 'scalar');
define('start end range step', '', 'scalar', 0, true);
define('max_of min_of', 'ss', 'scalar', 0, true);
define('vector', 's', 'vector');

/** All functions by name. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = SIGNATURES;
