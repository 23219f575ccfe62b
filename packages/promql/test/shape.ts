/** Trees, compared without what their texts looked like. */

/** A tree without positions, and with matchers in the order in which they are printed. */
export function shape(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(shape);
  if (typeof node !== 'object' || node === null) return Number.isNaN(node) ? 'NaN' : node;
  const entries = Object.entries(node).filter(([key]) => !['start', 'end', 'opRange'].includes(key));
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      key === 'matchers' ? (value as unknown[]).map((one) => JSON.stringify(one)).sort() : shape(value),
    ]),
  );
}
