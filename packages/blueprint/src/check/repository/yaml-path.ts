/** Values of a YAML file by their paths, where most of what could stand there is optional. */
import type { Place } from '../problem.ts';
import type { YamlValue } from '../yaml-source.ts';

/** What stands in a file. */
export interface Located {
  readonly place: Place;
}

/** A name in a file. */
export interface NamedPlace {
  readonly name: string;
  readonly at: Located;
}

/** What stands below a path of fields; undefined where anything on the way is missing. */
export function valueAt(value: YamlValue | undefined, ...path: readonly string[]): YamlValue | undefined {
  return path.reduce((found, name) => found?.get(name), value);
}

/** The scalar at a path, numbers and booleans as they are written. */
export function textAt(value: YamlValue | undefined, ...path: readonly string[]): string | undefined {
  return valueAt(value, ...path)?.text()?.text;
}

/** The items of the list at a path; none where there is none. */
export function itemsAt(value: YamlValue | undefined, ...path: readonly string[]): readonly YamlValue[] {
  return valueAt(value, ...path)?.items() ?? [];
}

/** The scalars at a path, where one may stand for a list of one, and the keys of a mapping for their list. */
export function namesAt(value: YamlValue | undefined, ...path: readonly string[]): NamedPlace[] {
  const found = valueAt(value, ...path);
  if (found === undefined) return [];
  if (found.kind === 'map') return found.fields().map(({ name, place }) => ({ name, at: { place } }));
  return (found.kind === 'list' ? found.items() : [found]).flatMap(named);
}

/** A scalar as a name; none for anything else. */
export function named(value: YamlValue | undefined): NamedPlace[] {
  const name = value?.text()?.text;
  return value === undefined || name === undefined ? [] : [{ name, at: value }];
}

/** The fields of a mapping whose values are scalars. */
export function textsAt(value: YamlValue | undefined, ...path: readonly string[]): Map<string, string> {
  const fields = valueAt(value, ...path)?.fields() ?? [];
  return new Map(
    fields.flatMap(({ name, value: field }) => {
      const text = field?.text()?.text;
      return text === undefined ? [] : [[name, text]];
    }),
  );
}
