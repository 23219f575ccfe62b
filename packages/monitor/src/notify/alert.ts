/** Alerts as the notifier keeps them: who is meant, since when, until when. */
import type { Labels } from '@binnacle/metrics/model';

/** An alert as rules, or anybody else, post it. */
export interface PostedAlert {
  /** What identifies the alert. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  /** Firing before, resolved from then on. Whoever posts a firing alert posts it again before this passes. */
  readonly endsAtMs: number;
  /** A link to where the alert comes from; may be empty. */
  readonly generatorUrl: string;
}

/** An alert with its state at the time of a notification. */
export interface NotifiedAlert extends PostedAlert {
  readonly status: 'firing' | 'resolved';
  readonly fingerprint: string;
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const SEPARATOR = 0xff;

/** Alertmanager's name for a label set: FNV-1a in 64 bits over names and values, 16 hexadecimal digits. */
export function fingerprintOf(labels: Labels): string {
  let hash = FNV_OFFSET;
  const add = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  };
  for (const [name, value] of labels.entries()) {
    for (const byte of Buffer.from(name)) add(byte);
    add(SEPARATOR);
    for (const byte of Buffer.from(value)) add(byte);
    add(SEPARATOR);
  }
  return hash.toString(16).padStart(16, '0');
}

/** What is known of an alert after it was posted again: the news, and the earlier start when both overlap. */
export function mergeAlerts(known: PostedAlert, posted: PostedAlert): PostedAlert {
  const overlap = posted.startsAtMs <= known.endsAtMs && known.startsAtMs <= posted.endsAtMs;
  return overlap && known.startsAtMs < posted.startsAtMs
    ? { ...posted, startsAtMs: known.startsAtMs }
    : posted;
}
