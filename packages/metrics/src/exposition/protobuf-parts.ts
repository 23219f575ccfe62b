/** The messages that counters, summaries and histograms have in common: labels, times and exemplars. */
import { Labels } from '../model/labels.ts';
import type { Escaping } from './escaping.ts';
import { exemplarLabels, exemplarTime } from './exemplar.ts';
import type { Exemplar } from './families.ts';
import { BYTES, type Decoder, Encoder, FIXED64, ProtobufError, VARINT } from './protobuf-wire.ts';

/** Memory for the messages that are put together within a metric. */
export interface Parts {
  readonly metric: Encoder;
  /** The counter, gauge, summary or histogram. */
  readonly value: Encoder;
  /** What stands within it. */
  readonly inner: Encoder;
  /** An exemplar, and what stands within it. */
  readonly exemplar: Encoder;
  readonly innermost: Encoder;
  readonly escaping: Escaping;
}

export function partsOf(escaping: Escaping): Parts {
  return {
    metric: new Encoder(),
    value: new Encoder(),
    inner: new Encoder(),
    exemplar: new Encoder(),
    innermost: new Encoder(),
    escaping,
  };
}

/** Adds a `LabelPair` as field 1. */
export function writePair(out: Encoder, name: string, value: string, inner: Encoder): void {
  inner.clear();
  inner.text(1, name);
  inner.text(2, value);
  out.message(1, inner);
}

/** Adds a `Timestamp`. */
export function writeTime(out: Encoder, field: number, ms: number, inner: Encoder): void {
  inner.clear();
  const seconds = Math.max(0, Math.floor(ms / 1000));
  inner.field(1, VARINT);
  inner.varint(seconds);
  inner.field(2, VARINT);
  inner.varint(Math.max(0, Math.round((ms - seconds * 1000) * 1e6)));
  out.message(field, inner);
}

/** Adds an `Exemplar`, where it can be written. */
export function writeExemplar(
  out: Encoder,
  field: number,
  exemplar: Exemplar,
  { exemplar: message, innermost, escaping }: Parts,
): void {
  const labels = exemplarLabels(exemplar, escaping);
  if (labels === undefined) return;
  message.clear();
  for (const [name, value] of labels) writePair(message, name, value, innermost);
  message.double(2, exemplar.value);
  const ms = exemplarTime(exemplar);
  if (ms !== undefined) writeTime(message, 3, ms, innermost);
  out.message(field, message);
}

/** A sample with one of the suffixes of its family, and a label of its own where it has one. */
export type Emit = (suffix: string, value: number, label?: readonly [string, string]) => void;

/** What of {@link parseExemplar}'s findings goes to. */
interface ExemplarHandler {
  exemplar?(labels: Labels, value: number, timestampMs: number): void;
}

export function parseExemplar(message: Decoder, handler: ExemplarHandler): void {
  const at = message.at;
  const pairs: [string, string][] = [];
  let value = 0;
  let timestampMs = Number.NaN;
  while (message.next()) {
    if (message.is(1, BYTES)) pairs.push(parsePair(message.inner()));
    else if (message.is(2, FIXED64)) value = message.double();
    else if (message.is(3, BYTES)) timestampMs = parseTime(message.inner());
    else message.skip();
  }
  handler.exemplar?.(labelsOf(pairs, at), value, timestampMs);
}

export function parsePair(message: Decoder): [string, string] {
  const pair: [string, string] = ['', ''];
  const at = message.at;
  while (message.next()) {
    if (message.is(1, BYTES)) pair[0] = message.text();
    else if (message.is(2, BYTES)) pair[1] = message.text();
    else message.skip();
  }
  if (pair[0] === '') throw new ProtobufError('a label has no name', at);
  return pair;
}

/** Unix milliseconds. */
export function parseTime(message: Decoder): number {
  let seconds = 0;
  let nanoseconds = 0;
  while (message.next()) {
    if (message.is(1, VARINT)) seconds = message.varint();
    else if (message.is(2, VARINT)) nanoseconds = message.varint();
    else message.skip();
  }
  return seconds * 1000 + Math.round(nanoseconds / 1e6);
}

export function labelsOf(pairs: readonly (readonly [string, string])[], at: number): Labels {
  try {
    return Labels.fromPairs(pairs);
  } catch (error) {
    throw new ProtobufError((error as Error).message, at);
  }
}
