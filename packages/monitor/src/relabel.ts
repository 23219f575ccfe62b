/**
 * Relabelling as Prometheus does it: rules that rewrite, drop or keep a label set, one after the other.
 *
 * A rule joins the values of its source labels with its separator, and matches the whole of that with its regular
 * expression (RE2, in which `.` matches line ends too).
 */
import { createHash } from 'node:crypto';
import { Labels } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';

/** What a rule does. */
export type RelabelAction =
  | 'replace'
  | 'keep'
  | 'drop'
  | 'keepequal'
  | 'dropequal'
  | 'hashmod'
  | 'labelmap'
  | 'labeldrop'
  | 'labelkeep'
  | 'lowercase'
  | 'uppercase';

/** One rule. What an action does not use has its default. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: RE2JS;
  /** `hashmod`: the number of buckets. */
  readonly modulus: bigint;
  /** `replace`: may refer to groups. */
  readonly targetLabel: string;
  /** May refer to groups: `$1`, `${name}`. */
  readonly replacement: string;
}

/**
 * A regular expression as rules have it, for whole values.
 * @throws Error of RE2JS when it is not valid
 */
export function relabelRegex(source: string): RE2JS {
  return RE2JS.compile(`^(?s:${source})$`);
}

/** The label set after all rules; undefined when one dropped it. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const set = new Map(labels.entries());
  for (const rule of rules) if (!apply(rule, set)) return undefined;
  return Labels.fromPairs(set);
}

/** Applies a rule in place; false when it drops the set. */
function apply(rule: RelabelRule, set: Map<string, string>): boolean {
  const { action, regex, targetLabel } = rule;
  const value = rule.sourceLabels.map((name) => set.get(name) ?? '').join(rule.separator);
  switch (action) {
    case 'drop':
      return !regex.matches(value);
    case 'keep':
      return regex.matches(value);
    case 'dropequal':
      return (set.get(targetLabel) ?? '') !== value;
    case 'keepequal':
      return (set.get(targetLabel) ?? '') === value;
    case 'replace':
      replace(rule, value, set);
      return true;
    case 'lowercase':
      assign(set, targetLabel, value.toLowerCase());
      return true;
    case 'uppercase':
      assign(set, targetLabel, value.toUpperCase());
      return true;
    case 'hashmod':
      assign(set, targetLabel, (hashOf(value) % rule.modulus).toString());
      return true;
    case 'labelmap':
      // What was mapped is not mapped again.
      for (const [name, mapped] of [...set]) {
        const matcher = regex.matcher(name);
        if (matcher.matches()) assign(set, expand(rule.replacement, matcher), mapped);
      }
      return true;
    case 'labeldrop':
      for (const name of [...set.keys()]) if (regex.matches(name)) set.delete(name);
      return true;
    case 'labelkeep':
      for (const name of [...set.keys()]) if (!regex.matches(name)) set.delete(name);
      return true;
  }
}

function replace(rule: RelabelRule, value: string, set: Map<string, string>): void {
  const matcher = rule.regex.matcher(value);
  if (!matcher.matches()) return;
  const target = expand(rule.targetLabel, matcher);
  if (target !== '') assign(set, target, expand(rule.replacement, matcher));
}

/** A label that is empty is none. */
function assign(set: Map<string, string>, name: string, value: string): void {
  if (value === '') set.delete(name);
  else set.set(name, value);
}

/** The last eight bytes of MD5, as Prometheus spreads targets over servers. */
function hashOf(value: string): bigint {
  return createHash('md5').update(value).digest().readBigUInt64BE(8);
}

type Matcher = ReturnType<RE2JS['matcher']>;

/** Go's `Expand`: `$1`, `$name`, `${name}`, `$$`; a name is as long as it can be, one that is unknown is empty. */
function expand(template: string, matcher: Matcher): string {
  if (!template.includes('$')) return template;
  return template.replace(
    /\$(?:\$|\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, plain: string | undefined) => {
      if (whole === '$$') return '$';
      const name = braced ?? plain!;
      try {
        return matcher.group(/^\d+$/.test(name) ? Number(name) : name) ?? '';
      } catch {
        return '';
      }
    },
  );
}
