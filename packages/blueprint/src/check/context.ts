/** What checks know: the files by kind, the rules in them, and the catalog with what the rules record. */
import {
  type CheckOptions,
  checkQuery,
  type Expr,
  type Facts,
  type Finding,
  Inference,
  indexOfByte,
  type RecordingRule,
} from '@binnacle/promql';
import type { ServiceCatalog } from '../catalog/catalog-data.ts';
import type { Config } from '../config/config.ts';
import { Catalogs } from './catalogs.ts';
import type { CheckContext } from './check.ts';
import { type FileKind, fileKind } from './file-kind.ts';
import type { Place } from './problem.ts';
import type { Exposed } from './repository/exposed-checks.ts';
import {
  type ReadGroup,
  type ReadingReport,
  type ReadRule,
  readDefinedGroups,
  readPrometheusRules,
  readRuleFile,
  type TemplateProblem,
} from './rule-reader.ts';
import type { RuleGroupSubject, RuleSubject } from './rule-subject.ts';
import { ScrapeSettings } from './scrape-settings.ts';
import { SourceFile } from './source-file.ts';

/** What is checked. */
export interface CheckInput {
  /** Texts by path relative to the folder that is checked, with slashes. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of files and folders that are there and were not read. */
  readonly otherPaths?: Iterable<string>;
  /** The configuration, and the file that it comes from. */
  readonly project?: { readonly config: Config; readonly path: string };
  /** What the services have; without any, only what needs no catalog is checked. */
  readonly catalogs?: readonly ServiceCatalog[];
  /** What running services expose, for checks of the values that labels have. */
  readonly exposed?: readonly Exposed[];
  /** Those of the files that are as they were generated from the configuration, where their rules and dashboards are checked. */
  readonly generated?: ReadonlySet<string>;
  /** The absolute path of the folder, with which definitions in TypeScript name their files. */
  readonly root?: string;
  /** Tells what is wrong with the templates of alerts; without it their syntax is not checked. */
  readonly templateProblem?: TemplateProblem;
}

/** Makes the context of one run. `report` takes what is found while reading. */
export function makeContext(input: CheckInput, report: ReadingReport): CheckContext {
  const files = new Map(
    [...input.files]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, text]) => [path, new SourceFile(path, text)]),
  );
  const byKind = new Map<FileKind, SourceFile[]>();
  for (const file of files.values()) {
    const kind = fileKind(file.path, file.text);
    if (kind === undefined) continue;
    const same = byKind.get(kind);
    if (same === undefined) byKind.set(kind, [file]);
    else same.push(file);
  }
  const ofKind = (kind: FileKind): readonly SourceFile[] => byKind.get(kind) ?? [];
  const isGenerated = ({ path }: SourceFile): boolean => input.generated?.has(path) ?? false;
  const groups = readGroups(input, (kind) => ofKind(kind).filter((file) => !isGenerated(file)), report);
  const scraping = ScrapeSettings.of(ofKind('prometheus'), ofKind('kubernetes'), input.project?.config);
  const services = input.catalogs ?? [];
  const jobs = [
    ...new Set([
      ...scraping.intervals.keys(),
      ...(input.project?.config.services ?? []).map(({ job }) => job),
    ]),
  ];
  const uncataloguedJobs = jobs.filter((job) => services.every((service) => service.job !== job));
  const catalogs = new Catalogs(
    services,
    recordingsOf(groups),
    scraping,
    jobs.length === 0 || uncataloguedJobs.length > 0,
  );
  const paths = pathsOf([...files.keys(), ...(input.otherPaths ?? [])]);
  const context: CheckContext = {
    files,
    ofKind,
    isGenerated,
    exists: (path) => paths.has(path.replace(/^\.\//, '').replace(/\/$/, '')),
    config: input.project?.config,
    exposed: input.exposed ?? [],
    catalogs: catalogs.services,
    catalog: catalogs.all,
    catalogFor: (expr) => catalogs.for(expr),
    isCatalogKnown: catalogs.services.length > 0,
    uncataloguedJobs,
    scrapeIntervalMs: scraping.intervalMs,
    scrapeIntervalFor: (expr) => scraping.intervalFor(expr),
    get rules() {
      return rules;
    },
    recordingsOf: (name) => recorded.get(name) ?? [],
    servicesHaving: (name) => catalogs.having(name),
    definitionPlace: (at) => {
      const file = shownPath(at?.file ?? input.project?.path ?? '', input);
      const { line, column } = at ?? { line: 1, column: 1 };
      const source = files.get(file);
      // What a file that was not read says there cannot be shown.
      if (at === undefined || source === undefined || line > source.lineCount) return { file, line, column };
      const start = source.lineStart(line);
      return source.place(start + column - 1, start + source.line(line).length);
    },
  };
  const rules = groups.flatMap((group) => subjectsOf(group, context));
  const recorded = new Map<string, RuleSubject[]>();
  for (const rule of rules) {
    if (rule.type !== 'record') continue;
    const same = recorded.get(rule.name);
    if (same === undefined) recorded.set(rule.name, [rule]);
    else same.push(rule);
  }
  return context;
}

function readGroups(
  input: CheckInput,
  written: (kind: FileKind) => readonly SourceFile[],
  report: ReadingReport,
): ReadGroup[] {
  const template = input.templateProblem ?? (() => undefined);
  const { project } = input;
  const relative = (path: string): string => shownPath(path, input);
  return [
    ...written('rules').flatMap((file) => readRuleFile(file, report, template)),
    ...written('kubernetes').flatMap((file) => readPrometheusRules(file, report, template)),
    ...(project === undefined
      ? []
      : readDefinedGroups(project.config.rules, relative(project.path), relative)),
  ];
}

function recordingsOf(groups: readonly ReadGroup[]): RecordingRule[] {
  return groups.flatMap(({ rules }) =>
    rules.flatMap(({ type, name, tree, labels }) =>
      type === 'record' && tree !== undefined
        ? [
            {
              record: name,
              expr: tree,
              labels: Object.fromEntries(labels.map((label) => [label.name, label.value.text])),
            },
          ]
        : [],
    ),
  );
}

/** A path as it is shown: relative to the folder that is checked, where it is in it. */
function shownPath(path: string, { root }: CheckInput): string {
  return root !== undefined && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

/** All paths, with those of the folders around them. */
function pathsOf(paths: readonly string[]): Set<string> {
  const all = new Set(paths.map((path) => path.replace(/\/$/, '')));
  for (const path of paths)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      all.add(path.slice(0, at));
  return all.add('').add('.');
}

function subjectsOf(read: ReadGroup, context: CheckContext): RuleSubject[] {
  const rules: RuleSubject[] = [];
  const group: RuleGroupSubject = {
    name: read.name,
    place: read.place,
    intervalMs: read.intervalMs,
    rules,
  };
  for (const rule of read.rules) rules.push(new Rule(rule, group, read.file, context));
  return rules;
}

/** A rule, with what is known of its expression as soon as somebody asks. */
class Rule implements RuleSubject {
  readonly type: RuleSubject['type'];
  readonly name: string;
  readonly subject: string;
  readonly place: Place;
  readonly expr: RuleSubject['expr'];
  readonly tree: Expr | undefined;
  readonly labels: RuleSubject['labels'];
  readonly annotations: RuleSubject['annotations'];
  readonly forMs: number;
  readonly forPlace: Place;
  readonly keepFiringForMs: number;
  readonly group: RuleGroupSubject;
  readonly file: string;
  readonly context: CheckContext;
  #inference: Inference | undefined;
  #findings: readonly Finding[] | undefined;

  constructor(read: ReadRule, group: RuleGroupSubject, file: string, context: CheckContext) {
    this.type = read.type;
    this.name = read.name;
    this.subject = `${read.type} ${read.name}`;
    this.place = read.place;
    this.expr = read.expr;
    this.tree = read.tree;
    this.labels = read.labels;
    this.annotations = read.annotations;
    this.forMs = read.forMs;
    this.forPlace = read.forPlace;
    this.keepFiringForMs = read.keepFiringForMs;
    this.group = group;
    this.file = file;
    this.context = context;
  }

  facts(expr: Expr): Facts {
    this.#inference ??= new Inference(this.context.catalogFor(this.tree ?? expr));
    return this.#inference.of(expr);
  }

  findings(): readonly Finding[] {
    if (this.tree === undefined) return [];
    const { catalogFor, isCatalogKnown } = this.context;
    const scrapeIntervalMs = this.context.scrapeIntervalFor(this.tree);
    const options: CheckOptions = {
      // Where no metric is known, none is unknown.
      ...(!isCatalogKnown && { disabled: ['unknown-metric'] }),
      ...(scrapeIntervalMs !== undefined && { scrapeIntervalMs }),
    };
    this.#findings ??= checkQuery(this.tree, catalogFor(this.tree), options);
    return this.#findings;
  }

  placeOf({ start, end }: { readonly start: number; readonly end: number }): Place {
    const { text } = this.expr;
    return this.expr.locate(indexOfByte(text, start), indexOfByte(text, end));
  }
}
