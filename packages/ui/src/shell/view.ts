/** The range and the refresh interval of a view: from the address, else from its own defaults. */
import { parseDuration } from '../format/duration.ts';
import { isLive, type TimeRange, type Window } from '../time/range.ts';
import type { Route } from './route.ts';
import { setParams } from './use-route.ts';

/** What a view shows and how often it asks again. */
export interface View {
  readonly range: TimeRange;
  /** As written: `10s`; empty for never. */
  readonly refresh: string;
  /** 0 for never, and always for a range that does not move. */
  readonly refreshMs: number;
}

/** The view of an address. */
export function viewOf(
  route: Route,
  defaults: { readonly range: TimeRange; readonly refresh: string },
): View {
  const { from, to, refresh: asked } = route.params;
  const range = from !== undefined && to !== undefined ? { from, to } : defaults.range;
  const refresh = asked === 'off' ? '' : (asked ?? defaults.refresh);
  return { range, refresh, refreshMs: isLive(range) ? (parseDuration(refresh) ?? 0) : 0 };
}

/** Puts a range into the address; Back returns to the one before. */
export function showRange({ from, to }: TimeRange): void {
  setParams({ from, to });
}

/** Puts the range that was drawn with the mouse into the address. */
export function showWindow({ fromMs, toMs }: Window): void {
  showRange({ from: String(Math.round(fromMs)), to: String(Math.round(toMs)) });
}

/** Puts a refresh interval into the address. */
export function setRefresh(refresh: string): void {
  setParams({ refresh: refresh === '' ? 'off' : refresh }, { replace: true });
}
