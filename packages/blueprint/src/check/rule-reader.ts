/**
 * Rules as subjects of checks, from rule files, from Kubernetes' `PrometheusRule` and from a configuration in
 * TypeScript.
 *
 * A rule file is read by what is right in it: a mistake of form is reported as `rule-file`, `promql-syntax` or
 * `template-syntax`, and the other rules are checked nevertheless.
 */
import {
  type Expr,
  formatDuration,
  indexOfByte,
  nearest,
  ParseError,
  parse,
  parseDuration,
} from '@binnacle/promql';
import type { RuleGroup } from '../rules/rule.ts';
import type { CheckFinding } from './check.ts';
import type { Place, SourceText } from './problem.ts';
import type { NamedText } from './rule-subject.ts';
import { excerpt, type SourceFile } from './source-file.ts';
import { readYaml, type YamlValue } from './yaml-source.ts';

/** The checks that are made while reading. */
export const READING_CHECKS = ['rule-file', 'promql-syntax', 'template-syntax'] as const;

/** What is wrong with a template, as the language that reads it says; undefined for one that is right. */
export type TemplateProblem = (
  text: string,
) => { readonly message: string; readonly offset: number | undefined } | undefined;

/** Takes a mistake of form. */
export type ReadingReport = (
  check: (typeof READING_CHECKS)[number],
  subject: string,
  place: Place,
  finding: CheckFinding,
) => void;

/** A rule as it was read. */
export interface ReadRule {
  readonly type: 'alert' | 'record';
  readonly name: string;
  readonly place: Place;
  readonly expr: SourceText;
  readonly tree: Expr | undefined;
  readonly labels: readonly NamedText[];
  readonly annotations: readonly NamedText[];
  readonly forMs: number;
  readonly forPlace: Place;
  readonly keepFiringForMs: number;
}

/** A group as it was read. */
export interface ReadGroup {
  readonly file: string;
  readonly name: string;
  readonly place: Place;
  readonly intervalMs: number | undefined;
  readonly rules: readonly ReadRule[];
}

const GROUP_FIELDS = [
  'name',
  'interval',
  'limit',
  'query_offset',
  'labels',
  'rules',
  'partial_response_strategy',
];
const RULE_FIELDS = ['alert', 'record', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

/** The groups of a rule file. As in Prometheus, documents behind the first are not read. */
export function readRuleFile(
  file: SourceFile,
  report: ReadingReport,
  template: TemplateProblem,
): ReadGroup[] {
  const { documents, problems } = readYaml(file);
  for (const { place, message } of problems) report('rule-file', '', place, notYaml(message));
  const [root] = documents;
  if (root === undefined) return [];
  return new RuleFileReader(file, report, template).groups(root, ['groups']);
}

/** The groups of the `PrometheusRule`s among a file's manifests. */
export function readPrometheusRules(
  file: SourceFile,
  report: ReadingReport,
  template: TemplateProblem,
): ReadGroup[] {
  const { documents, problems } = readYaml(file);
  for (const { place, message } of problems) report('rule-file', '', place, notYaml(message));
  return documents
    .filter((document) => document.get('kind')?.text()?.text === 'PrometheusRule')
    .flatMap((document) => {
      const spec = document.get('spec');
      return spec === undefined ? [] : new RuleFileReader(file, report, template).groups(spec, ['groups']);
    });
}

function notYaml(message: string): CheckFinding {
  return {
    severity: 'error',
    message: `not valid YAML: ${message}`,
    reason: 'Prometheus does not load the file, and none of its rules is evaluated',
    remedy: 'correct the file.',
  };
}

/** Reads one mapping with groups. */
class RuleFileReader {
  readonly #file: SourceFile;
  readonly #report: ReadingReport;
  readonly #template: TemplateProblem;

  constructor(file: SourceFile, report: ReadingReport, template: TemplateProblem) {
    this.#file = file;
    this.#report = report;
    this.#template = template;
  }

  groups(root: YamlValue, allowed: readonly string[]): ReadGroup[] {
    this.#unknownFields(root, allowed, '');
    const names = new Set<string>();
    return (root.get('groups')?.items() ?? []).map((item) => {
      const group = this.#group(item);
      if (names.has(group.name))
        this.#malformed(
          '',
          item.get('name')?.place ?? item.place,
          `the group name ${group.name} is repeated`,
        );
      names.add(group.name);
      return group;
    });
  }

  #group(item: YamlValue): ReadGroup {
    this.#unknownFields(item, GROUP_FIELDS, '');
    const name = item.get('name')?.text()?.text ?? '';
    if (name === '') this.#malformed('', item.place, 'a group needs a name');
    const interval = item.entry('interval');
    const labels = this.#texts(item, 'labels', '');
    return {
      file: this.#file.path,
      name,
      place: interval?.value?.place ?? item.get('name')?.place ?? item.place,
      intervalMs: this.#duration(item, 'interval', '') || undefined,
      rules: (item.get('rules')?.items() ?? []).flatMap((rule) => this.#rule(rule, labels) ?? []),
    };
  }

  #rule(item: YamlValue, groupLabels: readonly NamedText[]): ReadRule | undefined {
    const alert = item.get('alert')?.text();
    const record = item.get('record')?.text();
    const type = (alert?.text ?? '') !== '' ? 'alert' : 'record';
    const name = (type === 'alert' ? alert?.text : record?.text) ?? '';
    const subject = name === '' ? '' : `${type} ${name}`;
    this.#unknownFields(item, RULE_FIELDS, subject);
    if (name === '') this.#malformed('', item.place, 'a rule needs alert or record');
    if (type === 'alert' && (record?.text ?? '') !== '')
      this.#malformed(
        subject,
        item.entry('record')!.place,
        'a rule has either alert or record, and this one has both',
      );
    const place = item.get(type)?.place ?? item.place;
    if (type === 'record') this.#recording(item, name, subject, place);
    const expr = item.get('expr')?.text();
    if (expr === undefined || expr.text === '') {
      this.#malformed(subject, item.entry('expr')?.place ?? place, 'a rule needs expr');
      return undefined;
    }
    if (name === '') return undefined;
    const own = this.#texts(item, 'labels', subject);
    const annotations = this.#texts(item, 'annotations', subject);
    if (type === 'alert')
      for (const { name: of, value } of [...own, ...annotations]) this.#checkTemplate(subject, of, value);
    return {
      type,
      name,
      place,
      expr,
      tree: this.#parse(subject, expr),
      labels: [...groupLabels.filter((label) => own.every((other) => other.name !== label.name)), ...own],
      annotations,
      forMs: this.#duration(item, 'for', subject) ?? 0,
      forPlace: item.get('for')?.place ?? place,
      keepFiringForMs: this.#duration(item, 'keep_firing_for', subject) ?? 0,
    };
  }

  /** What a recording rule may not have. */
  #recording(item: YamlValue, name: string, subject: string, place: Place): void {
    if (/[{}]/.test(name))
      this.#malformed(subject, place, `the metric name ${name} holds braces: selectors go to expr`);
    for (const field of ['for', 'keep_firing_for', 'annotations']) {
      const entry = item.entry(field);
      if (entry?.value === undefined || name === '') continue;
      const isNone = field === 'annotations' ? entry.value.fields().length === 0 : this.#isZero(entry.value);
      if (!isNone) this.#malformed(subject, entry.place, `a recording rule has no ${field}`);
    }
  }

  #isZero(value: YamlValue): boolean {
    try {
      return parseDuration(value.text()?.text ?? '') === 0;
    } catch {
      return true;
    }
  }

  #parse(subject: string, expr: SourceText): Expr | undefined {
    try {
      return parse(expr.text);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      // At the end of the text is behind its last word, and not on the line below.
      const start = Math.min(indexOfByte(expr.text, error.start), expr.text.trimEnd().length);
      const end = indexOfByte(expr.text, Math.max(error.start, error.end));
      this.#report('promql-syntax', subject, expr.locate(start, end), syntaxFinding(error));
      return undefined;
    }
  }

  #checkTemplate(subject: string, of: string, value: SourceText): void {
    const problem = this.#template(value.text);
    if (problem === undefined) return;
    const at = Math.min(problem.offset ?? 0, value.text.length);
    this.#report('template-syntax', subject, value.locate(at, at), {
      severity: 'error',
      message: `the template of ${of} is not valid: ${problem.message}`,
      reason: 'Prometheus does not load the file, and none of its rules is evaluated',
      remedy: 'correct the template.',
    });
  }

  #texts(item: YamlValue, field: 'labels' | 'annotations', subject: string): NamedText[] {
    const entries = item.get(field)?.fields() ?? [];
    return entries.flatMap(({ name, place, value }) => {
      if (name === '' || (field === 'labels' && name === '__name__'))
        this.#malformed(subject, place, `${JSON.stringify(name)} is not allowed as a name among ${field}`);
      const text = value?.text();
      return [{ name, value: text ?? { text: '', locate: () => place } }];
    });
  }

  #duration(item: YamlValue, field: string, subject: string): number | undefined {
    const value = item.get(field);
    if (value === undefined) return undefined;
    const text = value.text()?.text ?? '';
    try {
      return parseDuration(text);
    } catch {
      this.#malformed(
        subject,
        value.place,
        `${field} must be a duration such as 5m, not ${JSON.stringify(text)}`,
      );
      return undefined;
    }
  }

  #unknownFields(item: YamlValue, allowed: readonly string[], subject: string): void {
    for (const { name, place } of item.fields())
      if (!allowed.includes(name))
        this.#malformed(
          subject,
          place,
          `there is no field ${name} here; there are ${allowed.join(', ')}`,
          nearest(name, allowed),
        );
  }

  #malformed(subject: string, place: Place, message: string, suggestion?: string): void {
    this.#report('rule-file', subject, place, {
      severity: 'error',
      message,
      reason: 'Prometheus does not load the file, and none of its rules is evaluated',
      remedy: 'correct the file.',
      ...(suggestion !== undefined && { suggestion }),
    });
  }
}

function syntaxFinding(error: ParseError): CheckFinding {
  return {
    severity: 'error',
    message: error.message.replace(/^\d+:\d+: /, ''),
    reason:
      'the expression does not parse, so Prometheus does not load the file, and none of its rules is evaluated',
    remedy: 'correct the expression.',
  };
}

/**
 * The groups of a configuration. A problem in one of their texts is shown at the line where the rule is defined, with
 * the text as it was rendered.
 * @param relative the path as it is shown of one that is absolute
 */
export function readDefinedGroups(
  groups: readonly RuleGroup[],
  configPath: string,
  relative: (path: string) => string,
): ReadGroup[] {
  return groups.map((group) => {
    const unknown: Place = { file: configPath, line: 1, column: 1 };
    const places = group.rules.map(({ definedAt }) =>
      definedAt === undefined
        ? unknown
        : { file: relative(definedAt.file), line: definedAt.line, column: definedAt.column },
    );
    return {
      file: configPath,
      name: group.name,
      place: places[0] ?? unknown,
      intervalMs: group.intervalMs,
      rules: group.rules.map((rule, i) => {
        const place = places[i]!;
        const named = (texts: Readonly<Record<string, string>>): NamedText[] =>
          Object.entries(texts).map(([name, text]) => ({ name, value: textAt(text, place) }));
        const alert = rule.type === 'alert' ? rule : undefined;
        const shown =
          alert === undefined || alert.forMs === 0 ? rule.name : `for: ${formatDuration(alert.forMs)}`;
        return {
          type: rule.type,
          name: rule.name,
          place: { ...place, excerpt: excerpt(rule.name, 0, rule.name.length) },
          expr: textAt(rule.expr, place),
          tree: parse(rule.expr),
          labels: named(rule.labels),
          annotations: named(alert?.annotations ?? {}),
          forMs: alert?.forMs ?? 0,
          forPlace: { ...place, excerpt: excerpt(shown, 0, shown.length) },
          keepFiringForMs: alert?.keepFiringForMs ?? 0,
        };
      }),
    };
  });
}

/** A text that was made by a program: every stretch of it is shown at one place. */
function textAt(text: string, place: Place): SourceText {
  return {
    text,
    locate(start, end) {
      const lineStart = text.lastIndexOf('\n', start - 1) + 1;
      const newline = text.indexOf('\n', start);
      const line = text.slice(lineStart, newline < 0 ? text.length : newline);
      return { ...place, excerpt: excerpt(line, start - lineStart, Math.min(end - lineStart, line.length)) };
    },
  };
}
