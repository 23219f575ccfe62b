/**
 * Shapes of files that others read, with the fields that we write and no others: a field that is spelled wrong is an
 * unknown one, and an unknown one fails.
 */

/** What a value must be: a leaf by its test, a map by its fields, or a list or map of anything of one shape. */
export type Shape =
  | ((value: unknown) => boolean)
  | { readonly fields: Readonly<Record<string, Shape>>; readonly required?: readonly string[] }
  | { readonly list: Shape }
  | { readonly map: Shape; readonly key?: RegExp };

/** A text, perhaps of a form. */
export function text(form?: RegExp): Shape {
  return (value) => typeof value === 'string' && (form === undefined || form.test(value));
}

/** One of these. */
export function one(...values: readonly unknown[]): Shape {
  return (value) => values.includes(value);
}

/** A map with these fields and no others; those with `?` behind their name may be absent. */
export function fields(given: Readonly<Record<string, Shape>>): Shape {
  const known: Record<string, Shape> = {};
  const required: string[] = [];
  for (const [name, shape] of Object.entries(given)) {
    known[name.replace(/\?$/, '')] = shape;
    if (!name.endsWith('?')) required.push(name);
  }
  return { fields: known, required };
}

/** What of a value does not fit, by path; empty when it fits. */
export function misfits(value: unknown, shape: Shape, path = ''): readonly string[] {
  if (typeof shape === 'function') return shape(value) ? [] : [`${path}: ${JSON.stringify(value)}`];
  if ('list' in shape) {
    if (!Array.isArray(value)) return [`${path}: not a list`];
    return value.flatMap((item: unknown, i) => misfits(item, shape.list, `${path}[${i}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: not a map`];
  const entries = Object.entries(value);
  if ('map' in shape)
    return entries.flatMap(([key, item]: [string, unknown]) => [
      ...(shape.key === undefined || shape.key.test(key) ? [] : [`${path}.${key}: not a name`]),
      ...misfits(item, shape.map, `${path}.${key}`),
    ]);
  return [
    ...(shape.required ?? [])
      .filter((name) => !Object.hasOwn(value, name))
      .map((name) => `${path}.${name}: missing`),
    ...entries.flatMap(([name, item]: [string, unknown]) => {
      const known = shape.fields[name];
      return known === undefined ? [`${path}.${name}: unknown`] : misfits(item, known, `${path}.${name}`);
    }),
  ];
}
