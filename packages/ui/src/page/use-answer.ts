/** One question to the server as state: asked at once and again every so often; what was answered stays. */
import { useCallback, useEffect, useState } from 'preact/hooks';

/** The state of a question. */
export interface Answer<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  /** Asks again now. */
  refresh(): void;
}

interface Answered<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly about: string;
}

/** Asks whenever `about` changes and every `everyMs` (0: once). A new question forgets the old answer. */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  about: string,
  everyMs = 0,
): Answer<T> {
  const [answer, setAnswer] = useState<Answered<T>>({
    value: undefined,
    error: undefined,
    about,
  });
  const [again, setAgain] = useState(0);
  const refresh = useCallback(() => setAgain((times) => times + 1), []);
  useEffect(() => {
    const abort = new AbortController();
    const run = (): void => {
      if (document.hidden) return;
      ask(abort.signal).then(
        (value) => !abort.signal.aborted && setAnswer({ value, error: undefined, about }),
        (error: Error) =>
          !abort.signal.aborted &&
          setAnswer((before) => ({
            value: before.about === about ? before.value : undefined,
            error: error.message,
            about,
          })),
      );
    };
    run();
    const timer = everyMs > 0 ? setInterval(run, everyMs) : undefined;
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [about, everyMs, again]);
  const { value, error } = answer;
  return answer.about === about ? { value, error, refresh } : { value: undefined, error: undefined, refresh };
}
