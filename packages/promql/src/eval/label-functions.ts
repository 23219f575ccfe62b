/** Functions that change labels: `label_replace`, `label_join`, and the labels of `absent`. */
import { Labels, METRIC_NAME } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';
import type { Expr } from '../ast.ts';
import { isValidUtf8 } from '../quote.ts';
import { QueryError } from '../value.ts';
import { type Column, mergeSameLabels } from './column.ts';

/** `label_replace(v, dst, replacement, src, regex)`. */
export function labelReplace(
  columns: readonly Column[],
  [destination, replacement, source, pattern]: readonly string[],
): Column[] {
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(pattern!, RE2JS.DOTALL);
  } catch (error) {
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${pattern}`, {
      cause: error,
    });
  }
  checkLabel(destination!, 'invalid destination label name in label_replace()');
  const changed = columns.map((column) => {
    const matcher = regex.matcher(column.labels.get(source!));
    if (!matcher.matches()) return column;
    const value = expand(replacement!, (group) => {
      try {
        return matcher.group(group) ?? '';
      } catch {
        return '';
      }
    });
    return relabelled(column, destination!, value);
  });
  return mergeSameLabels(changed);
}

/** `label_join(v, dst, separator, src...)`. */
export function labelJoin(columns: readonly Column[], strings: readonly string[]): Column[] {
  const [destination, separator, ...sources] = strings;
  for (const source of sources) checkLabel(source, 'invalid source label name in label_join()');
  checkLabel(destination!, 'invalid destination label name in label_join()');
  return mergeSameLabels(
    columns.map((column) =>
      relabelled(column, destination!, sources.map((source) => column.labels.get(source)).join(separator)),
    ),
  );
}

/** The labels that the absent series would have had, as far as the selector says. */
export function absentLabels(arg: Expr): Labels {
  const selector = arg.type === 'matrixSelector' ? arg.selector : arg;
  if (selector.type !== 'vectorSelector') return Labels.EMPTY;
  const known = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    // A label with two conditions has no value that could be told.
    if (op === '=' && !seen.has(name)) {
      known.set(name, value);
      seen.add(name);
    } else known.delete(name);
  }
  return Labels.fromPairs(known);
}

/**
 * @throws QueryError when a name is empty or not UTF-8
 */
function checkLabel(name: string, message: string): void {
  if (name === '' || !isValidUtf8(name)) throw new QueryError('execution', `${message}: ${name}`);
}

function relabelled(column: Column, name: string, value: string): Column {
  const dropName = name === METRIC_NAME ? false : column.dropName;
  return { ...column, labels: column.labels.with(name, value), dropName };
}

/** Go's `Expand`: `$1`, `$name`, `${name}`, `$$`; a name is as long as it can be. */
function expand(template: string, group: (name: string | number) => string): string {
  return template.replace(
    /\$(?:\$|\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, plain: string | undefined) => {
      if (whole === '$$') return '$';
      const name = braced ?? plain!;
      return group(/^\d+$/.test(name) ? Number(name) : name);
    },
  );
}
