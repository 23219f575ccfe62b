/** What a function makes of what is known of its arguments. */
import type { Call, Expr } from '../ast.ts';
import { CONSTANT, type Facts, PLAIN_GAUGE, UNKNOWN } from './facts.ts';
import { LabelSet, oneOf, SOME_VALUE } from './label-set.ts';
import { multiplied, ONE, perSecond, SECONDS } from './unit.ts';

/** What is known of a call; `facts` tells it of an argument. */
export function callFacts(call: Call, facts: (arg: Expr) => Facts): Facts {
  const { func, args } = call;
  const arg = (i: number): Facts => (args[i] === undefined ? UNKNOWN : facts(args[i]));
  switch (func) {
    case 'rate':
    case 'irate':
      return { ...gaugeOf(arg(0)), unit: perSecond(arg(0).unit), growth: arg(0).kind === 'counter' };
    case 'increase':
      return { ...gaugeOf(arg(0)), growth: arg(0).kind === 'counter' };
    case 'deriv':
      return { ...gaugeOf(arg(0)), unit: perSecond(arg(0).unit) };
    case 'delta':
    case 'idelta':
      return gaugeOf(arg(0));
    case 'predict_linear':
    case 'avg_over_time':
    case 'sum_over_time':
    case 'mad_over_time':
    case 'stddev_over_time':
    case 'double_exponential_smoothing': {
      const inner = arg(0);
      return { ...inner, kind: inner.kind === 'gauge' ? 'gauge' : 'unknown' };
    }
    case 'quantile_over_time': {
      const inner = arg(1);
      return { ...inner, kind: inner.kind === 'gauge' ? 'gauge' : 'unknown' };
    }
    case 'stdvar_over_time': {
      const inner = arg(0);
      return { ...gaugeOf(inner), unit: multiplied(inner.unit, inner.unit) };
    }
    case 'last_over_time':
    case 'first_over_time':
    case 'min_over_time':
    case 'max_over_time':
    case 'abs':
    case 'ceil':
    case 'floor':
    case 'round':
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return arg(0);
    case 'clamp':
    case 'clamp_min':
    case 'clamp_max': {
      const inner = arg(0);
      return { ...inner, kind: inner.kind === 'counter' ? 'unknown' : inner.kind };
    }
    case 'changes':
    case 'resets':
    case 'count_over_time':
    case 'present_over_time':
    case 'sgn':
      return { ...PLAIN_GAUGE, labels: arg(0).labels };
    case 'timestamp':
    case 'start_timestamp':
    case 'ts_of_first_over_time':
    case 'ts_of_last_over_time':
    case 'ts_of_max_over_time':
    case 'ts_of_min_over_time':
      return { ...PLAIN_GAUGE, labels: arg(0).labels, unit: SECONDS };
    case 'absent':
    case 'absent_over_time':
      return { ...PLAIN_GAUGE, labels: labelsOfAbsent(args[0]) };
    case 'histogram_quantile':
      return bucketed(arg(1), call);
    case 'histogram_quantiles': {
      const [, label] = args;
      const named = bucketed(arg(0), call);
      if (label?.type !== 'stringLiteral') return { ...named, labels: LabelSet.UNKNOWN };
      return { ...named, labels: named.labels.with(label.value, SOME_VALUE) };
    }
    case 'histogram_fraction':
      return { ...bucketed(arg(2), call), unit: ONE };
    case 'histogram_avg':
    case 'histogram_stddev':
      return bucketed(arg(0), call);
    case 'histogram_count':
    case 'histogram_sum':
    case 'histogram_stdvar':
      return { ...bucketed(arg(0), call), kind: 'unknown', unit: undefined };
    case 'label_replace':
      return { ...arg(0), labels: replaced(call, arg(0).labels) };
    case 'label_join': {
      const [, destination] = args;
      const { labels } = arg(0);
      return { ...arg(0), labels: relabelled(labels, destination) };
    }
    case 'info':
      return { ...arg(0), labels: LabelSet.UNKNOWN };
    case 'time':
    case 'start':
    case 'end':
      return { ...CONSTANT, kind: 'gauge', unit: SECONDS };
    case 'pi':
    case 'step':
    case 'range':
      return CONSTANT;
    case 'vector':
      return { ...arg(0), labels: LabelSet.NONE };
    case 'scalar':
      return { ...arg(0), labels: LabelSet.NONE, aggregated: true };
    case 'hour':
    case 'minute':
    case 'month':
    case 'year':
    case 'day_of_month':
    case 'day_of_week':
    case 'day_of_year':
    case 'days_in_month':
      return { ...PLAIN_GAUGE, unit: undefined, labels: args.length === 0 ? LabelSet.NONE : arg(0).labels };
    default: {
      // Functions of single values: logarithms, roots, angles.
      const [only] = args;
      return only === undefined ? UNKNOWN : { ...UNKNOWN, labels: facts(only).labels };
    }
  }
}

/** A rate or a difference. What is not known may be a native histogram, whose rate is one too. */
function gaugeOf(inner: Facts): Facts {
  return { ...inner, kind: inner.kind === 'histogram' || inner.kind === 'unknown' ? inner.kind : 'gauge' };
}

/** The value that a histogram's buckets tell of, without the buckets. */
function bucketed({ kind, labels, observed, metric }: Facts, by: Call): Facts {
  // Native histograms have no `le`, and one that they have stays; without it nothing changes.
  const rest = kind === 'histogram' || !labels.has('le') ? labels : labels.without(['le'], by);
  return {
    kind: 'gauge',
    aggregated: false,
    labels: rest,
    unit: observed,
    observed: undefined,
    ...(metric !== undefined && { metric }),
  };
}

/** `absent` makes a series of what its selector says. */
function labelsOfAbsent(arg: Expr | undefined): LabelSet {
  while (arg?.type === 'parenExpr') arg = arg.expr;
  const selector = arg?.type === 'matrixSelector' ? arg.selector : arg;
  if (selector?.type !== 'vectorSelector') return LabelSet.NONE;
  const said = selector.matchers.filter(({ name }) => name !== '__name__');
  const once = said.filter(({ name }) => said.filter((other) => other.name === name).length === 1);
  return LabelSet.of(
    once
      .filter(({ op, value }) => op === '=' && value !== '')
      .map(({ name, value }) => [name, oneOf([value])]),
  );
}

function replaced(call: Call, labels: LabelSet): LabelSet {
  const [, destination, replacement, source, pattern] = call.args;
  if (destination?.type !== 'stringLiteral') return LabelSet.UNKNOWN;
  const always =
    pattern?.type === 'stringLiteral' &&
    (pattern.value === '.*' ||
      (pattern.value === '' && source?.type === 'stringLiteral' && !labels.has(source.value)));
  if (replacement?.type === 'stringLiteral' && !replacement.value.includes('$')) {
    const before = labels.get(destination.value);
    if (always) return labels.with(destination.value, oneOf([replacement.value]));
    if (before.values !== undefined)
      return labels.with(destination.value, oneOf([...before.values, replacement.value]));
  }
  return relabelled(labels, destination);
}

/** The labels when one of them was written anew with what is not known. */
function relabelled(labels: LabelSet, destination: Expr | undefined): LabelSet {
  return destination?.type === 'stringLiteral'
    ? labels.with(destination.value, { present: false })
    : LabelSet.UNKNOWN;
}
