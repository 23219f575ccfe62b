/**
 * Asks for a panel's data as its view moves.
 *
 * - A panel that is out of sight asks nothing; it asks as soon as it is seen.
 * - A new range, width or choice aborts what is under way; a mere refresh does not, so that a slow answer still
 *   arrives, and asks nothing while one is under way.
 * - What was shown stays until the new data is there, also when the question fails: then with the error. Only
 *   the picture of other queries goes when theirs fail.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { resolveRange, type TimeRange } from '../time/range.ts';
import { type Choices, referredNames } from './choices.ts';
import { loadPanel, type PanelData } from './load-panel.ts';
import type { Target } from './panel-model.ts';

/** The state of a panel's question. */
export interface PanelState {
  readonly data: PanelData | undefined;
  readonly error: string | undefined;
  readonly loading: boolean;
}

/** What all panels of a view share. */
export interface PanelContext {
  readonly range: TimeRange;
  readonly nowMs: number;
  /** `undefined` as long as the scrape interval or a choice is not known: nothing is asked. */
  readonly scrapeMs: number | undefined;
  readonly choices: Choices;
}

/** Widths are asked for in steps, so that dragging a window does not ask at every pixel. */
const WIDTH_STEP_PX = 100;

/** Follows the data of a panel that is `widthPx` wide (0: not known yet). */
export function usePanelData(
  targets: readonly Target[],
  { range, nowMs, scrapeMs, choices }: PanelContext,
  widthPx: number,
  visible: boolean,
): PanelState {
  const [state, setState] = useState<PanelState>({
    data: undefined,
    error: undefined,
    loading: targets.length > 0,
  });
  const underWay = useRef<{ readonly abort: AbortController; readonly about: string } | undefined>(undefined);
  const shown = useRef('');
  const drawn = useRef('');
  const queries = JSON.stringify(targets);
  const width = Math.ceil(widthPx / WIDTH_STEP_PX) * WIDTH_STEP_PX;
  // A choice that the queries do not name changes nothing.
  const named = useMemo(() => referredNames(queries), [queries]);
  const chosen = Object.entries(choices).filter(([name]) => named.has(name));
  const about = JSON.stringify([queries, range, chosen, scrapeMs, width]);
  useEffect(() => {
    if (!visible || width === 0 || scrapeMs === undefined || targets.length === 0) return;
    if (underWay.current?.about === about || shown.current === `${about}@${nowMs}`) return;
    underWay.current?.abort.abort();
    const abort = new AbortController();
    const mine = { abort, about };
    underWay.current = mine;
    setState((before) => ({ ...before, loading: true }));
    loadPanel(
      targets,
      { window: resolveRange(range, nowMs), widthPx: width, scrapeMs, choices },
      abort.signal,
    )
      .then((data) => {
        if (abort.signal.aborted) return;
        shown.current = `${about}@${nowMs}`;
        drawn.current = queries;
        setState({ data, error: undefined, loading: false });
      })
      .catch((error: Error) => {
        if (abort.signal.aborted) return;
        setState(({ data }) => ({
          data: drawn.current === queries ? data : undefined,
          error: error.message,
          loading: false,
        }));
      })
      .finally(() => {
        if (underWay.current === mine) underWay.current = undefined;
      });
  }, [about, nowMs, visible]);
  useEffect(() => () => underWay.current?.abort.abort(), []);
  return state;
}
