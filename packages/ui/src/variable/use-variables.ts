/** The variables of a dashboard as state: asks for their values, one after the other where they depend on each other. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import {
  type ResolvedVariables,
  resolveVariables,
  type VariableAnswer,
  type VariableAnswers,
} from '../dashboard/variable-values.ts';
import type { VariableModel } from '../dashboard/variables.ts';
import type { VariableParams } from '../shell/route.ts';
import { isLive, resolveRange, type TimeRange } from '../time/range.ts';

/** Scrape interval for the macros in the queries of variables, which are asked before it is known. */
const SCRAPE_USUAL_MS = 15_000;

/** Follows the variables. While something is asked, what was known before stays, and `complete` is false. */
export function useVariables(
  variables: readonly VariableModel[],
  address: VariableParams,
  range: TimeRange,
  nowMs: number,
): ResolvedVariables {
  const [answers, setAnswers] = useState<VariableAnswers>(new Map());
  const underWay = useRef(new Map<string, AbortController>());
  const window = resolveRange(range, nowMs);
  const rangeMs = window.toMs - window.fromMs;
  const fixedToMs = isLive(range) ? undefined : window.toMs;
  const resolved = useMemo(
    () =>
      resolveVariables(variables, address, answers, {
        intervalMs: SCRAPE_USUAL_MS,
        scrapeMs: SCRAPE_USUAL_MS,
        rangeMs,
        ...(fixedToMs !== undefined && { toMs: fixedToMs }),
      }),
    [variables, JSON.stringify(address), answers, rangeMs, fixedToMs],
  );
  // What failed is asked again with each refresh.
  const hasFailed = resolved.failed.length > 0;
  const wasAsked = useRef(0);
  useEffect(() => {
    const isRefresh = wasAsked.current !== nowMs;
    wasAsked.current = nowMs;
    for (const question of [...resolved.questions, ...(isRefresh ? resolved.failed : [])]) {
      const { key } = question;
      if (underWay.current.has(key)) continue;
      const abort = new AbortController();
      underWay.current.set(key, abort);
      const take = (answer: VariableAnswer): void => {
        if (abort.signal.aborted) return;
        underWay.current.delete(key);
        setAnswers((before) => new Map(before).set(key, answer));
      };
      import('../dashboard/ask-variables.ts')
        .then(({ askOptions }) => askOptions(question, window, abort.signal))
        .then(
          (options) => take({ options }),
          (error: Error) => take({ options: [], problem: error.message }),
        );
    }
    const wanted = new Set([...resolved.questions, ...resolved.failed].map(({ key }) => key));
    for (const [key, abort] of underWay.current)
      if (!wanted.has(key)) {
        abort.abort();
        underWay.current.delete(key);
      }
  }, [resolved.questions.map(({ key }) => key).join('\n'), hasFailed ? nowMs : 0]);
  useEffect(
    () => () => {
      for (const abort of underWay.current.values()) abort.abort();
    },
    [],
  );
  const before = useRef(resolved);
  const { choices, options } = before.current;
  const shown = resolved.complete
    ? resolved
    : {
        ...resolved,
        choices: { ...choices, ...resolved.choices },
        options: { ...options, ...resolved.options },
      };
  before.current = shown;
  return shown;
}
