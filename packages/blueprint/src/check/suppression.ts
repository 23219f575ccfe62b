/**
 * Findings that somebody has decided to live with, each with a reason:
 *
 *     # binnacle:ignore missing-for the probe retries three times itself
 *     # binnacle:ignore missing-runbook,alert-name until 2027-01-01 renamed with the next release
 *     # binnacle:ignore-file record-name these names are those of an old dashboard
 *
 * A comment holds for what follows it: the next line that is no comment, and the lines below that are indented deeper,
 * which is a rule in YAML and a definition in TypeScript (`// binnacle:ignore ...`). Behind a line's own text it holds
 * for that line. JSON has no comments, so there is the file `.binnacleignore`, whose lines name the path:
 *
 *     dashboards/overview.json panel-unit [Uploads] : it counts uploads
 *     vendor/** missing-runbook until 2027-01-01 : not ours
 *
 * A line that says no reason, names an unknown check or suppresses nothing is a problem itself.
 */
import { nearest } from '@binnacle/promql';
import type { CheckFinding } from './check.ts';
import type { Place, Problem } from './problem.ts';
import type { SourceFile } from './source-file.ts';

/** The name of the file in which findings of files without comments are suppressed. */
export const IGNORE_FILE = '.binnacleignore';

/** The check of suppressions themselves. It cannot be suppressed. */
export const IGNORE_CHECK = 'ignore-comment';

/** One suppression. */
interface Suppression {
  readonly place: Place;
  readonly checks: readonly string[];
  /** Milliseconds since 1970; undefined for ever. */
  readonly untilMs: number | undefined;
  readonly covers: (problem: Problem) => boolean;
  isUsed: boolean;
}

/** What is known of the checks of this run. */
export interface SuppressionSettings {
  /** All checks that there are. */
  readonly names: ReadonlySet<string>;
  /** Whether a check was made: one that was not suppresses nothing, and that is no mistake. */
  readonly isMade: (check: string) => boolean;
  readonly nowMs: number;
}

/** What is left of the problems, and how many were suppressed. */
export interface Suppressed {
  readonly problems: readonly Problem[];
  readonly ignored: number;
}

/** Takes out what is suppressed, and puts in what is wrong with suppressions. */
export function suppress(
  problems: readonly Problem[],
  files: Iterable<SourceFile>,
  settings: SuppressionSettings,
): Suppressed {
  const own: Problem[] = [];
  const report = (place: Place, finding: CheckFinding): void => {
    own.push({ check: IGNORE_CHECK, place, subject: '', ...finding });
  };
  const suppressions: Suppression[] = [];
  for (const file of files) suppressions.push(...suppressionsIn(file, settings, report));
  const left = problems.filter((problem) => {
    const covering = suppressions.filter((one) => one.checks.includes(problem.check) && one.covers(problem));
    for (const one of covering) one.isUsed = true;
    return !covering.some(({ untilMs }) => untilMs === undefined || untilMs > settings.nowMs);
  });
  for (const { place, checks, isUsed } of suppressions) {
    if (isUsed || !checks.every(settings.isMade)) continue;
    report(place, {
      severity: 'warning',
      message: `nothing is suppressed here: ${checks.join(', ')} ${checks.length === 1 ? 'finds' : 'find'} nothing`,
      reason: 'a suppression that is not needed hides the next mistake of its kind',
      remedy: 'remove it.',
    });
  }
  return { problems: [...left, ...own], ignored: problems.length - left.length };
}

type ReportFinding = (place: Place, finding: CheckFinding) => void;

function suppressionsIn(
  file: SourceFile,
  settings: SuppressionSettings,
  report: ReportFinding,
): Suppression[] {
  if (file.path === IGNORE_FILE || file.path.endsWith(`/${IGNORE_FILE}`))
    return linesOf(file, settings, report);
  // The search is fast, and few files have any.
  if (!file.text.includes('binnacle:ignore') || file.path.endsWith('.json')) return [];
  return commentsOf(file, settings, report);
}

const COMMENT = /(?:#|\/\/)[ \t]*binnacle:ignore(-file)?(?=\s|$)[ \t]*(.*)$/;
const DIRECTIVE = /^(\S*)(?:[ \t]+until[ \t]+(\S+))?[ \t]*(.*)$/;

function commentsOf(file: SourceFile, settings: SuppressionSettings, report: ReportFinding): Suppression[] {
  const found: Suppression[] = [];
  for (let line = 1; line <= file.lineCount; line++) {
    const text = file.line(line);
    const comment = COMMENT.exec(text);
    if (comment === null) continue;
    const start = file.lineStart(line);
    const place = file.place(start + comment.index, start + text.length);
    const [, ofFile, rest = ''] = comment;
    const [, names = '', until, reason = ''] = DIRECTIVE.exec(rest) ?? [];
    const suppression = suppressionOf(place, { names, until, reason }, settings, report);
    if (suppression === undefined) continue;
    const range =
      ofFile === undefined
        ? rangeOf(file, line, text.slice(0, comment.index))
        : { from: 1, to: Number.MAX_VALUE };
    const covers = ({ place: at }: Problem): boolean =>
      at.file === file.path && at.line >= range.from && at.line <= range.to;
    found.push({ ...suppression, covers, isUsed: false });
  }
  return found;
}

/** The lines that a comment holds for. */
function rangeOf(file: SourceFile, line: number, before: string): { from: number; to: number } {
  let from = line;
  if (before.trim() === '') {
    from++;
    while (from < file.lineCount && /^\s*(?:#|\/\/|$)/.test(file.line(from))) from++;
  }
  const indent = indentOf(file.line(from));
  let to = from;
  for (let next = from + 1; next <= file.lineCount; next++) {
    const text = file.line(next);
    if (text.trim() === '') continue;
    if (indentOf(text) <= indent) break;
    to = next;
  }
  return { from, to };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

const IGNORE_LINE = /^(\S+)[ \t]+(\S+)(?:[ \t]+\[([^\]]*)\])?(?:[ \t]+until[ \t]+(\S+))?[ \t]*:(.*)$/;

function linesOf(file: SourceFile, settings: SuppressionSettings, report: ReportFinding): Suppression[] {
  const found: Suppression[] = [];
  const folder = file.path.slice(0, -IGNORE_FILE.length);
  for (let line = 1; line <= file.lineCount; line++) {
    const text = file.line(line).trim();
    if (text === '' || text.startsWith('#')) continue;
    const place = file.placeOfLine(line);
    const match = IGNORE_LINE.exec(text);
    if (match === null) {
      report(place, {
        severity: 'error',
        message: 'this line suppresses nothing: it is not PATH CHECK : reason',
        reason: 'what it was to suppress is reported',
        remedy:
          'write the path, the check, a colon and why: dashboards/a.json panel-unit [Panel] : it has none.',
      });
      continue;
    }
    const [, path = '', names = '', title, until, reason = ''] = match;
    const suppression = suppressionOf(place, { names, until, reason }, settings, report);
    if (suppression === undefined) continue;
    const matches = pathPattern(folder + path);
    const covers = ({ place: at, subject }: Problem): boolean =>
      matches.test(at.file) && (title === undefined || subject.includes(title));
    found.push({ ...suppression, covers, isUsed: false });
  }
  return found;
}

/** `*` stands for what has no slash, `**` for anything. */
function pathPattern(path: string): RegExp {
  const parts = path.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.*';
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

function suppressionOf(
  place: Place,
  said: { readonly names: string; readonly until: string | undefined; readonly reason: string },
  { names, nowMs }: SuppressionSettings,
  report: ReportFinding,
): Omit<Suppression, 'covers' | 'isUsed'> | undefined {
  const checks = said.names.split(',').filter((name) => name !== '');
  const unknown = checks.filter((name) => !names.has(name));
  for (const name of unknown) {
    const suggestion = nearest(name, names);
    report(place, {
      severity: 'warning',
      message: `there is no check ${name}`,
      reason: 'so nothing of that name is suppressed',
      remedy: 'name a check; each finding ends in the name of its own.',
      ...(suggestion !== undefined && { suggestion }),
    });
  }
  if (checks.length === 0 || said.reason.trim() === '') {
    report(place, {
      severity: 'warning',
      message: checks.length === 0 ? 'this says no check' : 'this says no reason',
      reason: 'whoever reads it must know what is suppressed, and whether the reason still holds',
      remedy: 'name the check and say why: binnacle:ignore missing-for the probe retries itself.',
    });
    return undefined;
  }
  if (unknown.length === checks.length) return undefined;
  const untilMs = said.until === undefined ? undefined : dateOf(said.until);
  if (untilMs === null) {
    report(place, {
      severity: 'warning',
      message: `${said.until} is no date`,
      reason: 'so nothing is suppressed',
      remedy: 'write it as 2027-01-31.',
    });
    return undefined;
  }
  if (untilMs !== undefined && untilMs <= nowMs)
    report(place, {
      severity: 'info',
      message: `the suppression ended with ${said.until}`,
      reason: 'what it suppressed is reported again',
      remedy: 'correct what is reported, or say another date.',
    });
  return { place, checks: checks.filter((name) => names.has(name)), untilMs };
}

/** The beginning of a day in UTC; null for what is no date. */
function dateOf(text: string): number | null {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
