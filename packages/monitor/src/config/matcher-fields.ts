/** Reads the three forms of matchers that routes and inhibition rules have. */
import {
  type AlertMatcher,
  AlertMatcherError,
  alertMatcher,
  compareMatchers,
  parseMatchers,
} from '../alert-matcher.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

/** What the older forms allow; the newer one allows any label name. */
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The matchers of a mapping, from all of its forms, in Alertmanager's order.
 * @param prefix of the fields: `''` for `match`, `match_re` and `matchers`, `source_` for `source_match`, ...
 */
export function readMatcherFields(map: YamlMap | undefined, prefix: string): readonly AlertMatcher[] {
  const matchers: AlertMatcher[] = [];
  for (const { value, name } of labelEntries(map?.map(`${prefix}match`)))
    matchers.push(alertMatcher(name, '=', value?.text() ?? ''));
  const patterns = map?.map(`${prefix}match_re`);
  for (const { value, name } of labelEntries(patterns)) {
    if (value === undefined) patterns?.problemAt(name, `${JSON.stringify(name)} needs a regular expression`);
    else matchers.push(...orProblem(value, (text) => [patternMatcher(name, text)]));
  }
  for (const item of map?.items(`${prefix}matchers`) ?? []) matchers.push(...orProblem(item, parseMatchers));
  return matchers.sort(compareMatchers);
}

function labelEntries(map: YamlMap | undefined): { name: string; value: YamlNode | undefined }[] {
  const entries = map?.entries() ?? [];
  for (const { name } of entries)
    if (!LABEL_NAME.test(name))
      map?.problemAt(name, `${JSON.stringify(name)} is not a label name; matchers takes any name, in quotes`);
  return entries;
}

/**
 * Alertmanager keeps the patterns of `match_re` with the anchors that it compiles them with, and keys of routes, which
 * receivers get and state is kept under, show them so.
 */
function patternMatcher(name: string, pattern: string): AlertMatcher {
  // First without: the anchors could mend a pattern that is broken on its own.
  alertMatcher(name, '=~', pattern);
  return alertMatcher(name, '=~', `^(?:${pattern})$`);
}

function orProblem(node: YamlNode, read: (text: string) => readonly AlertMatcher[]): readonly AlertMatcher[] {
  const text = node.text();
  try {
    return text === undefined ? [] : read(text);
  } catch (error) {
    if (!(error instanceof AlertMatcherError)) throw error;
    node.problem(`${node.path}: ${error.message}`);
    return [];
  }
}
