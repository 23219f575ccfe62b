/** The exposition formats, each with its writer and its parser in one file. Safe in a browser. */
export type { Family, HistogramFamily, HistogramSeries, ScalarFamily, ScalarSeries } from './families.ts';
export {
  ExpositionError,
  parseNumber,
  parseSeriesText,
  parseText,
  TEXT_CONTENT_TYPE,
  type TextHandler,
  writeText,
} from './text.ts';
