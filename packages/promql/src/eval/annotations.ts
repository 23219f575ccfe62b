/** Warnings and infos that a query collects on its way, each once, with the place in the query. */
import type { PositionRange } from '../ast.ts';
import { lineAndColumn } from '../position.ts';
import { quote } from '../quote.ts';
import { formatGeneral } from './format-general.ts';

interface Monotonicity {
  count: number;
  minMs: number;
  maxMs: number;
  minBucket: number;
  maxBucket: number;
  maxDiff: number;
}

/** What a query has to say beside its answer. Of several places with the same message the last one stays. */
export class Annotations {
  readonly #warnings = new Map<string, PositionRange | undefined>();
  readonly #infos = new Map<string, PositionRange>();
  readonly #monotonicity = new Map<string, Monotonicity & { readonly at: PositionRange }>();

  /** A warning about a part of the query; without a part it comes from storage and is passed on as it is. */
  warn(message: string, at?: PositionRange): void {
    this.#warnings.set(message, at);
  }

  info(message: string, at: PositionRange): void {
    this.#infos.set(message, at);
  }

  /** `histogram_quantile` had to raise the counts of buckets; all such findings become one. */
  forcedMonotonicity(
    metricName: string,
    at: PositionRange,
    timeMs: number,
    buckets: { readonly minBucket: number; readonly maxBucket: number; readonly maxDiff: number },
  ): void {
    const message = `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(metricName)}`;
    const known = this.#monotonicity.get(message);
    if (known === undefined) {
      this.#monotonicity.set(message, { count: 1, minMs: timeMs, maxMs: timeMs, at, ...buckets });
      return;
    }
    known.count++;
    known.minMs = Math.min(known.minMs, timeMs);
    known.maxMs = Math.max(known.maxMs, timeMs);
    known.minBucket = Math.min(known.minBucket, buckets.minBucket);
    known.maxBucket = Math.max(known.maxBucket, buckets.maxBucket);
    known.maxDiff = Math.max(known.maxDiff, buckets.maxDiff);
  }

  /** The texts, as the HTTP API gives them. */
  render(query: string): { readonly warnings: readonly string[]; readonly infos: readonly string[] } {
    const place = (at: PositionRange): string => ` (${lineAndColumn(query, at.start)})`;
    const infos = [...this.#infos].map(([message, at]) => `PromQL info: ${message}${place(at)}`);
    for (const [message, found] of this.#monotonicity) {
      infos.push(
        `PromQL info: ${message}, from buckets ${formatGeneral(found.minBucket)} to ${formatGeneral(found.maxBucket)}, ` +
          `with a max diff of ${formatGeneral(found.maxDiff, 2)}, over ${found.count} samples ` +
          `from ${rfc3339(found.minMs)} to ${rfc3339(found.maxMs)}${place(found.at)}`,
      );
    }
    return {
      warnings: [...this.#warnings].map(([message, at]) =>
        at === undefined ? message : `PromQL warning: ${message}${place(at)}`,
      ),
      infos,
    };
  }
}

/** ` for metric name "x"`, or nothing when there is no name. */
export function forMetric(name: string): string {
  return name === '' ? '' : ` for metric name ${quote(name)}`;
}

function rfc3339(ms: number): string {
  const seconds = Math.trunc(ms / 1000) * 1000;
  return new Date(seconds).toISOString().replace('.000Z', 'Z');
}
