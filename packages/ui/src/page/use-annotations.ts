/** The marks of a dashboard's annotations as state: asked as the view moves, those that are switched off never. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Mark } from '../chart/mark.ts';
import type { AnnotationModel } from '../dashboard/annotations.ts';
import { referredNames } from '../dashboard/choices.ts';
import type { PanelContext } from '../dashboard/use-panel-data.ts';
import { resolveRange } from '../time/range.ts';

/** An annotation of a dashboard, and what it marks. */
export interface Annotated {
  readonly annotation: AnnotationModel;
  readonly isOn: boolean;
  readonly marks: readonly Mark[];
  /** Why it marks nothing. */
  readonly problem: string | undefined;
}

type Asking = Parameters<typeof import('../dashboard/load-annotations.ts').loadAnnotation>[1];

interface Answered {
  readonly marks: readonly Mark[];
  readonly problem: string | undefined;
}

const NOTHING: Answered = { marks: [], problem: undefined };

/** Follows the annotations; what was marked stays until the new marks are there. */
export function useAnnotations(
  annotations: readonly AnnotationModel[],
  off: ReadonlySet<number>,
  { range, nowMs, scrapeMs, choices }: PanelContext,
): readonly Annotated[] {
  const [answers, setAnswers] = useState<ReadonlyMap<number, Answered>>(new Map());
  const named = useMemo(() => referredNames(annotations.map(({ expr }) => expr).join('\n')), [annotations]);
  const chosen = JSON.stringify(Object.entries(choices).filter(([name]) => named.has(name)));
  const about = JSON.stringify([range, chosen, [...off], scrapeMs]);
  const underWay = useRef<{ readonly abort: AbortController; readonly about: string } | undefined>(undefined);
  useEffect(() => {
    if (scrapeMs === undefined || annotations.every((_, i) => off.has(i))) return;
    // A refresh that is faster than the answers does not take them back.
    if (underWay.current?.about === about) return;
    underWay.current?.abort.abort();
    const abort = new AbortController();
    const mine = { abort, about };
    underWay.current = mine;
    const asking = { window: resolveRange(range, nowMs), scrapeMs, choices };
    askAll(annotations, off, asking, abort.signal, (place, answer) =>
      setAnswers((before) => new Map(before).set(place, answer)),
    ).finally(() => {
      if (underWay.current === mine) underWay.current = undefined;
    });
  }, [about, nowMs]);
  useEffect(() => () => underWay.current?.abort.abort(), []);
  return useMemo(
    () =>
      annotations.map((annotation, i) => {
        const isOn = !off.has(i);
        return { annotation, isOn, ...(isOn ? (answers.get(i) ?? NOTHING) : NOTHING) };
      }),
    [annotations, answers, off],
  );
}

/** Asks those that are on, and hands over each answer as it comes. */
async function askAll(
  annotations: readonly AnnotationModel[],
  off: ReadonlySet<number>,
  asking: Asking,
  signal: AbortSignal,
  take: (place: number, answer: Answered) => void,
): Promise<void> {
  const { loadAnnotation } = await import('../dashboard/load-annotations.ts');
  await Promise.all(
    annotations.map(async (annotation, place) => {
      if (off.has(place)) return;
      const answer = await loadAnnotation(annotation, asking, signal).then(
        (marks): Answered => ({ marks, problem: undefined }),
        (error: Error): Answered => ({ marks: [], problem: error.message }),
      );
      if (!signal.aborted) take(place, answer);
    }),
  );
}
