/**
 * Exemplars as the formats write them. One that a format does not allow, because its labels are too long, repeat a
 * name or have an empty one, is left out: it must not cost the sample that it stands for.
 */
import { formatValue } from '../model/value.ts';
import { type Escaping, escapeLabelNames } from './escaping.ts';
import type { Exemplar } from './families.ts';
import { quoted, writtenLabelName } from './series-text.ts';

/** The most characters that names and values of an exemplar's labels have together. */
export const EXEMPLAR_CHARS_MAX = 128;

/** How many characters, as Unicode counts them, the texts have together. */
export function charsOf(texts: Iterable<string>): number {
  let chars = 0;
  for (const text of texts) for (const _ of text) chars++;
  return chars;
}

/** The labels of an exemplar with their names escaped; undefined where it cannot be written. */
export function exemplarLabels(
  { labels }: Exemplar,
  escaping: Escaping,
): readonly (readonly [name: string, value: string])[] | undefined {
  let utf16 = 0;
  for (const [name, value] of labels) utf16 += name.length + value.length;
  // A character is two UTF-16 units at most, so that these are certainly too many.
  if (utf16 > 2 * EXEMPLAR_CHARS_MAX) return undefined;
  const names = escapeLabelNames(
    labels.map(([name]) => name),
    escaping,
  );
  const written = labels.map(([, value], i): [string, string] => [names[i]!, value]);
  if (names.includes('') || new Set(names).size < names.length) return undefined;
  return charsOf(written.flat()) > EXEMPLAR_CHARS_MAX ? undefined : written;
}

/** When the exemplar was observed, Unix milliseconds; undefined where that is not known. */
export function exemplarTime({ timestampMs }: Exemplar): number | undefined {
  return Number.isFinite(timestampMs) ? timestampMs : undefined;
}

/**
 * An exemplar as OpenMetrics has it behind a sample: ` # {trace_id="abc"} 0.4 1726839813.016`; empty where it cannot be
 * written. Prometheus refuses the whole body where a label of an exemplar, though not of a series, contains U+0000.
 */
export function exemplarText(exemplar: Exemplar, escaping: Escaping): string {
  const labels = exemplarLabels(exemplar, escaping);
  if (labels === undefined) return '';
  const text = labels.map(([name, value]) => `${writtenLabelName(name)}=${quoted(value)}`).join();
  if (text.includes('\0')) return '';
  const ms = exemplarTime(exemplar);
  return ` # {${text}} ${formatValue(exemplar.value)}${ms === undefined ? '' : ` ${formatValue(ms / 1000)}`}`;
}
