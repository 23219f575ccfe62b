/**
 * A work-around: uPlot formats with the browser's language as soon as it is loaded, and a browser started
 * without a proper locale names one that `Intl` refuses (`en-US@posix`). Import this before uPlot.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}

export {};
