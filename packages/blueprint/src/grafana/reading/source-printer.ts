/** Values as TypeScript source, as the formatter of this repository would write them. */

/** An expression of source that stands for itself, such as a call. */
export class Code {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** As many columns as a line may have. */
const WIDTH = 110;

/** A value as source. `indent` is how deep it stands, `taken` how much of its line is written already. */
export function printValue(value: unknown, indent = 0, taken = indent * 2): string {
  if (value instanceof Code) return value.text.replaceAll('\n', `\n${'  '.repeat(indent)}`);
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((item) => ['', item])
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => (isSpread(key) ? ['...', item] : [`${keyOf(key)}: `, item]));
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return open + close;
  const space = Array.isArray(value) ? '' : ' ';
  const line = `${open}${space}${entries.map(([key, item]) => key + printValue(item)).join(', ')}${space}${close}`;
  if (!line.includes('\n') && taken + line.length <= WIDTH) return line;
  const inner = '  '.repeat(indent + 1);
  const lines = entries.map(
    ([key, item]) => `${inner}${key}${printValue(item, indent + 1, inner.length + key.length)},`,
  );
  return `${open}\n${lines.join('\n')}\n${'  '.repeat(indent)}${close}`;
}

/** A call as source; its last argument may go over several lines. */
export function printCall(name: string, args: readonly unknown[]): Code {
  const last = args.length - 1;
  let taken = name.length + 1;
  const printed = args.map((arg, i) => {
    const text = printValue(arg, 0, taken);
    taken += text.length + 2;
    return i < last || typeof arg === 'object' ? text : printValue(arg);
  });
  const line = `${name}(${printed.join(', ')})`;
  const hug = printed.slice(0, last).every((text) => !text.includes('\n'));
  if (hug && line.slice(0, line.indexOf('\n') >>> 0).length <= WIDTH) return new Code(line);
  return new Code(`${name}(\n${args.map((arg) => `  ${printValue(arg, 1)},`).join('\n')}\n)`);
}

/** The key that stands for `...value` in an object. */
export const SPREAD = '...';

function isSpread(key: string): boolean {
  return key === SPREAD;
}

function keyOf(key: string): string {
  // As a name or a text it would set the prototype.
  if (key === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key);
}

/** A text in single quotes, or in double ones where it has more single ones. */
function quoted(text: string): string {
  const quote = text.split("'").length > text.split('"').length ? '"' : "'";
  // Also halves of a pair that stand alone, which no file of UTF-8 can hold.
  const escaped = text.replace(
    /[\\\u2028\u2029\p{Cc}\p{Cs}]/gu,
    (character) => ESCAPES.get(character) ?? unicode(character),
  );
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
