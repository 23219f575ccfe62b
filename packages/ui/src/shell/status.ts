/** What the header knows: targets and alerts, asked for again and again while the page is looked at. */
import { useEffect, useState } from 'preact/hooks';
import { type Alert, alerts, type Target, targets } from '../api/prometheus.ts';
import { parseDuration } from '../format/duration.ts';

/** The state of the whole system, as of the last answer. */
export interface Status {
  /** `undefined` before the first answer. */
  readonly targets: readonly Target[] | undefined;
  readonly alerts: readonly Alert[];
  /** Why the last question failed; what is known stays. */
  readonly error: string | undefined;
}

const POLL_MS = 5000;
const SCRAPE_DEFAULT_MS = 15_000;

/** Follows targets and alerts. */
export function useStatus(): Status {
  const [status, setStatus] = useState<Status>({ targets: undefined, alerts: [], error: undefined });
  useEffect(() => {
    const abort = new AbortController();
    const poll = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const [found, active] = await Promise.all([targets(abort.signal), alerts(abort.signal)]);
        setStatus({ targets: found, alerts: active, error: undefined });
      } catch (error) {
        if (!abort.signal.aborted) setStatus((before) => ({ ...before, error: (error as Error).message }));
      }
    };
    void poll();
    const timer = setInterval(poll, POLL_MS);
    document.addEventListener('visibilitychange', poll);
    return () => {
      abort.abort();
      clearInterval(timer);
      document.removeEventListener('visibilitychange', poll);
    };
  }, []);
  return status;
}

/** How often the targets are scraped: the longest of their intervals, so that `rate` finds samples in all. */
export function scrapeIntervalMs(found: readonly Target[] | undefined): number {
  const all = (found ?? []).flatMap((target) => parseDuration(target.scrapeInterval) ?? []);
  return all.length === 0 ? SCRAPE_DEFAULT_MS : Math.max(...all);
}
