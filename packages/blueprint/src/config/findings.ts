/**
 * Mistakes in a configuration, collected so that its author sees all of them at once and not one after the other.
 *
 * A configuration is written in TypeScript, but the command loads it without asking the compiler. So what types
 * forbid is looked at as well: a word that is no field, a list that is none.
 */

/** What is told at most; behind so many mistakes stands one cause. */
const FINDINGS_MAX = 50;

/** Mistakes, and where in the configuration they are. */
export class Findings {
  readonly #lines: string[] = [];

  /** Notes a mistake: `service "web"`, `targets[0] "web" is not host:port`. */
  add(where: string, what: string): void {
    this.#lines.push(where === '' ? what : `${where}: ${what}`);
  }

  /** Notes what was thrown while something was made. */
  addError(where: string, error: unknown): void {
    this.add(where, error instanceof Error ? error.message : String(error));
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** All of them, one below the other, for the message of one error. */
  render(subject: string): string {
    const count = this.#lines.length;
    const shown = this.#lines.slice(0, FINDINGS_MAX).map((line) => `  ${line.replaceAll('\n', '\n  ')}`);
    if (count > FINDINGS_MAX) shown.push(`  and ${count - FINDINGS_MAX} more`);
    return `${subject}: ${count === 1 ? '1 mistake' : `${count} mistakes`}\n${shown.join('\n')}`;
  }
}

/** A value as it stands in messages. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? 'a list'
      : 'an object'
    : (JSON.stringify(value) ?? String(value));
}

/** The value as an object whose fields may be asked for; notes a mistake and gives undefined where it is none. */
export function asObject(
  findings: Findings,
  where: string,
  value: unknown,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  findings.add(where, `${shown(value)} is no object`);
  return undefined;
}

/** The value as a list, an empty one where it is absent; notes a mistake where it is neither. */
export function asList(findings: Findings, where: string, field: string, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  findings.add(where, `${field} is ${shown(value)}, and not a list`);
  return [];
}

/** Notes each field that there is not: what the compiler would have said. */
export function checkFields(
  findings: Findings,
  where: string,
  value: object,
  known: readonly string[],
): void {
  for (const field of Object.keys(value))
    if (!known.includes(field))
      findings.add(where, `there is no field ${JSON.stringify(field)}; there are ${known.join(', ')}`);
}
