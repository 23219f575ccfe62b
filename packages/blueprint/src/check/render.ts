/** Problems as text: for people, for GitHub's annotations, and as JSON for programs. */
import type { Severity } from '@binnacle/promql';
import type { RepositoryReport } from './check-repository.ts';
import type { Problem } from './problem.ts';

/** What is drawn differently on a terminal. */
export type PaintStyle = Severity | 'place' | 'mark' | 'check' | 'label';

/** Puts the codes of a terminal around a text. */
export type Paint = (style: PaintStyle, text: string) => string;

const PLAIN: Paint = (_style, text) => text;

/**
 * A problem for people:
 *
 *     rules.yml:7:9: error: alert JobsFailing: unknown metric jobs_totl (unknown-metric)
 *         expr: rate(jobs_totl[5m]) > 1
 *                    ^^^^^^^^^
 *     why: ...
 *     do: ... Did you mean jobs_total?
 */
export function renderProblem(problem: Problem, paint: Paint = PLAIN): string {
  const { place, severity, subject, message, check, reason, remedy, suggestion } = problem;
  const at = paint('place', `${place.file}:${place.line}:${place.column}`);
  const about = subject === '' ? '' : `${subject}: `;
  const [line, ...marks] = place.excerpt?.split('\n') ?? [];
  const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return [
    `${at}: ${paint(severity, severity)}: ${about}${message} ${paint('check', `(${check})`)}`,
    ...(line === undefined ? [] : [`    ${line}`]),
    ...marks.map((mark) => `    ${paint('mark', mark)}`),
    `${paint('label', 'why')}: ${reason}`,
    `${paint('label', 'do')}: ${remedy}${meant}`,
  ].join('\n');
}

/** A line for GitHub, which shows the problem beside the changed line of a pull request. */
export function renderGithubProblem(problem: Problem): string {
  const { place, severity, subject, message, check, reason, remedy, suggestion } = problem;
  const command = severity === 'info' ? 'notice' : severity;
  const about = subject === '' ? '' : `${subject}: `;
  const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  const properties = [
    `file=${escapedProperty(place.file)}`,
    `line=${place.line}`,
    `col=${place.column}`,
    `title=${escapedProperty(check)}`,
  ];
  const text = `${about}${message}\nwhy: ${reason}\ndo: ${remedy}${meant}`;
  return `::${command} ${properties.join(',')}::${escaped(text)}`;
}

/** The workflow command ends with its line. */
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** The version of the shape that {@link renderJsonReport} writes. It grows only when a field goes or changes. */
export const JSON_REPORT_VERSION = 1;

/** A report as JSON; `docs/checks/README.md` describes its shape. */
export function renderJsonReport(report: RepositoryReport): string {
  const problems = report.problems.map(
    ({ check, severity, place, subject, message, reason, remedy, suggestion }) => ({
      check,
      severity,
      file: place.file,
      line: place.line,
      column: place.column,
      subject,
      message,
      reason,
      remedy,
      suggestion: suggestion ?? null,
    }),
  );
  const { rules, dashboards, generated, files, ignored, isCatalogKnown } = report;
  return JSON.stringify(
    {
      version: JSON_REPORT_VERSION,
      problems,
      summary: {
        ...countsOf(report),
        ignored,
        files,
        rules,
        dashboards,
        generated,
        catalog: isCatalogKnown,
      },
    },
    null,
    2,
  );
}

/** How many problems of each severity there are. */
export function countsOf({
  problems,
}: Pick<RepositoryReport, 'problems'>): Readonly<Record<Severity, number>> {
  const count = (severity: Severity): number =>
    problems.filter((problem) => problem.severity === severity).length;
  return { error: count('error'), warning: count('warning'), info: count('info') };
}

/** A report in one line: `2 errors, 1 warning in 4 files with 20 rules and 3 dashboards; 1 suppressed`. */
export function renderSummary(report: RepositoryReport): string {
  const { files, rules, dashboards, ignored } = report;
  const counts = countsOf(report);
  const found = [
    ...(counts.error > 0 ? [counted(counts.error, 'error')] : []),
    ...(counts.warning > 0 ? [counted(counts.warning, 'warning')] : []),
    ...(counts.info > 0 ? [`${counts.info} info`] : []),
  ];
  const looked = `${counted(files, 'file')} with ${counted(rules, 'rule')} and ${counted(dashboards, 'dashboard')}`;
  return `${found.join(', ') || 'nothing found'} in ${looked}${ignored > 0 ? `; ${ignored} suppressed` : ''}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const RANKS: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/** Whether a report has a problem that is at least so grave. */
export function hasProblemsOf({ problems }: Pick<RepositoryReport, 'problems'>, least: Severity): boolean {
  return problems.some(({ severity }) => RANKS[severity] >= RANKS[least]);
}
