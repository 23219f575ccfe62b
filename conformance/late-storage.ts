/**
 * A storage that decodes late, and holds its reader to what `transient` promises: the values of a series are there
 * until the next one is asked for. Then they are overwritten, so that whoever still looks at them computes nonsense.
 */
import type {
  CancelSignal,
  Queryable,
  SelectRequest,
  SelectResult,
  Series,
} from '../packages/promql/dist/index.js';

/** What is found where values were. */
const SPOILT = -1.2345e67;

/** Another storage's answers, decoded late where that is possible: series of numbers alone. */
export class LateStorage implements Queryable {
  readonly #storage: Queryable;

  constructor(storage: Queryable) {
    this.#storage = storage;
  }

  async select(requests: readonly SelectRequest[], signal?: CancelSignal): Promise<readonly SelectResult[]> {
    const results = await this.#storage.select(requests, signal);
    return results.map(({ series, warnings }) => {
      let lent = new Float64Array();
      const lend = (values: Float64Array): Float64Array => {
        lent.fill(SPOILT);
        lent = values.slice();
        return lent;
      };
      return { series: series.map((one) => late(one, lend)), warnings };
    });
  }
}

function late(series: Series, lend: (values: Float64Array) => Float64Array): Series {
  if (series.histograms !== undefined || series.startTimestamps !== undefined) return series;
  const { labels, timestamps, values } = series;
  return {
    labels,
    timestamps,
    values,
    samplesMax: timestamps.length + 1,
    transient: () => ({ timestamps, values: lend(values) }),
  };
}
