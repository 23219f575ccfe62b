/**
 * Fields that hold secrets: `password`, `password_file`, and `password_env`, of which one is given at most.
 *
 * The first two are Alertmanager's and Prometheus's. `_env`, the name of a variable of the environment, is
 * Binnacle's own: those programs refuse a file that has it, and `binnacle check` says so.
 */
import { isAbsolute, join, resolve } from 'node:path';
import { Secret } from '../secret.ts';
import type { YamlMap } from './yaml-reader.ts';

/** A path of a file that configuration names, which is meant from the configuration's own folder. */
export function pathBeside(configPath: string, path: string): string {
  return isAbsolute(path) ? path : join(resolve(configPath), '..', path);
}

/** A field that is not empty, for as Go's programs see it an empty text is none. */
export function textField(map: YamlMap | undefined, name: string): string | undefined {
  return map?.text(name) || undefined;
}

/** What {@link secretField} is told. */
export interface SecretFieldOptions {
  /** The name of the file's field where it is not `NAME_file`. */
  readonly fileField?: string;
  /** Looks at a secret that stands in the configuration, and records what is wrong with it without showing it. */
  readonly check?: (text: string) => string | undefined;
}

/** The secret in a field or beside it; undefined where none of its fields is given. More than one is a problem. */
export function secretField(
  map: YamlMap | undefined,
  name: string,
  configPath: string,
  { fileField = `${name}_file`, check }: SecretFieldOptions = {},
): Secret | undefined {
  if (map === undefined) return undefined;
  const environmentField = `${name}_env`;
  map.field(name)?.hide();
  const text = textField(map, name);
  const file = textField(map, fileField);
  const variable = textField(map, environmentField);
  const given = [text, file, variable].filter((value) => value !== undefined).length;
  if (given > 1)
    map.problemAt(
      variable === undefined ? fileField : environmentField,
      `at most one of ${name}, ${fileField} and ${environmentField} may be given`,
    );
  if (text !== undefined) {
    const problem = check?.(text);
    if (problem !== undefined) map.field(name)?.problem(problem);
    return Secret.text(text);
  }
  if (file !== undefined) return Secret.file(pathBeside(configPath, file));
  return variable === undefined ? undefined : Secret.environment(variable);
}

/** What is wrong with an address, without the address; undefined when it is fine. */
export function urlProblem(field: string, text: string): string | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(text);
  const scheme = match?.[1]?.toLowerCase();
  if (match === null || (scheme !== 'http' && scheme !== 'https'))
    return `${field} must start with http:// or https:// and name a host`;
  const [, , authority = '', rest = ''] = match;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '') return `${field} must name a host`;
  if (!/^(?:\[[0-9a-f:.%]+\]|[^\s:[\]"<>\\^`{|}]*)(?::\d*)?$/i.test(host))
    return `the host in ${field} is not valid`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what an address must not have
  if (/[\x00-\x1f\x7f]/.test(text)) return `${field} must not hold control characters`;
  const path = rest.split(/[?#]/, 1)[0] ?? '';
  if (/%(?![0-9a-f]{2})/i.test(path)) return `${field} holds a % that no two hexadecimal digits follow`;
  return undefined;
}

/** A field with an address that is no secret; undefined where it is absent. */
export function urlField(map: YamlMap | undefined, name: string): string | undefined {
  const node = map?.field(name);
  const text = node?.text();
  if (node === undefined || text === undefined) return undefined;
  const problem = urlProblem(node.path, text);
  if (problem !== undefined) node.problem(problem);
  return text;
}

const GO_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A field with a duration as Go writes it (`1m30s`, `1.5h`), which some of Alertmanager's fields have. */
export function goDurationField(map: YamlMap | undefined, name: string): number | undefined {
  const node = map?.field(name);
  const text = node?.text();
  if (node === undefined || text === undefined) return undefined;
  if (/^[-+]?0$/.test(text)) return 0;
  const match = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (match === null) {
    // Alertmanager takes a number for nanoseconds, which nobody who writes one means.
    const advice = /^\d+$/.test(text) ? `, with a unit: ${text}s` : ' such as 10s, 1m30s or 500ms';
    node.problem(`${node.path} must be a duration${advice} (units: ns us ms s m h)`);
    return undefined;
  }
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    ms += Number(number) * GO_UNITS_MS[unit!]!;
  return text.startsWith('-') ? -ms : ms;
}
