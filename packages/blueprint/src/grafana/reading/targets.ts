/** The queries of a panel as a list of targets, wherever and however they were written. */
import { referDatasource } from './datasource.ts';
import { kindOf } from './envelope.ts';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';

/** Where queries were found that Grafana looks for in `targets`: on the panel itself, then in its options. */
const ELSEWHERE = ['target', 'queries', 'query', 'expr', 'expression'];

/** The names that hand-written dashboards give to a legend. */
const LEGENDS = ['legend', 'legend_format', 'legendformat'];

/** Panels of these kinds ask nothing, and a query's names in them mean something else. */
const SILENT: ReadonlySet<JsonValue | undefined> = new Set(['row', 'text', 'news', 'dashlist', 'alertlist']);

/** Makes `panel.targets` a list of queries, each with a name of its own. */
export function completeTargets(
  panel: JsonObject,
  plugins: ReadonlyMap<string, string>,
  ledger: Ledger,
): void {
  if (panel.targets === undefined && !SILENT.has(panel.type)) gather(panel, ledger);
  const { targets } = panel;
  if (targets === undefined) return;
  if (isObject(targets) || typeof targets === 'string') {
    ledger.note('misplaced', 'targets are a list', {
      from: { in: panel, key: 'targets' },
      to: { in: panel, key: 'targets' },
    });
    panel.targets = [targets];
  } else if (targets === null) {
    ledger.put('invalid', 'targets are a list', panel, 'targets', []);
  } else if (!Array.isArray(targets)) {
    ledger.fail(panel, 'targets', `is ${kindOf(targets)} and not a list of queries`);
  }
  panel.targets = listOf(panel.targets).map((target, i) => completeTarget(target, i, panel, plugins, ledger));
  completeRefIds(listOf(panel.targets).filter(isObject), ledger);
}

function gather(panel: JsonObject, ledger: Ledger): void {
  for (const owner of [panel, objectOf(panel.options)]) {
    for (const key of owner === panel ? ELSEWHERE : ['targets', ...ELSEWHERE]) {
      const found = owner[key];
      const fits = typeof found === 'string' || isObject(found) || Array.isArray(found);
      if (!fits || found === '') continue;
      const list = Array.isArray(found) ? found : [found];
      if (!list.every((item) => typeof item === 'string' || isObject(item))) continue;
      ledger.move(
        'misplaced',
        `${key} stands in targets`,
        { in: owner, key },
        { in: panel, key: 'targets' },
        list,
      );
      return;
    }
  }
}

function completeTarget(
  target: JsonValue,
  index: number,
  panel: JsonObject,
  plugins: ReadonlyMap<string, string>,
  ledger: Ledger,
): JsonObject {
  if (typeof target === 'string') {
    const made: JsonObject = { expr: target };
    const list = listOf(panel.targets);
    ledger.note('misplaced', 'a query is an object', {
      from: { in: list, key: index },
      to: { in: made },
      was: target,
      became: made,
    });
    return made;
  }
  if (!isObject(target))
    return ledger.fail(listOf(panel.targets), index, `is ${kindOf(target)} and not a query`);
  referDatasource(target, plugins, ledger);
  const type = objectOf(target.datasource).type ?? objectOf(panel.datasource).type;
  // In the query of a Prometheus the text is `expr`; other plugins do call it `query`.
  if (type === 'prometheus' && target.expr === undefined && typeof target.query === 'string')
    ledger.move('misplaced', 'query is expr', { in: target, key: 'query' }, { in: target, key: 'expr' });
  if (typeof target.expr === 'string' && target.legendFormat === undefined)
    for (const key of LEGENDS)
      if (typeof target[key] === 'string' && target.legendFormat === undefined)
        ledger.move(
          'misplaced',
          `${key} is legendFormat`,
          { in: target, key },
          { in: target, key: 'legendFormat' },
        );
  return target;
}

/** `A` to `Z`, then `AA` and so on: the next one that no query of the panel has. */
function completeRefIds(targets: readonly JsonObject[], ledger: Ledger): void {
  const taken = new Set(targets.map(({ refId }) => refId));
  const seen = new Set<string>();
  let next = 0;
  for (const target of targets) {
    const refId = textOf(target.refId);
    if (refId !== undefined && refId !== '' && !seen.has(refId)) {
      seen.add(refId);
      continue;
    }
    while (taken.has(lettersOf(next))) next++;
    const name = lettersOf(next);
    taken.add(name);
    seen.add(name);
    ledger.put('ref-id', 'a query has a name of its own in its panel', target, 'refId', name);
  }
}

function lettersOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : lettersOf(Math.floor(index / 26) - 1) + last;
}
