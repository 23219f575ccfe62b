/** Reads relabelling rules (`relabel_configs` and their kin) with Prometheus's defaults and checks. */
import { type RelabelAction, type RelabelRule, relabelRegex } from '../relabel.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

const ACTIONS: readonly RelabelAction[] = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
];

const DEFAULT_SEPARATOR = ';';
const DEFAULT_REPLACEMENT = '$1';
const DEFAULT_REGEX = relabelRegex('(.*)');
const UINT64_MAX = 2n ** 64n - 1n;

/** The rules in a field of a mapping; none where it is absent. */
export function readRelabelRules(map: YamlMap | undefined, name: string): RelabelRule[] {
  return (map?.items(name) ?? []).flatMap((item) => {
    const fields = item.map();
    return fields === undefined ? [] : [readRule(fields, item)];
  });
}

function readRule(map: YamlMap, node: YamlNode): RelabelRule {
  const actionText = map.text('action') ?? 'replace';
  const action = ACTIONS.find((known) => known === actionText.toLowerCase());
  if (action === undefined)
    map.field('action')?.problem(`${node.path}.action must be one of ${ACTIONS.join(', ')}`);
  const regexNode = map.field('regex');
  const rule: RelabelRule = {
    action: action ?? 'replace',
    sourceLabels: map.items('source_labels').flatMap(readLabelName),
    separator: map.text('separator') ?? DEFAULT_SEPARATOR,
    regex: regexNode === undefined ? DEFAULT_REGEX : readRegex(regexNode),
    modulus: readModulus(map),
    targetLabel: map.text('target_label') ?? '',
    replacement: map.text('replacement') ?? DEFAULT_REPLACEMENT,
  };
  if (action !== undefined) checkRule(rule, map, node, regexNode !== undefined);
  map.finish();
  return rule;
}

function readLabelName(item: YamlNode): string[] {
  const name = item.text();
  if (name === undefined) return [];
  if (name === '') item.problem(`${item.path} must be a label name`);
  return [name];
}

function readRegex(node: YamlNode): RelabelRule['regex'] {
  const source = node.text() ?? '';
  try {
    return relabelRegex(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    node.problem(`${node.path} is not a valid regular expression (RE2): ${reason}`);
    return DEFAULT_REGEX;
  }
}

function readModulus(map: YamlMap): bigint {
  const node = map.field('modulus');
  const text = node?.text();
  if (node === undefined || text === undefined) return 0n;
  if (/^\d+$/.test(text) && BigInt(text) <= UINT64_MAX) return BigInt(text);
  node.problem(`${node.path} must be a whole number, 0 or more`);
  return 0n;
}

/** What does not go together is a mistake: it would be ignored silently. */
function checkRule(rule: RelabelRule, map: YamlMap, node: YamlNode, hasRegex: boolean): void {
  const { action, targetLabel, replacement, separator, modulus } = rule;
  const isEqual = action === 'keepequal' || action === 'dropequal';
  const isCase = action === 'lowercase' || action === 'uppercase';
  const needsTarget = action === 'replace' || action === 'hashmod' || isCase || isEqual;
  const problem = (words: string): void => node.problem(`${node.path}: ${words}`);
  if (needsTarget && targetLabel === '') problem(`the action ${action} needs target_label`);
  if (action === 'hashmod' && modulus === 0n) problem('the action hashmod needs a modulus that is not 0');
  if (action === 'labelmap' && replacement === '') problem('the action labelmap needs a replacement');
  const hasOthers = replacement !== DEFAULT_REPLACEMENT || separator !== DEFAULT_SEPARATOR || modulus !== 0n;
  if (isCase && replacement !== DEFAULT_REPLACEMENT)
    problem(`replacement does not go with the action ${action}`);
  if (isEqual && (hasOthers || hasRegex))
    problem(`the action ${action} takes source_labels and target_label, and nothing else`);
  const isName = action === 'labeldrop' || action === 'labelkeep';
  if (isName && (hasOthers || targetLabel !== '' || map.field('source_labels') !== undefined))
    problem(`the action ${action} takes regex, and nothing else`);
}
