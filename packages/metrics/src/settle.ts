/**
 * Doing something when a function has ended, whichever way it ends: by returning, throwing, or through a promise.
 */

/** How a function ended; `error` is what it threw or rejected with. */
export type Ending = { readonly failed: false } | { readonly failed: true; readonly error: unknown };

const SUCCEEDED: Ending = { failed: false };

/**
 * Calls `run` and, once, `ended` when its work is over. Returns or throws what `run` does: a promise of its own
 * making is returned as it is, another thenable as a promise of it, because many a query builder begins its work
 * anew each time that `then` is called, and so it is called once only.
 */
export function settle<R>(run: () => R, ended: (ending: Ending) => void): R {
  let result: R;
  try {
    result = run();
  } catch (error) {
    ended({ failed: true, error });
    throw error;
  }
  if (result instanceof Promise) {
    // The caller still has the promise, and with it the duty to handle its rejection; this branch handles its own.
    result.then(
      () => ended(SUCCEEDED),
      (error: unknown) => ended({ failed: true, error }),
    );
    return result;
  }
  if (isThenable(result)) {
    return new Promise((resolve, reject) => result.then(resolve, reject)).then(
      (value) => {
        ended(SUCCEEDED);
        return value;
      },
      (error: unknown) => {
        ended({ failed: true, error });
        throw error;
      },
    ) as R;
  }
  ended(SUCCEEDED);
  return result;
}

/** Whether `await` would wait for a value. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  );
}
