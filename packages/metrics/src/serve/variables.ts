/** Reading variables of the environment. */
import { ServeError } from './errors.ts';

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether open labels tell series apart. Where not, each has one value, `ALL` for a label `method` and `*` for the
 * others, so that a metric has a handful of series whatever its callers pass.
 * @throws ServeError `setting_invalid`
 */
export function includesOpenLabels(env: Environment): boolean {
  return flag(env, ['BINNACLE_METRICS_INCLUDE_LABELS', 'METRICS_INCLUDE_LABELS']);
}

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

/** The first of these variables that is set, read as yes or no; yes where none is. */
export function flag(env: Environment, names: readonly string[]): boolean {
  for (const name of names) {
    const text = variable(env, name);
    if (text === undefined) continue;
    const value = WORDS[text.toLowerCase()];
    if (value === undefined) throw invalid(name, text, `${Object.keys(WORDS).join(', ')}, in any case`);
    return value;
  }
  return true;
}

/** A variable without the spaces around it; undefined where nothing is left. */
export function variable(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}

/** A setting that cannot be, with what it can be. */
export function invalid(what: string, value: string, allowed: string): ServeError {
  return new ServeError('setting_invalid', `${what} is ${JSON.stringify(value)}; it can be ${allowed}`);
}
