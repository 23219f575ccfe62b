/**
 * Which format a scraper gets, by its `Accept` header (RFC 9110, section 12.5.1):
 *
 *     application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*\/*;q=0.1
 *
 * 1. Each format that can be written takes its weight from the most specific range that fits it: with more
 *    parameters before with fewer, `text/plain` before `*\/*`.
 * 2. The greatest weight wins; among equals the more specific range, then the one that stands first.
 * 3. Nothing asked for, a wildcard, or nothing that fits: text 0.0.4, which everybody reads.
 *
 * A wildcard stands for text only: a browser or `curl` shall see something readable. `escaping=` is taken from the
 * range that won, and where it has none, from the weightiest that has: Prometheus puts none beside protobuf, and the
 * names of metrics shall not change when it begins to ask for that. Who does not name one may not know names outside the classic alphabet and gets underscores, as
 * from Prometheus's own clients; an unknown one is taken for `allow-utf-8`, which loses nothing.
 */
import { type Escaping, escapeFamilies, isEscaping } from './escaping.ts';
import type { Family } from './families.ts';
import { encodeOpenMetrics, type OpenMetricsWriterOptions } from './openmetrics.ts';
import { PROTOBUF_CONTENT_TYPE, writeProtobuf } from './protobuf.ts';
import { encodeText } from './text.ts';

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

/** What was agreed on with a scraper. */
export interface Negotiated {
  readonly format: ExpositionFormat;
  readonly escaping: Escaping;
  /** The `Content-Type` of the answer. */
  readonly contentType: string;
}

/** The longest `Accept` header that is read; of a longer one only its beginning. */
export const ACCEPT_CHARS_MAX = 4096;

interface Offer {
  readonly format: ExpositionFormat;
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** Whether the type without parameters means this one, and wildcards do. */
  readonly usual: boolean;
  readonly wildcard: boolean;
}

const TEXT: Offer = {
  format: 'text',
  type: 'text/plain',
  parameters: { version: '0.0.4' },
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  usual: true,
  wildcard: true,
};

const OFFERS: readonly Offer[] = [
  TEXT,
  {
    format: 'text',
    type: 'text/plain',
    parameters: { version: '1.0.0' },
    contentType: 'text/plain; version=1.0.0; charset=utf-8',
    usual: false,
    wildcard: false,
  },
  ...['1.0.0', '0.0.1'].map(
    (version): Offer => ({
      format: 'openmetrics',
      type: 'application/openmetrics-text',
      parameters: { version },
      contentType: `application/openmetrics-text; version=${version}; charset=utf-8`,
      usual: version === '1.0.0',
      wildcard: false,
    }),
  ),
  {
    format: 'protobuf',
    type: 'application/vnd.google.protobuf',
    parameters: { proto: 'io.prometheus.client.metricfamily', encoding: 'delimited' },
    contentType: PROTOBUF_CONTENT_TYPE,
    usual: false,
    wildcard: false,
  },
];

/** Parameters of a range that say nothing about what is written. */
const BESIDE: ReadonlySet<string> = new Set(['q', 'charset', 'escaping']);

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/** Chooses the format for an `Accept` header; it never fails. */
export function negotiate(accept: string | undefined): Negotiated {
  const ranges = parseAccept((accept ?? '').slice(0, ACCEPT_CHARS_MAX));
  let best: { offer: Offer; range: Range; specificity: number; at: number } | undefined;
  for (const offer of OFFERS) {
    const fit = mostSpecific(offer, ranges);
    if (fit === undefined || fit.range.weight === 0) continue;
    const better =
      best === undefined ||
      fit.range.weight > best.range.weight ||
      (fit.range.weight === best.range.weight &&
        (fit.specificity > best.specificity || (fit.specificity === best.specificity && fit.at < best.at)));
    if (better) best = { offer, ...fit };
  }
  const offer = best?.offer ?? TEXT;
  const asked = best?.range.parameters.get('escaping') ?? escapingOf(ranges);
  const escaping = asked === undefined ? 'underscores' : isEscaping(asked) ? asked : 'allow-utf-8';
  // Who has not asked for an escaping may not know the parameter.
  const suffix = asked === undefined ? '' : `; escaping=${escaping}`;
  return { format: offer.format, escaping, contentType: offer.contentType + suffix };
}

/** The escaping of the weightiest range that names one. */
function escapingOf(ranges: readonly Range[]): string | undefined {
  let best: { weight: number; escaping: string } | undefined;
  for (const { weight, parameters } of ranges) {
    const escaping = parameters.get('escaping');
    if (escaping !== undefined && weight > (best?.weight ?? 0)) best = { weight, escaping };
  }
  return best?.escaping;
}

function mostSpecific(
  offer: Offer,
  ranges: readonly Range[],
): { range: Range; specificity: number; at: number } | undefined {
  let best: { range: Range; specificity: number; at: number } | undefined;
  for (const [at, range] of ranges.entries()) {
    const specificity = specificityOf(offer, range);
    if (specificity >= 0 && (best === undefined || specificity > best.specificity))
      best = { range, specificity, at };
  }
  return best;
}

/** -1 where the range does not fit the offer; 0 and 1 for wildcards, 2 and more for the type and its parameters. */
function specificityOf(offer: Offer, { type, parameters }: Range): number {
  if (type === '*/*') return offer.wildcard ? 0 : -1;
  if (type === 'text/*') return offer.wildcard ? 1 : -1;
  if (type !== offer.type) return -1;
  let named = 0;
  for (const [name, value] of parameters) {
    if (BESIDE.has(name)) continue;
    if (offer.parameters[name] !== value) return -1;
    named++;
  }
  return named > 0 || offer.usual ? 2 + named : -1;
}

function parseAccept(accept: string): Range[] {
  const ranges: Range[] = [];
  for (const part of splitOutsideQuotes(accept, ',')) {
    const [type = '', ...rest] = splitOutsideQuotes(part, ';').map((text) => text.trim());
    if (type === '') continue;
    const parameters = new Map<string, string>();
    for (const text of rest) {
      const equals = text.indexOf('=');
      if (equals < 0) continue;
      const value = text.slice(equals + 1).trim();
      const bare = /^"(.*)"$/.exec(value)?.[1] ?? value;
      parameters.set(text.slice(0, equals).trim().toLowerCase(), bare.toLowerCase());
    }
    ranges.push({ type: type.toLowerCase(), parameters, weight: weightOf(parameters.get('q')) });
  }
  return ranges;
}

/** A weight from 0 to 1; without one 1, and 0 where it cannot be read: then nobody has asked for it. */
function weightOf(text: string | undefined): number {
  if (text === undefined) return 1;
  return /^(?:0(?:\.\d*)?|1(?:\.0*)?|\.\d+)$/.test(text) ? Number(text) : 0;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (text[i] === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Whether a client accepts gzip, by its `Accept-Encoding`; without the header it gets the bytes as they are. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  let wildcard = false;
  for (const { type, weight } of parseAccept((acceptEncoding ?? '').slice(0, ACCEPT_CHARS_MAX))) {
    if (type === 'gzip' || type === 'x-gzip') return weight > 0;
    if (type === '*') wildcard = weight > 0;
  }
  return wildcard;
}

/** Renders families as agreed, in slices that together are the body; some may be empty. */
export function writeExposition(
  families: readonly Family[],
  { format, escaping }: Negotiated,
  options: Omit<OpenMetricsWriterOptions, 'escaping'> = {},
): Generator<Uint8Array, void, undefined> {
  const escaped = escapeFamilies(families, escaping);
  if (format === 'openmetrics') return encodeOpenMetrics(escaped, { ...options, escaping });
  return format === 'protobuf' ? writeProtobuf(escaped, { escaping }) : encodeText(escaped);
}
