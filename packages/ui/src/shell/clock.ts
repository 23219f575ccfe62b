/** The moment that a view shows: it moves at every refresh, stands still while nobody looks. */
import { useCallback, useEffect, useState } from 'preact/hooks';

/** A moment, and a way to move on to the present one. */
export interface Clock {
  readonly nowMs: number;
  refresh(): void;
}

/** Moves on every `everyMs`; 0 moves only when asked. */
export function useClock(everyMs: number): Clock {
  const [nowMs, setNow] = useState(Date.now);
  const refresh = useCallback(() => setNow(Date.now()), []);
  useEffect(() => {
    if (everyMs === 0) return;
    const move = (): void => {
      if (!document.hidden) refresh();
    };
    const timer = setInterval(move, everyMs);
    document.addEventListener('visibilitychange', move);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', move);
    };
  }, [everyMs, refresh]);
  return { nowMs, refresh };
}
