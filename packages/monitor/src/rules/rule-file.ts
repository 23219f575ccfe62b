/**
 * Reads Prometheus rule files, with the checks of `promtool check rules`: every problem with its place, all at
 * once.
 *
 * An expression is kept twice: as written, and printed from its tree, which is how the API and links show it.
 */
import { basename } from 'node:path';
import { type Expr, ParseError, parse, printExpr } from '@binnacle/promql';
import type { ConfigProblem } from '../config/config-error.ts';
import { YamlFile, type YamlMap, type YamlNode } from '../config/yaml-reader.ts';
import { TemplateError } from '../template/template-error.ts';
import { Template } from './template.ts';

interface RuleBase {
  /** As written. */
  readonly exprText: string;
  /** Printed from the tree, on one line. */
  readonly expr: string;
  readonly tree: Expr;
  /** The group's labels and the rule's own; templates in alerting rules. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A rule that fires. */
export interface AlertingRuleConfig extends RuleBase {
  readonly type: 'alerting';
  readonly name: string;
  /** How long the expression must hold before the alert fires. */
  readonly forMs: number;
  /** How long a firing alert goes on after the expression stopped holding. */
  readonly keepFiringForMs: number;
  /** Templates. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A rule that writes a series. */
export interface RecordingRuleConfig extends RuleBase {
  readonly type: 'recording';
  /** The metric name of the result. */
  readonly name: string;
}

export type RuleConfig = AlertingRuleConfig | RecordingRuleConfig;

/** Rules that are evaluated in order, at one time. */
export interface RuleGroupConfig {
  readonly name: string;
  /** Undefined for the global evaluation interval. */
  readonly intervalMs: number | undefined;
  /** How many series or alerts one rule may have; 0 for no limit. */
  readonly limit: number;
  /** How far in the past the expressions are evaluated; undefined for the global offset. */
  readonly queryOffsetMs: number | undefined;
  readonly rules: readonly RuleConfig[];
}

export interface RuleFile {
  readonly path: string;
  readonly groups: readonly RuleGroupConfig[];
  /** What is not wrong and should be known. */
  readonly warnings: readonly ConfigProblem[];
}

/** How rule files are read. */
export interface RuleFileOptions {
  /** Whether fields that nobody knows are accepted, for files with notes of other programs. */
  readonly ignoreUnknownFields?: boolean;
}

/**
 * Reads a rule file's text. As in Prometheus, documents behind the first are not read.
 * @param path named in problems
 * @throws ConfigError with every problem
 */
export function parseRuleFile(path: string, text: string, options: RuleFileOptions = {}): RuleFile {
  const file = YamlFile.parse(path, text, { firstDocumentOnly: true });
  const finish = (map: YamlMap | undefined): void => {
    if (options.ignoreUnknownFields !== true) map?.finish();
  };
  const root = file.map;
  const groups: RuleGroupConfig[] = [];
  const names = new Set<string>();
  for (const item of root?.items('groups', false) ?? []) {
    const map = item.map();
    if (map === undefined) continue;
    const group = readGroup(map, item, finish);
    if (names.has(group.name) && group.name !== '')
      map
        .field('name')
        ?.problem(`the group name ${JSON.stringify(group.name)} is repeated in ${basename(path)}`);
    names.add(group.name);
    groups.push(group);
  }
  finish(root);
  file.throwIfProblems();
  return { path, groups, warnings: file.warnings };
}

/** Reports the fields of a mapping that nobody has asked for, unless they are to be ignored. */
type Finish = (map: YamlMap | undefined) => void;

function readGroup(map: YamlMap, item: YamlNode, finish: Finish): RuleGroupConfig {
  const name = map.required('name')?.text() ?? '';
  const intervalMs = map.durationMs('interval');
  // Prometheus takes any whole number; what is not positive is no limit.
  const limit = Math.max(0, map.field('limit')?.integer(Number.MIN_SAFE_INTEGER) ?? 0);
  const queryOffsetMs = map.durationMs('query_offset');
  const labels = readLabels(map, 'labels');
  const where = `group ${JSON.stringify(name)}`;
  const rules = map.items('rules', false).flatMap((rule) => readRule(rule, where, labels, finish) ?? []);
  if (name === '' && map.field('name') !== undefined) item.problem(`${item.path}.name must not be empty`);
  finish(map);
  return {
    name,
    // As in Prometheus, 0 stands for the global interval.
    intervalMs: intervalMs === 0 ? undefined : intervalMs,
    limit,
    queryOffsetMs,
    rules,
  };
}

function readRule(
  item: YamlNode,
  group: string,
  groupLabels: Readonly<Record<string, string>>,
  finish: Finish,
): RuleConfig | undefined {
  const map = item.map();
  if (map === undefined) return undefined;
  // As in Prometheus, an empty name is as good as none.
  const alert = map.text('alert') ?? '';
  const record = map.text('record') ?? '';
  const name = alert === '' ? record : alert;
  if (alert !== '' && record !== '')
    map
      .field('record')
      ?.problem(`${group}: a rule has either alert or record, and ${JSON.stringify(alert)} has both`);
  if (name === '') item.problem(`${group}: a rule needs alert or record`);
  const expression = readExpression(map);
  const labels = { ...groupLabels, ...readLabels(map, 'labels') };
  const annotations = readAnnotations(map);
  const forMs = map.durationMs('for') ?? 0;
  const keepFiringForMs = map.durationMs('keep_firing_for') ?? 0;
  if (alert !== '') {
    checkTemplates(map, 'labels');
    checkTemplates(map, 'annotations');
  }
  if (record !== '') {
    if (/[{}]/.test(record))
      map
        .field('record')
        ?.problem(`the metric name ${JSON.stringify(record)} holds braces: selectors go to expr`);
    const given = {
      for: forMs > 0,
      keep_firing_for: keepFiringForMs > 0,
      annotations: Object.keys(annotations).length > 0,
    };
    for (const [field, isGiven] of Object.entries(given))
      if (isGiven) map.problemAt(field, `a recording rule has no ${field}: ${JSON.stringify(record)}`);
  }
  finish(map);
  if (expression === undefined) return undefined;
  return record === ''
    ? { type: 'alerting', name, ...expression, labels, annotations, forMs, keepFiringForMs }
    : { type: 'recording', name, ...expression, labels };
}

function readExpression(map: YamlMap): { exprText: string; expr: string; tree: Expr } | undefined {
  const node = map.required('expr');
  const exprText = node?.text();
  if (node === undefined || exprText === undefined) return undefined;
  try {
    const tree = parse(exprText);
    return { exprText, expr: printExpr(tree), tree };
  } catch (error) {
    const message = `could not parse expression: ${error instanceof Error ? error.message : String(error)}`;
    if (error instanceof ParseError) node.problemInside(charactersIn(exprText, error.start), message);
    else node.problem(message);
    return undefined;
  }
}

/** How many UTF-16 code units the first bytes of a text are. */
function charactersIn(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}

function readLabels(map: YamlMap, field: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { name, value } of map.map(field)?.entries() ?? []) {
    if (name === '' || name === '__name__')
      (value ?? map.field(field))?.problem(`${JSON.stringify(name)} is not allowed as a label name`);
    else labels[name] = value?.text() ?? '';
  }
  return labels;
}

function readAnnotations(map: YamlMap): Record<string, string> {
  const annotations: Record<string, string> = {};
  for (const { name, value } of map.map('annotations')?.entries() ?? []) {
    if (name === '') map.field('annotations')?.problem('the name of an annotation must not be empty');
    annotations[name] = value?.text() ?? '';
  }
  return annotations;
}

function checkTemplates(map: YamlMap, field: 'labels' | 'annotations'): void {
  for (const { name, value } of map.map(field)?.entries() ?? []) {
    const text = value?.text();
    if (value === undefined || text === undefined) continue;
    try {
      Template.parse(text);
    } catch (error) {
      const message = `the template of ${field}.${name} is not valid: ${error instanceof Error ? error.message : String(error)}`;
      if (error instanceof TemplateError && error.offset !== undefined)
        value.problemInside(error.offset, message);
      else value.problem(message);
    }
  }
}
