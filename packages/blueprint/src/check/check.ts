/**
 * What a check is: one kind of mistake, looked for in one subject at a time. A file of its own, a table of tests and a
 * page in `docs/checks`, all of its name.
 *
 * Checks of one kind of subject (rules, dashboards, the repository's files) make a family; `registry.ts` lists the
 * families. A check needs no knowledge of suppression, order or output.
 */
import type { Catalog, Expr } from '@binnacle/promql';
import type { ServiceCatalog } from '../catalog/catalog-data.ts';
import type { Config } from '../config/config.ts';
import type { DefinitionPlace } from '../definition-place.ts';
import type { FileKind } from './file-kind.ts';
import type { Place, Problem } from './problem.ts';
import type { Exposed } from './repository/exposed-checks.ts';
import type { RuleSubject } from './rule-subject.ts';
import type { SourceFile } from './source-file.ts';

/** What is found at a place, without what the framework knows. */
export type CheckFinding = Pick<Problem, 'severity' | 'message' | 'reason' | 'remedy' | 'suggestion'>;

/** Takes a mistake and its place. */
export type Report = (place: Place, finding: CheckFinding) => void;

/** One kind of mistake. */
export interface Check<Subject> {
  /** Kebab case; unique among all checks. */
  readonly name: string;
  /** Whether nothing is found without a catalog. */
  readonly needsCatalog?: boolean;
  /** Looks at one subject. */
  inspect(subject: Subject, report: Report): void;
}

/** What all subjects have. */
export interface CheckSubject {
  /** As {@link Problem.subject}: `alert HighErrorRate`, `panel "Overview / Success rate"`. */
  readonly subject: string;
  readonly context: CheckContext;
}

/** The repository at once, for mistakes that lie between files. */
export interface RepositorySubject extends CheckSubject {
  /** Empty. */
  readonly subject: '';
}

/** A check of rules. */
export type RuleCheck = Check<RuleSubject>;

/** What is known while checking. */
export interface CheckContext {
  /** All files that were read, by path, in the order of their paths. */
  readonly files: ReadonlyMap<string, SourceFile>;
  /** The files of a kind, in the order of their paths. */
  ofKind(kind: FileKind): readonly SourceFile[];
  /** Whether a file is as it was generated from the configuration, where the rules and dashboards in it are checked. */
  isGenerated(file: SourceFile): boolean;
  /** Whether there is a file or folder of this path, also where it was not read. */
  exists(path: string): boolean;
  readonly config: Config | undefined;
  /** What running services expose, where that was read. */
  readonly exposed: readonly Exposed[];
  /** What each service has; empty where nothing is known of any. */
  readonly catalogs: readonly ServiceCatalog[];
  /**
   * What all services have together, and what the rules record. Without catalogs it has the recorded names only, and
   * {@link isCatalogKnown} is false: a name that is not in it may exist.
   */
  readonly catalog: Catalog;
  readonly isCatalogKnown: boolean;
  /** The catalog of those services that an expression can select from, by its matchers of `job` and target labels. */
  catalogFor(expr: Expr): Catalog;
  /** Jobs that are scraped and whose metrics nobody has told: a name that is not in the catalog may be theirs. */
  readonly uncataloguedJobs: readonly string[];
  /** How often targets are scraped where nothing else is said; undefined when nobody says it. */
  readonly scrapeIntervalMs: number | undefined;
  /** The same of the series of an expression, by the jobs that it names. */
  scrapeIntervalFor(expr: Expr): number | undefined;
  /** All rules, of files and of the configuration. */
  readonly rules: readonly RuleSubject[];
  /** The rules that record a name. */
  recordingsOf(name: string): readonly RuleSubject[];
  /** The services that have series of a name. */
  servicesHaving(name: string): readonly ServiceCatalog[];
  /** Where a definition in TypeScript stands, as it is shown; the configuration where that is not known. */
  definitionPlace(place: DefinitionPlace | undefined): Place;
}

/** Checks that look at subjects of the same kind. */
export interface CheckFamily {
  /** The names of its checks. */
  readonly names: readonly string[];
  /** Those that find nothing without a catalog. */
  readonly namesThatNeedCatalog: readonly string[];
  /** Makes those checks that are enabled. */
  run(context: CheckContext, isEnabled: (check: string) => boolean, report: (problem: Problem) => void): void;
}

/** A family of checks that are made of each subject alone. */
export function checkFamily<Subject extends CheckSubject>(
  checks: readonly Check<Subject>[],
  subjectsOf: (context: CheckContext) => Iterable<Subject>,
): CheckFamily {
  return {
    names: checks.map(({ name }) => name),
    namesThatNeedCatalog: checks.filter(({ needsCatalog }) => needsCatalog).map(({ name }) => name),
    run(context, isEnabled, report) {
      const enabled = checks.filter(({ name }) => isEnabled(name));
      if (enabled.length === 0) return;
      for (const subject of subjectsOf(context)) {
        for (const check of enabled) {
          check.inspect(subject, (place, finding) =>
            report({ check: check.name, place, subject: subject.subject, ...finding }),
          );
        }
      }
    },
  };
}
