/**
 * Checks a repository: its rules, its dashboards and its files beside each other.
 *
 * Texts come in and problems go out; who walks through folders and who prints is elsewhere. Problems come in the order
 * of their places, each once.
 */
import type { CheckContext, CheckFamily } from './check.ts';
import { type CheckInput, makeContext } from './context.ts';
import { readDashboards } from './dashboard/read-dashboards.ts';
import { FILE_KINDS } from './file-kind.ts';
import type { Problem } from './problem.ts';
import { ALL_CHECK_NAMES, CHECK_FAMILIES } from './registry.ts';
import { suppress } from './suppression.ts';

const RULE_MANIFEST = /^kind:\s*PrometheusRule\s*$/m;

/** How a repository is checked. */
export interface CheckRepositoryOptions {
  /** Names of checks that are not made. */
  readonly disabled?: readonly string[];
  /** For suppressions that end: milliseconds since 1970. */
  readonly nowMs: number;
  /** Checks beside those of the registry. */
  readonly families?: readonly CheckFamily[];
}

/** What was looked at and what was found. */
export interface RepositoryReport {
  /** In the order of files, lines and columns. */
  readonly problems: readonly Problem[];
  /** How many were suppressed by comments and lines of `.binnacleignore`. */
  readonly ignored: number;
  readonly rules: number;
  /** How many files were looked into, those in which something is defined among them. */
  readonly files: number;
  /** Those in files, and those of the configuration that stand in none. */
  readonly dashboards: number;
  /** How many files were taken as the configuration says from which they were generated. */
  readonly generated: number;
  /** Whether names of metrics and labels could be checked. */
  readonly isCatalogKnown: boolean;
}

/**
 * Checks a repository.
 * @throws RangeError when `disabled` names a check that does not exist
 */
export function checkRepository(input: CheckInput, options: CheckRepositoryOptions): RepositoryReport {
  const { disabled = [], nowMs, families: more = [] } = options;
  const families = [...CHECK_FAMILIES, ...more];
  const names = new Set([...ALL_CHECK_NAMES, ...more.flatMap((family) => family.names)]);
  for (const name of disabled)
    if (!names.has(name))
      throw new RangeError(
        `there is no check ${JSON.stringify(name)}; there are ${[...names].sort().join(', ')}`,
      );
  const off = new Set(disabled);
  const isEnabled = (check: string): boolean => !off.has(check);
  const found: Problem[] = [];
  const context = makeContext(input, (check, subject, place, finding) => {
    if (isEnabled(check)) found.push({ check, subject, place, ...finding });
  });
  for (const family of families) family.run(context, isEnabled, (problem) => found.push(problem));
  const needCatalog = new Set(families.flatMap((family) => family.namesThatNeedCatalog));
  const { problems, ignored } = suppress(found, context.files.values(), {
    names,
    isMade: (check) => isEnabled(check) && (context.isCatalogKnown || !needCatalog.has(check)),
    nowMs,
  });
  return {
    problems: inOrder(problems),
    ignored,
    rules: context.rules.length,
    files: FILE_KINDS.reduce((sum, kind) => sum + context.ofKind(kind).length, 0),
    dashboards: readDashboards(context).dashboards.length,
    generated: generatedWithChecks(context),
    isCatalogKnown: context.isCatalogKnown,
  };
}

/** Of the generated files, those that have rules or dashboards: the others are checked as all files are. */
function generatedWithChecks(context: CheckContext): number {
  const manifests = context.ofKind('kubernetes').filter(({ text }) => RULE_MANIFEST.test(text));
  const files = [...context.ofKind('rules'), ...context.ofKind('dashboard'), ...manifests];
  return files.filter((file) => context.isGenerated(file)).length;
}

/** By place, each once. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const unique = new Map(
    problems.map((problem) => {
      const { check, subject, message, place } = problem;
      return [JSON.stringify([place.file, place.line, place.column, check, subject, message]), problem];
    }),
  );
  return [...unique.values()].sort(
    (a, b) =>
      compare(a.place.file, b.place.file) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column ||
      compare(a.check, b.check) ||
      compare(a.message, b.message),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
