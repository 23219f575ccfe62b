/**
 * What a reader chose for the variables of a dashboard, and how a choice is written where it is referred to.
 *
 * `$name`, `${name}`, `${name:format}` and `[[name]]` refer to a variable. The formats are Grafana's; one that is not
 * known is written as `glob`.
 */

/** What a reader chose for a variable; several values are alternatives. */
export interface Chosen {
  /** With All, every value that there is. */
  readonly values: readonly string[];
  /** How the values are shown, where that is something else. */
  readonly texts?: readonly string[];
  /** Inserted into queries as it is, instead of the values: a pattern such as `.+`. */
  readonly pattern?: string;
  /** Whether it is All. */
  readonly all?: boolean;
  /** Whether the variable may hold several values: then a regular expression around it is expected. */
  readonly several?: boolean;
}

/** The choices by name. */
export type Choices = Readonly<Record<string, Chosen>>;

/** A reference in a text: braced name, path and format, or a plain name, or a name in brackets and its format. */
const REFERENCE = /\$\{(\w+)(?:\.([^:}]+)|(\[[^\]}]*\]))?(?::([^}]+))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]/g;

/** One reference of a text. */
export interface Reference {
  readonly whole: string;
  readonly name: string;
  /** What follows the name: `labels.job` of `${__field.labels.job}`. */
  readonly path: string;
  readonly format: string;
  /** The text before it. */
  readonly before: string;
}

/** Replaces each reference of a text; what nobody knows stays, so that it is seen. */
export function replaceReferences(
  text: string,
  replace: (reference: Reference) => string | undefined,
): string {
  return text.replace(REFERENCE, (whole: string, ...groups: (string | number | undefined)[]) => {
    const [braced, path, index, format, plain, bracketed, bracketedFormat, at] = groups;
    const reference = {
      whole,
      name: String(braced ?? plain ?? bracketed),
      path: String(path ?? index ?? ''),
      format: String(format ?? bracketedFormat ?? ''),
      before: text.slice(0, Number(at)),
    };
    return replace(reference) ?? whole;
  });
}

/** The names that a text refers to. */
export function referredNames(text: string): Set<string> {
  const names = new Set<string>();
  replaceReferences(text, ({ name }) => {
    names.add(name);
    return undefined;
  });
  return names;
}

/** The choice of a name; nothing that every object has. */
export function choiceOf(choices: Choices, name: string): Chosen | undefined {
  return Object.hasOwn(choices, name) ? choices[name] : undefined;
}

/** A choice in a format; without one the values, several of them in braces. */
export function writeChoice(name: string, chosen: Chosen, format: string): string {
  const values = chosen.pattern === undefined ? chosen.values : [chosen.pattern];
  switch (format) {
    case 'text':
      return shownText(chosen);
    case 'csv':
    case 'raw':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'regex':
      if (chosen.pattern !== undefined) return chosen.pattern;
      return alternatives(values.map(escapeRegex));
    case 'json':
      return JSON.stringify(values.length === 1 ? values[0] : values);
    case 'singlequote':
      return values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(',');
    case 'doublequote':
      return values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(',');
    case 'sqlstring':
      return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
    case 'percentencode':
      return encodeURIComponent(glob(values));
    case 'queryparam':
      return new URLSearchParams(
        (chosen.all === true ? [ALL] : chosen.values).map((value) => [`var-${name}`, value]),
      )
        .toString()
        .replace(/\+/g, '%20');
    default:
      return glob(values);
  }
}

/** Stands for all values, in addresses and in Grafana's JSON. */
export const ALL = '$__all';

/** What a reader is told that was chosen: `All`, `a + b`. */
export function shownText({ all, values, texts }: Chosen): string {
  return all === true ? 'All' : (texts ?? values).join(' + ');
}

/** Several texts as alternatives of a regular expression. */
export function alternatives(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `(${values.join('|')})`;
}

/** A text as a regular expression that matches just it. */
export function escapeRegex(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function glob(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `{${values.join(',')}}`;
}
