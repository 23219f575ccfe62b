/**
 * What prom-client keeps in `lib/util`, for programs that import it from there. Nothing in this package is built on
 * the joined keys that are made here.
 */
import { type GivenLabels, getLabels, isObject } from './labels.ts';
import { getValueAsString } from './text.ts';

export { getLabels, getValueAsString, isObject };

/** A value with its labels, under a joined key. */
type HashMap = Record<string, { value: number; labels: GivenLabels }>;

/** The key of labels: names and values of `labelNames`, or of all labels in order. */
export function hashObject(labels: GivenLabels, labelNames?: readonly string[]): string {
  let key = '';
  for (const name of labelNames ?? Object.keys(labels).sort()) {
    if (labels[name] !== undefined) key += `${name}:${labels[name]},`;
  }
  return key;
}

/** Deletes the entry of labels. */
export function removeLabels(map: HashMap, labels: GivenLabels, sortedLabelNames?: readonly string[]): void {
  delete map[hashObject(labels, sortedLabelNames)];
}

/** Sets the entry of labels; what is no number becomes 0. */
export function setValue(map: HashMap, value: unknown, labels: GivenLabels = {}): HashMap {
  map[hashObject(labels)] = { value: typeof value === 'number' ? value : 0, labels };
  return map;
}

/** Adds to the entry of a key. */
export function setValueDelta(map: HashMap, delta: unknown, labels: GivenLabels, key = ''): HashMap {
  const by = typeof delta === 'number' ? delta : 0;
  const entry = map[key];
  if (entry === undefined) map[key] = { value: by, labels };
  else entry.value += by;
  return map;
}

/** Unix seconds. */
export function nowTimestamp(): number {
  return Date.now() / 1000;
}

/** Values by key, several to each. */
export class Grouper<K, V> extends Map<K, V[]> {
  /** Adds a value to those of a key. */
  add(key: K, value: V): void {
    const values = this.get(key);
    if (values === undefined) this.set(key, [value]);
    else values.push(value);
  }
}
