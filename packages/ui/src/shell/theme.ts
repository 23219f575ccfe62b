/** Light and dark: as the system says, until the reader says otherwise; that is remembered. */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Theme } from '../chart/palette.ts';

const KEY = 'binnacle-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** The theme in force and a way to the other one. */
export function useTheme(): { readonly theme: Theme; toggle(): void } {
  const [chosen, setChosen] = useState<Theme | undefined>(stored);
  const [preferred, setPreferred] = useState<Theme>(system.matches ? 'dark' : 'light');
  useEffect(() => {
    const follow = (): void => setPreferred(system.matches ? 'dark' : 'light');
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, []);
  const theme = chosen ?? preferred;
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return {
    theme,
    toggle() {
      const next = theme === 'dark' ? 'light' : 'dark';
      setChosen(next);
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // Storage may be forbidden; then the choice lasts as long as the page.
      }
    },
  };
}

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'dark' || value === 'light' ? value : undefined;
  } catch {
    return undefined;
  }
}
