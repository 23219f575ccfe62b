/**
 * `binnacle check [PATH...]`: checks the rules, dashboards and configuration of a repository, with or without a
 * `binnacle.config.ts`.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import {
  ALL_CHECK_NAMES,
  checkRepository,
  hasProblemsOf,
  type Paint,
  type PaintStyle,
  type Problem,
  type RepositoryReport,
  renderGithubProblem,
  renderJsonReport,
  renderProblem,
  renderSummary,
} from '@binnacle/blueprint';
import type { Severity } from '@binnacle/promql';
import { UsageError } from '../options.ts';
import { CatalogSourceError } from '../project/catalog-source.ts';
import { CONFIG_NAMES } from '../project/find-config.ts';
import { ProjectError } from '../project/project-error.ts';
import { findFiles } from './find-files.ts';
import { generatedFiles } from './generated-files.ts';
import { definitionFiles, loadInput, projectPart } from './project-input.ts';
import { templateProblem } from './template-problem.ts';

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** The options of the command line that this command reads. */
export interface CheckFlags {
  readonly config?: string | undefined;
  readonly catalog?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly github?: boolean | undefined;
  readonly disable?: readonly string[] | undefined;
  readonly 'fail-on'?: string | undefined;
}

/** A whole command. */
export interface CheckCommandOptions {
  /** Files and folders as they were named; empty for the working directory. */
  readonly paths: readonly string[];
  readonly config: string | undefined;
  /** Files and addresses of catalogs. */
  readonly catalogs: readonly string[];
  readonly format: 'people' | 'json' | 'github';
  readonly disabled: readonly string[];
  /** The least severity that makes the command fail. */
  readonly failOn: Severity;
}

/** What the command needs of the world. */
export interface CheckCommandIo {
  readonly cwd: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly now: () => number;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly isColored: boolean;
}

/**
 * Reads what follows `binnacle check`.
 * @throws UsageError
 */
export function parseCheckCommand(rest: readonly string[], flags: CheckFlags): CheckCommandOptions {
  if (flags.json === true && flags.github === true)
    throw new UsageError('binnacle check writes --json or --github, not both');
  // A list may be given at once or bit by bit.
  const disabled = (flags.disable ?? []).flatMap((names) => names.split(',')).filter((name) => name !== '');
  for (const name of disabled)
    if (!ALL_CHECK_NAMES.includes(name))
      throw new UsageError(
        `--disable: there is no check ${JSON.stringify(name)}; there are ${ALL_CHECK_NAMES.join(', ')}`,
      );
  const failOn = flags['fail-on'] ?? 'error';
  const severity = SEVERITIES.find((known) => known === failOn);
  if (severity === undefined)
    throw new UsageError(`--fail-on takes ${SEVERITIES.join(', ')}, not ${JSON.stringify(failOn)}`);
  return {
    paths: rest,
    config: flags.config,
    catalogs: flags.catalog ?? [],
    format: flags.json === true ? 'json' : flags.github === true ? 'github' : 'people',
    disabled,
    failOn: severity,
  };
}

/**
 * Checks, and says what was found.
 * @returns the exit status: 0, or 1 where something of the named severity was found
 * @throws UsageError where there is nothing to check or an option leads nowhere
 */
export async function runCheck(options: CheckCommandOptions, io: CheckCommandIo): Promise<0 | 1> {
  const { root, starts } = startsOf(options.paths, io.cwd);
  const config = options.config === undefined ? undefined : path.resolve(io.cwd, options.config);
  const found = await findFiles(root, starts);
  const input = await loadInput(root, config, options.catalogs, { fetch: io.fetch }).catch(
    (error: unknown) => {
      if (error instanceof ProjectError || error instanceof CatalogSourceError)
        throw new UsageError(error.message, { cause: error });
      throw error;
    },
  );
  const definitions = await definitionFiles(root, input);
  const isNamed = namedBy(starts, io.cwd);
  // Where the configuration is not what is checked, what was generated from it speaks for itself.
  const isProjectChecked = input.project !== undefined && isNamed(input.project.path);
  const report = checkRepository(
    {
      ...projectPart(input),
      files: new Map([...found.files, ...definitions]),
      ...(isProjectChecked && { generated: generatedFiles(root, found.files, input.project.path) }),
      otherPaths: found.otherPaths,
      root,
      templateProblem,
    },
    { disabled: options.disabled, nowMs: io.now() },
  );
  const others = otherConfigs(root, found.otherPaths, input.project?.path);
  for (const note of [...found.notes, ...input.warnings, ...others.map(notCheckedText)]) io.complain(note);
  if (report.files === 0 && input.project === undefined)
    throw new UsageError(
      `there is nothing to check in ${options.paths.join(', ') || root}: no rule file, dashboard, prometheus.yml, alertmanager.yml or compose file`,
    );
  const isShown = (file: string): boolean =>
    // What a service exposes is named as it was given.
    options.catalogs.includes(file) ||
    isNamed(path.resolve(root, file)) ||
    (isProjectChecked && definitions.has(file));
  const shown = {
    ...report,
    problems: report.problems
      .filter(({ place }) => isShown(place.file))
      .map((problem) => shownFrom(problem, root, io.cwd, options.catalogs)),
  };
  say(shown, options.format, io);
  return hasProblemsOf(shown, options.failOn) ? 1 : 0;
}

/**
 * Whether a file is one of those that were named. A project lends its catalog to a single file without being checked
 * itself.
 */
function namedBy(starts: readonly string[], cwd: string): (file: string) => boolean {
  return (file) =>
    starts.some((start) => start === cwd || file === start || file.startsWith(start + path.sep));
}

/** A problem with its file as it is reached from where the command was called. */
function shownFrom(problem: Problem, root: string, cwd: string, sources: readonly string[]): Problem {
  const { place } = problem;
  if (sources.includes(place.file)) return problem;
  const file = path.relative(cwd, path.resolve(root, place.file)).replaceAll(path.sep, '/');
  return { ...problem, place: { ...place, file } };
}

/** The configurations of other projects below a folder: each is checked from its own, with its own metrics. */
function otherConfigs(root: string, paths: readonly string[], own: string | undefined): string[] {
  return paths.filter(
    (file) => CONFIG_NAMES.includes(path.posix.basename(file)) && path.resolve(root, file) !== own,
  );
}

function notCheckedText(config: string): string {
  return `${config} is not checked from here: binnacle check ${path.posix.dirname(config)} does it`;
}

/** One folder is the repository; several paths, or files, are parts of the working directory. */
function startsOf(paths: readonly string[], cwd: string): { root: string; starts: readonly string[] } {
  const starts = paths.map((one) => path.resolve(cwd, one));
  for (const [i, start] of starts.entries())
    if (statSync(start, { throwIfNoEntry: false }) === undefined)
      throw new UsageError(`there is no ${paths[i]}`);
  const [only, ...more] = starts;
  if (only === undefined) return { root: cwd, starts: [cwd] };
  return more.length === 0 && statSync(only).isDirectory() ? { root: only, starts } : { root: cwd, starts };
}

function say(report: RepositoryReport, format: CheckCommandOptions['format'], io: CheckCommandIo): void {
  switch (format) {
    case 'json':
      io.say(renderJsonReport(report));
      return;
    case 'github':
      for (const problem of report.problems) io.say(renderGithubProblem(problem));
      break;
    case 'people': {
      const paint = io.isColored ? TERMINAL : undefined;
      for (const problem of report.problems) io.say(`${renderProblem(problem, paint)}\n`);
    }
  }
  if (!report.isCatalogKnown)
    io.say(
      'no catalog: names of metrics and labels are not checked; give --catalog FILE|URL, or write a binnacle.config.ts',
    );
  if (report.generated > 0) {
    const files = report.generated === 1 ? '1 generated file is' : `${report.generated} generated files are`;
    io.say(
      `${files} taken as the configuration says, and checked there; whether it still says so, binnacle generate --check tells`,
    );
  }
  io.say(renderSummary(report));
}

/** SGR codes: bold, dim and colours that are legible on light and dark. */
const CODES: Readonly<Record<PaintStyle, readonly [on: string, off: string]>> = {
  error: ['\u001b[1;31m', '\u001b[0m'],
  warning: ['\u001b[1;33m', '\u001b[0m'],
  info: ['\u001b[1;36m', '\u001b[0m'],
  place: ['\u001b[1m', '\u001b[0m'],
  mark: ['\u001b[31m', '\u001b[0m'],
  check: ['\u001b[2m', '\u001b[0m'],
  label: ['\u001b[2m', '\u001b[0m'],
};

const TERMINAL: Paint = (style, text) => `${CODES[style][0]}${text}${CODES[style][1]}`;
