/** How rules ask: an expression at a time, answered by an instant vector. */
import { Labels, type NativeHistogram } from '@binnacle/metrics/model';
import type { Engine, Queryable } from '@binnacle/promql';

/** An instant vector; a scalar is one element without labels. */
export type RuleQueryResult = readonly {
  readonly labels: Labels;
  /** Without meaning when there is a histogram. */
  readonly value: number;
  readonly histogram?: NativeHistogram;
}[];

/** Evaluates an expression. Rejects when it fails or the signal is aborted. */
export type RuleQuery = (expression: string, timeMs: number, signal: AbortSignal) => Promise<RuleQueryResult>;

/** Rules ask an engine over a storage. */
export function engineRuleQuery(engine: Engine, storage: Queryable): RuleQuery {
  return async (expression, timeMs, signal) => {
    const { value } = await engine.instant(storage, expression, timeMs, { signal });
    switch (value.type) {
      case 'vector':
        return value.samples;
      case 'scalar':
        return [{ labels: Labels.EMPTY, value: value.value }];
      default:
        throw new TypeError(`rule result is not a vector or scalar but a ${value.type}`);
    }
  };
}
