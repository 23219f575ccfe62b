/** Walks over the tokens of one action, one token ahead; over declarations of variables as many as they take. */
import { TemplateError } from './template-error.ts';
import type { TemplateToken } from './template-lexer.ts';

/** The tokens of one action. */
export class TokenReader {
  readonly #tokens: readonly TemplateToken[];
  readonly #open: number;
  #at = 0;

  constructor(tokens: readonly TemplateToken[], open: number) {
    this.#tokens = tokens;
    this.#open = open;
  }

  peek(): TemplateToken | undefined {
    return this.#tokens[this.#at];
  }

  next(): TemplateToken {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new TemplateError('missing value for command', this.#open);
    return token;
  }

  take(kind: TemplateToken['kind']): boolean {
    if (this.peek()?.kind !== kind) return false;
    this.#at++;
    return true;
  }

  /** The token that stands so many before the one that is next, and one more. */
  previous(count: number): TemplateToken {
    return this.#tokens[this.#at - count - 1]!;
  }

  /** The fields that follow without a blank: `.b.c` of `$a.b.c`. */
  fields(): TemplateToken[] {
    const fields: TemplateToken[] = [];
    for (let next = this.peek(); next?.kind === 'field' && !next.spaceBefore; next = this.peek()) {
      fields.push(next);
      this.#at++;
    }
    return fields;
  }

  /** `$x :=`, `$x =` or `$i, $x :=`; undefined, with nothing read, where none of them stands. */
  assignment(): { variables: string[]; operator: ':=' | '=' | undefined; offset: number } | undefined {
    const start = this.#at;
    const offset = this.offset();
    const variables: string[] = [];
    for (let token = this.peek(); token?.kind === 'variable'; token = this.peek()) {
      this.#at++;
      variables.push(token.text);
      const operator = this.peek()?.kind;
      if (operator === ':=' || operator === '=') {
        this.#at++;
        return { variables, operator, offset };
      }
      if (operator !== ',') break;
      this.#at++;
      // `range $i,` may leave the second one out, as Go reads it.
      if (this.peek() === undefined || this.peek()!.kind !== 'variable')
        return { variables, operator: undefined, offset };
    }
    if (variables.length > 1) return { variables, operator: undefined, offset };
    this.#at = start;
    return undefined;
  }

  offset(): number {
    return this.peek()?.offset ?? this.#open;
  }
}
