/** Functions that change labels or go by them. */
import { checkPattern, labelNames } from './conditions.ts';
import { callNode, stringNode } from './node.ts';
import { nodeOfVector, type Sample, Vector } from './vector.ts';

/**
 * Sets a label from what a regular expression finds in another; where it does not match the whole value, nothing
 * changes. `$1` or `$name` in the replacement is what a group has found.
 * @throws TypeError with what is wrong with the regular expression
 */
export function labelReplace<N extends string, S extends Sample, const L extends string>(
  vector: Vector<N, S>,
  target: L,
  replacement: string,
  source: NoInfer<N> | '__name__',
  pattern: string,
): Vector<N | L, S> {
  labelNames('label_replace', [target]);
  checkPattern(`label_replace to ${target}`, pattern);
  const strings = [target, replacement, source, pattern].map(stringNode);
  return new Vector(callNode('label_replace', [nodeOfVector('label_replace', vector), ...strings]));
}

/** Sets a label to the values of others with a separator between them. */
export function labelJoin<N extends string, S extends Sample, const L extends string>(
  vector: Vector<N, S>,
  target: L,
  separator: string,
  ...sources: readonly NoInfer<N>[]
): Vector<N | L, S> {
  const names = labelNames('label_join', [target, ...sources]);
  const strings = [target, separator, ...names.slice(1)].map(stringNode);
  return new Vector(callNode('label_join', [nodeOfVector('label_join', vector), ...strings]));
}

function sortingByLabel(func: string) {
  return <N extends string, S extends Sample>(
    vector: Vector<N, S>,
    ...labels: readonly NoInfer<N>[]
  ): Vector<N, S> =>
    new Vector(callNode(func, [nodeOfVector(func, vector), ...labelNames(func, labels).map(stringNode)]));
}

/** Sorted by the values of these labels, in natural order. Experimental: the engine must be asked for it. */
export const sortByLabel = sortingByLabel('sort_by_label');
/** The other way round. Experimental. */
export const sortByLabelDesc = sortingByLabel('sort_by_label_desc');
