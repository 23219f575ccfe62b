/** Alerts as the notifier keeps them: who is meant, since when, until when. */
import type { Labels } from '@binnacle/metrics/model';

/** An alert as rules, or anybody else, post it. */
export interface PostedAlert {
  /** What identifies the alert. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  /**
   * Firing before, resolved from then on. Whoever posts a firing alert posts it again before this passes. 0 where
   * the poster did not say: then the alert ends when nobody posts it for the resolve timeout.
   */
  readonly endsAtMs: number;
  /** A link to where the alert comes from; may be empty. */
  readonly generatorUrl: string;
}

/** An alert with its state at the time of a notification. */
export interface NotifiedAlert extends PostedAlert {
  readonly status: 'firing' | 'resolved';
  readonly fingerprint: string;
}

const SEPARATOR = 0xff;
/** Texts whose code units are their bytes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;

/** Alertmanager's name for a label set: FNV-1a in 64 bits over names and values, 16 hexadecimal digits. */
export function fingerprintOf(labels: Labels): string {
  // The hash in two halves of 32 bits. The prime is 2^40 + 435, so a product is a shift and a small product, both
  // exact in doubles; with BigInt the 10,000 alerts of a storm take a second.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  const add = (byte: number): void => {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 435;
    low = product >>> 0;
    high = (high * 435 + Math.floor(product / 0x1_0000_0000) + ((mixed << 8) >>> 0)) >>> 0;
  };
  const addText = (text: string): void => {
    if (ASCII.test(text)) for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
    else for (const byte of Buffer.from(text)) add(byte);
    add(SEPARATOR);
  };
  for (let i = 0; i < labels.size; i++) {
    addText(labels.names[i] ?? '');
    addText(labels.values[i] ?? '');
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** The order of the alerts of a message: by job, by instance (without comes last), by number of labels, by labels. */
export function compareForMessage(a: Labels, b: Labels): number {
  for (const name of ['job', 'instance']) {
    const left = a.get(name);
    const right = b.get(name);
    if (left === right) continue;
    if (left === '' || right === '') return left === '' ? 1 : -1;
    return left < right ? -1 : 1;
  }
  return compareLabelSets(a, b);
}

/** Alertmanager's order of label sets: the smaller set first; then by the first name that only one has, or by value. */
export function compareLabelSets(a: Labels, b: Labels): number {
  if (a.size !== b.size) return a.size - b.size;
  for (let i = 0; i < a.size; i++) {
    const nameA = a.names[i] ?? '';
    const nameB = b.names[i] ?? '';
    // The set that lacks the smaller of the two names comes first.
    if (nameA !== nameB) return nameA < nameB ? 1 : -1;
    const valueA = a.values[i] ?? '';
    const valueB = b.values[i] ?? '';
    if (valueA !== valueB) return valueA < valueB ? -1 : 1;
  }
  return 0;
}
