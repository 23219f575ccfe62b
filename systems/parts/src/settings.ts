/** Settings of the services, out of variables of the environment. An empty variable is one that is not set. */

/** The variables that a service is given. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTINGS_INVALID';
}

/** A number that may be set. */
export interface NumberSetting {
  readonly variable: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Reads a number.
 * @throws SettingsError that names the variable, its value and what is allowed
 */
export function numberFrom(environment: Environment, setting: NumberSetting): number {
  const text = environment[setting.variable];
  if (text === undefined || text.trim() === '') return setting.fallback;
  const value = Number(text);
  if (value >= setting.min && value <= setting.max) return value;
  throw new SettingsError(
    `${setting.variable} is ${JSON.stringify(text)}; it must be a number from ${setting.min} to ${setting.max}`,
  );
}

/**
 * Reads the address of another service or of the database.
 * @throws SettingsError where it is missing or no address
 */
export function urlFrom(environment: Environment, variable: string, fallback?: string): string {
  const text = environment[variable]?.trim() || fallback;
  if (text === undefined) throw new SettingsError(`${variable} is not set`);
  if (!URL.canParse(text))
    throw new SettingsError(`${variable} is ${JSON.stringify(text)}; it must be an address: ${EXAMPLE}`);
  return text;
}

const EXAMPLE = 'http://127.0.0.1:8001 or postgres://user:password@host/database';

/** Whether the service runs in production, where ports and folders are fixed. */
export function isProduction(environment: Environment): boolean {
  return environment.NODE_ENV === 'production';
}
