/** Variables in compose files: those that a service is given, and those that compose itself fills in. */
import type { YamlValue } from '../yaml-source.ts';
import type { Located } from './yaml-path.ts';

/** A variable of the environment. */
export interface ComposeVariable {
  readonly name: string;
  /** With the defaults of what it takes from outside; undefined where part of it comes from there. */
  readonly value: string | undefined;
  readonly at: Located;
}

/** The environment of a service: a mapping, or a list of `NAME=value`. */
export function composeVariables(environment: YamlValue | undefined): ComposeVariable[] {
  if (environment === undefined) return [];
  if (environment.kind === 'map')
    return environment.fields().map(({ name, place, value }) => {
      const text = value?.text()?.text;
      return { name, value: text === undefined ? undefined : withDefaults(text), at: value ?? { place } };
    });
  return environment.items().flatMap((item) => {
    const text = item.text()?.text;
    if (text === undefined) return [];
    const at = text.indexOf('=');
    if (at < 0) return [{ name: text, value: undefined, at: item }];
    return [{ name: text.slice(0, at), value: withDefaults(text.slice(at + 1)), at: item }];
  });
}

/** `$$`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `$NAME`; a default may hold one more of them. */
const REFERENCE = /\$\$|\$\{\w+(?:(:?[-?+])((?:[^{}]|\$\{[^{}]*\})*))?\}|\$\w+/g;

/**
 * A text as compose makes it where no variable is set: `${PORT:-3000}` is `3000`. Undefined where one has no default,
 * since then part of the text comes from outside.
 */
export function withDefaults(text: string): string | undefined {
  let fromOutside = false;
  const filled = text.replace(
    REFERENCE,
    (match, operator: string | undefined, operand: string | undefined) => {
      if (match === '$$') return '$';
      const otherwise = operator === '-' || operator === ':-' ? withDefaults(operand ?? '') : undefined;
      fromOutside ||= otherwise === undefined;
      return otherwise ?? '';
    },
  );
  return fromOutside ? undefined : filled;
}
