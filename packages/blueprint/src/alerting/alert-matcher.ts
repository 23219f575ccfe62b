/** Matchers of routes and inhibitions, as Alertmanager's configuration writes them. */
import { unquote } from '@binnacle/promql';

/** One condition on one label. */
export interface AlertMatcher {
  readonly name: string;
  /** Regular expressions match whole values. */
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** A name, an operator, and a value: bare without anything that another reader could take for syntax, or quoted. */
const MATCHER = /^\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*(?:("(?:[^"\\]|\\.)*")|([^\s"'{}\\,]*))\s*$/;

/** Reads a matcher such as `severity = critical` or `team =~ "web|shop"`; undefined when it is none. */
export function alertMatcher(text: string): AlertMatcher | undefined {
  const [, name, op, quoted, bare] = MATCHER.exec(text) ?? [];
  if (name === undefined) return undefined;
  try {
    return {
      name,
      op: op as AlertMatcher['op'],
      value: quoted === undefined ? (bare ?? '') : unquote(quoted),
    };
  } catch {
    return undefined;
  }
}

/** Whether a label with this value passes; undefined where the expression is not one that JavaScript knows. */
export function passes({ op, value }: AlertMatcher, actual: string): boolean | undefined {
  switch (op) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    default: {
      try {
        return new RegExp(`^(?:${value})$`, 's').test(actual) === (op === '=~');
      } catch {
        return undefined;
      }
    }
  }
}
