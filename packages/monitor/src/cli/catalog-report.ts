/** The words of `binnacle catalog`: a table of metrics, and a list of changes with what they break. */
import type { Breakage, CatalogChange, CatalogDiff, CatalogEntry, ServiceCatalog } from '@binnacle/blueprint';
import { renderFinding } from '@binnacle/promql';
import { shownPath } from './project/project-error.ts';

/** So many values of a label are shown in a table; the file has all of them. */
const VALUES_SHOWN_MAX = 6;

/** A table of metrics for each service. */
export function catalogTable(catalogs: readonly ServiceCatalog[]): string[] {
  if (catalogs.length === 0) return ['there are no services'];
  return catalogs.flatMap((catalog, i) => [...(i === 0 ? [] : ['']), ...serviceTable(catalog)]);
}

function serviceTable({ service, job, targetLabels, metrics }: ServiceCatalog): string[] {
  const labels = Object.entries({ job, ...targetLabels }).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  );
  const count = metrics.length === 1 ? '1 metric' : `${metrics.length} metrics`;
  const heading = `${service}: ${metrics.length === 0 ? 'no metrics are defined' : count}, ${labels.join(', ')}`;
  if (metrics.length === 0) return [heading];
  const rows = metrics.map((entry) => [
    entry.name,
    entry.type,
    entry.unit ?? '',
    labelsText(entry),
    // The last column, so that a long text harms no other one.
    entry.help.replace(/\s+/g, ' '),
  ]);
  return [heading, ...columns([['METRIC', 'TYPE', 'UNIT', 'LABELS', 'HELP'], ...rows])];
}

function labelsText({ labels }: CatalogEntry): string {
  if (labels === undefined) return 'not known';
  return Object.entries(labels)
    .map(([name, values]) => {
      if (values === 'open') return name;
      const shown = values.slice(0, VALUES_SHOWN_MAX).map((value) => (value === '' ? '""' : value));
      return `${name}=${shown.join('|')}${values.length > VALUES_SHOWN_MAX ? '|...' : ''}`;
    })
    .join(' ');
}

/** Cells below each other, as wide as the widest of their column. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** How each kind of change is marked. */
function mark({ kind }: CatalogChange): string {
  if (kind === 'service-added' || kind === 'metric-added' || kind === 'label-added') return '+';
  return kind === 'service-removed' || kind === 'metric-removed' || kind === 'label-removed' ? '-' : '~';
}

/** The changes by service, and what they break. */
export function diffReport({ changes }: CatalogDiff, breaks: readonly Breakage[]): string[] {
  if (changes.length === 0) return ['no metric has changed'];
  const lines: string[] = [];
  let service: string | undefined;
  for (const change of changes) {
    if (change.service !== service) lines.push(`${change.service}:`);
    service = change.service;
    lines.push(`  ${mark(change)} ${change.text}`);
  }
  if (breaks.length === 0) return [...lines, '', 'no panel and no rule breaks'];
  lines.push('', `breaks ${countsText(breaks)}:`);
  for (const { subject, expr, finding, place } of breaks) {
    const where = place === undefined ? '' : ` (${shownPath(place.file)}:${place.line})`;
    lines.push(
      `  ${subject}${where}`,
      ...renderFinding(expr, finding)
        .split('\n')
        .map((line) => `    ${line}`),
    );
  }
  return lines;
}

function countsText(breaks: readonly Breakage[]): string {
  const kinds = ['panel', 'variable', 'annotation', 'alert', 'recording rule'] as const;
  return kinds
    .map(
      (kind) =>
        [
          kind,
          new Set(breaks.filter((each) => each.kind === kind).map(({ subject }) => subject)).size,
        ] as const,
    )
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`)
    .join(', ');
}

/** The same for programs. */
export function diffJson({ changes }: CatalogDiff, breaks: readonly Breakage[]): object {
  return {
    changes,
    breaks: breaks.map(({ kind, subject, expr, finding, place }) => ({
      kind,
      subject,
      expr,
      check: finding.check,
      severity: finding.severity,
      message: finding.message,
      start: finding.start,
      end: finding.end,
      ...(finding.suggestion !== undefined && { suggestion: finding.suggestion }),
      ...(place !== undefined && { file: shownPath(place.file), line: place.line }),
    })),
  };
}
