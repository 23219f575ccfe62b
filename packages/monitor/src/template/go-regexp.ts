/**
 * Go's `regexp` over RE2: patterns that are not anchored, and Go's own syntax of replacements.
 *
 *     $1  ${1}  $name  ${name}  $$       and "$1x" is the group named "1x", which is empty where there is none
 */
import { RE2JS } from 're2js';

/** How many compiled patterns are kept. */
const PATTERNS_MAX = 200;

/** The longest result of a replacement. */
const RESULT_CHARACTERS_MAX = 1_000_000;

const compiled = new Map<string, RE2JS>();

function compile(pattern: string): RE2JS {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = RE2JS.compile(pattern);
    if (compiled.size >= PATTERNS_MAX) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression;
}

/** Go's words for a pattern that cannot be read. */
export function regexpProblem(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Whether a pattern is found anywhere in a text.
 * @throws Error when the pattern is not a regular expression
 */
export function matchString(pattern: string, text: string): boolean {
  try {
    return compile(pattern).matcher(text).find();
  } catch (error) {
    throw new Error(regexpProblem(error));
  }
}

/**
 * Replaces all matches of a pattern.
 * @throws Error when the pattern is not a regular expression
 */
export function replaceAllString(pattern: string, replacement: string, text: string): string {
  let expression: RE2JS;
  try {
    expression = compile(pattern);
  } catch (error) {
    throw new Error(`regexp: Compile(${quotePattern(pattern)}): ${regexpProblem(error)}`);
  }
  const matcher = expression.matcher(text);
  const names: Readonly<Record<string, number>> = expression.namedGroups();
  const groups = expression.groupCount();
  const group = (name: string): string => {
    const index = /^\d+$/.test(name) ? Number(name) : names[name];
    if (index === undefined || index > groups) return '';
    return matcher.group(index) ?? '';
  };
  let out = '';
  let end = 0;
  while (matcher.find()) {
    const start = matcher.start();
    out += text.slice(end, start);
    // No replacement for an empty match right behind another match.
    if (matcher.end() > end || start === 0) out += expand(replacement, group);
    end = matcher.end();
    if (out.length > RESULT_CHARACTERS_MAX)
      throw new Error(`the result is longer than ${RESULT_CHARACTERS_MAX} characters`);
  }
  return out + text.slice(end);
}

function expand(replacement: string, group: (name: string) => string): string {
  return replacement.replace(
    /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu,
    (whole, name: string | undefined, braced: string | undefined) =>
      whole === '$$' ? '$' : group(name ?? braced ?? ''),
  );
}

function quotePattern(pattern: string): string {
  return pattern.includes('`') ? JSON.stringify(pattern) : `\`${pattern}\``;
}
