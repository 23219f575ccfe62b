/** The programmer's mistake in a definition, thrown while it is made. */

import { marksBelow } from '@binnacle/promql';

/**
 * A definition cannot mean what it says: an expression that does not parse, a variable that nobody declared, a receiver
 * that does not exist. The message names what is defined and, for expressions, points at the place.
 */
export class DefinitionError extends TypeError {
  override readonly name = 'DefinitionError';
}

/**
 * Renders a mistake at `offset` of an expression: the message, the line that has it, and a caret under it.
 * An offset past the end points behind the last character.
 */
export function withCaret(where: string, message: string, text: string, offset: number): string {
  const at = Math.max(0, Math.min(offset, text.length));
  const lineStart = text.slice(0, at).lastIndexOf('\n') + 1;
  const newline = text.indexOf('\n', at);
  const line = text.slice(lineStart, newline < 0 ? text.length : newline);
  return `${where}: ${message}\n  ${line}\n  ${marksBelow(line, at - lineStart, at - lineStart)}`;
}
