/**
 * From what was answered to the choices of all variables.
 *
 * Variables may refer to each other: `label_values(up{system=~"$system"}, instance)` can only be asked when `system`
 * is known. {@link resolveVariables} goes through them in that order with what has been answered so far, and says what
 * is to be asked next; whoever calls it asks, keeps the answer under its key, and calls again. Those that refer to each
 * other in a circle are asked without what they wait for.
 */
import { type Choices, type Chosen, referredNames } from './choices.ts';
import { fillIn, fillText, type MacroContext } from './macros.ts';
import {
  choose,
  queryTexts,
  type VariableModel,
  type VariableOption,
  type VariableQuery,
} from './variables.ts';

/** What is to be asked for the values of a variable. */
export interface VariableQuestion {
  readonly query: VariableQuery;
  /** Which values are taken, and which part of them. */
  readonly regex: string;
  readonly sort: number;
  /** Tells questions apart. */
  readonly key: string;
}

/** The values of all variables as far as they are known. */
export interface ResolvedVariables {
  readonly choices: Choices;
  readonly options: Readonly<Record<string, readonly VariableOption[]>>;
  readonly questions: readonly VariableQuestion[];
  /** Questions that failed, and may be asked again. */
  readonly failed: readonly VariableQuestion[];
  /** Why a variable has no values, where its question failed. */
  readonly problems: Readonly<Record<string, string>>;
  /** Whether the choice of every variable is known. */
  readonly complete: boolean;
}

/** What a variable offers, or what was wrong: then it offers nothing. */
export interface VariableAnswer {
  readonly options: readonly VariableOption[];
  readonly problem?: string;
}

/** Questions that were answered, by their keys. */
export type VariableAnswers = ReadonlyMap<string, VariableAnswer>;

/** Goes through the variables with what has been answered so far. */
export function resolveVariables(
  variables: readonly VariableModel[],
  address: Readonly<Record<string, readonly string[]>>,
  answers: VariableAnswers,
  context: MacroContext,
): ResolvedVariables {
  const choices: Record<string, Chosen> = Object.create(null);
  const options: Record<string, readonly VariableOption[]> = Object.create(null);
  const problems: Record<string, string> = Object.create(null);
  const questions: VariableQuestion[] = [];
  const failed: VariableQuestion[] = [];
  const names = new Set(variables.map(({ name }) => name));
  let waiting = [...variables];
  const isKnown = (name: string): boolean => !names.has(name) || name in choices;
  while (waiting.length > 0) {
    const ready = waiting.filter((variable) => needs(variable).every(isKnown));
    // A circle is broken at its first variable, unless an answer is awaited that might break it.
    const next = ready.length > 0 ? ready : questions.length > 0 ? [] : waiting.slice(0, 1);
    if (next.length === 0) break;
    for (const variable of next) {
      const { name, query } = variable;
      const asked = query === undefined ? undefined : questionOf(variable, query, choices, context);
      const answer = asked === undefined ? undefined : answers.get(asked.key);
      if (asked !== undefined && answer === undefined) {
        questions.push(asked);
        continue;
      }
      options[name] = answer === undefined ? variable.options : answer.options;
      if (asked !== undefined && answer?.problem !== undefined) {
        problems[name] = answer.problem;
        failed.push(asked);
      }
      const strict = query !== undefined && needs(variable).length > 0;
      choices[name] = choose(variable, own(address, name), options[name], {
        strict,
        rangeMs: context.rangeMs,
      });
    }
    waiting = waiting.filter(({ name }) => !(name in choices) && !next.some((one) => one.name === name));
  }
  return {
    choices,
    options,
    questions,
    failed,
    problems,
    complete: variables.every(({ name }) => name in choices),
  };
}

function own(
  address: Readonly<Record<string, readonly string[]>>,
  name: string,
): readonly string[] | undefined {
  return Object.hasOwn(address, name) ? address[name] : undefined;
}

function needs({ query, name, regex }: VariableModel): string[] {
  if (query === undefined) return [];
  const names = [...queryTexts(query), regex].flatMap((text) => [...referredNames(text)]);
  return names.filter((other) => other !== name && !other.startsWith('__'));
}

function questionOf(
  { followsTime, regex, sort }: VariableModel,
  query: VariableQuery,
  choices: Choices,
  context: MacroContext,
): VariableQuestion {
  const filled = Object.fromEntries(
    Object.entries(query).map(([part, text]) => [
      part,
      part === 'kind' || text === undefined ? text : fillIn(text, context, choices),
    ]),
  ) as VariableQuery;
  // A live range moves with each refresh, and its values hardly ever: of that, only the length counts.
  const pattern = fillText(regex, choices, 'regex');
  const key = JSON.stringify([filled, pattern, sort, followsTime && [context.rangeMs, context.toMs]]);
  return { query: filled, regex: pattern, sort, key };
}
