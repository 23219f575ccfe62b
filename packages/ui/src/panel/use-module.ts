/** Parts of the page that are loaded when something of them is to be drawn. */
import { useEffect, useState } from 'preact/hooks';

/** The module when it is there; undefined while it comes, or where it is not needed. */
export function useModule<T>(load: () => Promise<T>, isNeeded: boolean): T | undefined {
  const [loaded, setLoaded] = useState<{ readonly module: T } | undefined>(undefined);
  useEffect(() => {
    if (!isNeeded || loaded !== undefined) return;
    let isWanted = true;
    // Where it does not come, the page has lost its server, and says so elsewhere.
    load().then(
      (module) => isWanted && setLoaded({ module }),
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [isNeeded]);
  return loaded?.module;
}
