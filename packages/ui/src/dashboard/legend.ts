/**
 * The names of series.
 *
 * `{{label}}` in a legend format is the value of the label. Without a format, a series is written as PromQL
 * writes it. With `__auto` only what tells the series of one query apart is written: one series alone has the
 * name of its metric or, when it has none, its expression.
 */

/** Labels as the HTTP API gives them, `__name__` included. */
export type LabelMap = Readonly<Record<string, string>>;

/** A series as PromQL writes it: `http_requests_total{status="200"}`; the empty string when it has no labels. */
export function seriesText(labels: LabelMap): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
}

/** The names of the series of one query. */
export function seriesNames(all: readonly LabelMap[], format: string, expr: string): string[] {
  if (format === '__auto') return automatic(all, expr);
  return all.map((labels) => {
    const name = format.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
    // A format of labels that a series does not have says nothing.
    return name.trim() === '' ? seriesText(labels) || expr : name;
  });
}

function automatic(all: readonly LabelMap[], expr: string): string[] {
  if (all.length === 1) return [all[0]!.__name__ ?? expr];
  const differing = [...new Set(all.flatMap((labels) => Object.keys(labels)))].filter(
    (name) => new Set(all.map((labels) => labels[name])).size > 1,
  );
  if (differing.length === 1) return all.map((labels) => labels[differing[0]!] ?? '—');
  return all.map((labels) =>
    differing
      .filter((name) => labels[name] !== undefined)
      .map((name) => (name === '__name__' ? labels[name]! : `${name}=${labels[name]}`))
      .join(' '),
  );
}
