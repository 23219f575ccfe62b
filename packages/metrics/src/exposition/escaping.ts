/**
 * Names outside the classic alphabet for readers that do not know them, as Prometheus defines the `escaping` of a
 * format:
 *
 *     allow-utf-8   http.requests            as it is
 *     underscores   http_requests            every other character becomes `_`
 *     dots          http_dot_requests        `.` becomes `_dot_`, and `_` and all others become `__`
 *     values        U__http_2e_requests      `U__`, then `_` as `__` and other characters as `_HEX_`
 *
 * Two names may become one: then the second is written as `values` has it, which no other name becomes.
 *
 * Source: https://prometheus.io/docs/instrumenting/escaping_schemes/
 */
import { isClassicLabelName, isClassicMetricName } from '../model/names.ts';
import type { Family } from './families.ts';

/** How names outside the classic alphabet are written. */
export type Escaping = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** Whether a text names an escaping. */
export function isEscaping(text: string): text is Escaping {
  return text === 'allow-utf-8' || text === 'underscores' || text === 'dots' || text === 'values';
}

/** Families with their names and label names escaped; those that need nothing are handed on as they are. */
export function escapeFamilies(families: readonly Family[], escaping: Escaping): readonly Family[] {
  if (escaping === 'allow-utf-8') return families;
  const names = escapeNames(
    families.map(({ name }) => name),
    escaping,
    isClassicMetricName,
  );
  return families.map((family, i) => {
    const labelNames = escapeNames(family.labelNames, escaping, isClassicLabelName);
    return renamed(family, names[i]!, labelNames);
  });
}

/** Families under other names, as they were written last: writers keep what they prepare by the object. */
const renamedFamilies = new WeakMap<Family, Family>();

function renamed(family: Family, name: string, labelNames: readonly string[]): Family {
  if (isNamed(family, name, labelNames)) return family;
  let other = renamedFamilies.get(family);
  if (other === undefined || !isNamed(other, name, labelNames)) {
    other = { ...family, name, labelNames };
    renamedFamilies.set(family, other);
  }
  return other;
}

function isNamed(family: Family, name: string, labelNames: readonly string[]): boolean {
  return family.name === name && family.labelNames.every((label, i) => label === labelNames[i]);
}

/** Names of labels, escaped. */
export function escapeLabelNames(names: readonly string[], escaping: Escaping): readonly string[] {
  if (escaping === 'allow-utf-8' || names.every((name) => escaping !== 'dots' && isClassicLabelName(name)))
    return names;
  return escapeNames(names, escaping, isClassicLabelName);
}

function escapeNames(
  names: readonly string[],
  escaping: Exclude<Escaping, 'allow-utf-8'>,
  isClassic: (name: string) => boolean,
): string[] {
  // Who keeps the name has it, wherever it stands.
  const taken = new Set(names.filter((name) => escapeName(name, escaping, isClassic) === name));
  return names.map((name) => {
    const escaped = escapeName(name, escaping, isClassic);
    if (escaped === name) return name;
    const written = taken.has(escaped) ? escapeName(name, 'values', isClassic, true) : escaped;
    taken.add(written);
    return written;
  });
}

function escapeName(
  name: string,
  escaping: Exclude<Escaping, 'allow-utf-8'>,
  isClassic: (name: string) => boolean,
  always = false,
): string {
  // Dots have to be told from underscores everywhere, so that `dots` escapes underscores in classic names too.
  if (!always && escaping !== 'dots' && isClassic(name)) return name;
  let escaped = escaping === 'values' ? 'U__' : '';
  for (const c of name) {
    // A digit is fine except at the beginning; `values` puts its prefix there, but escapes it all the same.
    const fits = isClassic(escaped === '' || escaped === 'U__' ? c : `_${c}`);
    if (escaping === 'underscores') escaped += fits ? c : '_';
    else if (c === '_') escaped += '__';
    else if (fits) escaped += c;
    else if (escaping === 'dots') escaped += c === '.' ? '_dot_' : '__';
    else escaped += `_${hexOf(c)}_`;
  }
  return escaped;
}

function hexOf(c: string): string {
  const point = c.codePointAt(0)!;
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  return surrogate ? 'FFFD' : point.toString(16);
}
