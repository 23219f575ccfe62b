/** A word that the browser keeps for the page, where it may. */
export function remembered(key: string): { get(): string; set(value: string): void } {
  return {
    get() {
      try {
        return localStorage.getItem(key) ?? '';
      } catch {
        return '';
      }
    },
    set(value) {
      try {
        localStorage.setItem(key, value);
      } catch {
        // Storage may be forbidden; then it is written again next time.
      }
    },
  };
}
