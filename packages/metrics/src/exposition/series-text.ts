/**
 * Series as the text formats write them, in the pieces that stay the same from scrape to scrape:
 *
 *     uploads_total{status="success"} 156          opened name `uploads_total{`, labels, closing `} `
 *     {"http.requests",method="GET"} 3             a name outside the classic alphabet stands in quotes in the braces
 *
 * Both formats escape backslash, quote and newline, and nothing else.
 */
import { isClassicLabelName, isClassicMetricName } from '../model/names.ts';

/** A series up to its value: `name{labels} `. */
export function seriesText(name: string, labels: string): string {
  return `${openedName(name, labels !== '')}${labels}${closing(name, labels !== '')}`;
}

/** What stands before the labels of a series: `name{`, and where there are none `name`. */
export function openedName(name: string, labelled: boolean): string {
  if (isClassicMetricName(name)) return labelled ? `${name}{` : name;
  return labelled ? `{${quoted(name)},` : `{${quoted(name)}`;
}

/** What stands between the labels of a series and its value. */
export function closing(name: string, labelled: boolean): string {
  return labelled || !isClassicMetricName(name) ? '} ' : ' ';
}

/** Labels without their braces; the names are written already. */
export function labelText(
  writtenNames: readonly string[],
  values: readonly string[],
  extra: readonly (readonly [string, string])[] = [],
): string {
  let text = '';
  for (let i = 0; i < writtenNames.length; i++) {
    text += `${i > 0 ? ',' : ''}${writtenNames[i]}=${quoted(values[i] ?? '')}`;
  }
  for (const [name, value] of extra) {
    text += `${text === '' ? '' : ','}${writtenLabelName(name)}=${quoted(value)}`;
  }
  return text;
}

/** A metric name as it stands in metadata. */
export function writtenName(name: string): string {
  return isClassicMetricName(name) ? name : quoted(name);
}

export function writtenLabelName(name: string): string {
  return isClassicLabelName(name) ? name : quoted(name);
}

export function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** Text with backslash, quote and newline escaped. */
export function escaped(text: string): string {
  if (!/["\\\n]/.test(text)) return text;
  return text.replace(/["\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

/** The text that was escaped; an escape that nobody writes stays as it is. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(.)/gs, (whole, c: string) =>
    c === 'n' ? '\n' : c === '\\' || c === '"' ? c : whole,
  );
}
