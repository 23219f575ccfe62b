/** Overrides and transformations for a series or a column that the panel cannot have. */
import { nearest } from '@binnacle/promql';
import type { InventoryPanel, LabelUse, PanelQuery } from '../../../grafana/inventory.ts';
import { textOf } from '../../../grafana/reading/json.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { type AskedQuery, panelSubject } from '../dashboard-subject.ts';

/** Transformations that only choose, order and rename what is there. */
const KEEP_NAMES: ReadonlySet<string> = new Set([
  'organize',
  'sortBy',
  'limit',
  'filterFieldsByName',
  'filterByRefId',
  'filterByValue',
  'merge',
  'joinByField',
  'seriesToColumns',
  'labelsToFields',
]);
/** Columns that tables have beside labels. */
const COLUMNS = ['Time', 'Value'];
/** More values of labels are not multiplied out. */
const NAMES_MAX = 1_000;

/** Reports names that no series or column of the panel can have. */
export const unknownSeries: DashboardCheck = {
  name: 'unknown-series',
  inspect({ inventory, asked, place }, report) {
    for (const panel of inventory.panels) {
      const uses = panel.labelUses.filter(
        ({ kind }) => kind === 'override' || kind === 'column' || kind === 'rename',
      );
      if (uses.length === 0) continue;
      const queries = asked.filter((one) => one.panel === panel);
      // What another language answers with is not known.
      if (queries.length !== panel.queries.length) continue;
      const names = namesOf(panel, queries);
      if (names === undefined) continue;
      const overridden = new Set(uses.flatMap(({ kind, name }) => (kind === 'override' ? [name] : [])));
      const isPalette = [...names].every((name) => overridden.has(name) || COLUMNS.includes(name));
      for (const use of uses) {
        if (names.has(use.name) || isFilledIn(use)) continue;
        // A palette is often that of several panels, and has more colours than one of them needs.
        if (isPalette && onlyColors(use, panel)) continue;
        const suggestion = nearest(use.name, names);
        report(panelSubject(panel), place(use.pointer), {
          severity: suggestion === undefined && onlyColors(use, panel) ? 'info' : 'warning',
          message: `there is no ${use.kind === 'override' ? 'series' : 'column'} ${JSON.stringify(use.name)}`,
          reason:
            use.kind === 'override'
              ? 'the override changes nothing'
              : 'the transformation does nothing to it',
          remedy: names.size === 0 ? 'remove it.' : `there are ${[...names].sort().slice(0, 8).join(', ')}.`,
          ...(suggestion !== undefined && { suggestion }),
        });
      }
    }
  },
};

/** Whether the override says nothing but which colour the series has. */
function onlyColors({ pointer }: LabelUse, { json }: InventoryPanel): boolean {
  const index = Number(/\/fieldConfig\/overrides\/(\d+)\//.exec(pointer)?.[1]);
  return json.fieldConfig?.overrides[index]?.properties.every(({ id }) => id === 'color') ?? false;
}

function isFilledIn({ name }: LabelUse): boolean {
  return name.includes('$') || name.includes('[[');
}

/** All names that series and columns can have; undefined where they cannot be told. */
function namesOf({ json }: InventoryPanel, queries: readonly AskedQuery[]): Set<string> | undefined {
  const names = new Set<string>();
  const transformations = json.transformations ?? [];
  if (!transformations.every(({ id }) => KEEP_NAMES.has(id))) return undefined;
  const hasTable =
    transformations.length > 0 || queries.some(({ query }) => (query as PanelQuery).format === 'table');
  for (const { query, expression } of queries) {
    const { refId, legend } = query as PanelQuery;
    if (expression.tree === undefined || expression.groupsByVariable) return undefined;
    const { labels } = expression.facts(expression.tree);
    if (hasTable) {
      if (labels.open) return undefined;
      for (const name of [...COLUMNS, `Value #${refId}`, ...labels.names(), 'job', 'instance'])
        names.add(name);
    }
    const known = seriesNames(legend, (label) => labels.get(label).values);
    if (known === undefined) return undefined;
    for (const name of known) names.add(name);
  }
  for (const { options } of transformations) {
    const renamed =
      options !== null && typeof options === 'object' && !Array.isArray(options)
        ? options.renameByName
        : undefined;
    if (renamed === null || typeof renamed !== 'object' || Array.isArray(renamed)) continue;
    for (const to of Object.values(renamed)) names.add(textOf(to) ?? '');
  }
  for (const { properties } of json.fieldConfig?.overrides ?? [])
    for (const { id, value } of properties)
      if (id === 'displayName' && typeof value === 'string') names.add(value);
  // Named anew, all of them.
  if (
    typeof json.fieldConfig?.defaults.displayName === 'string' &&
    json.fieldConfig.defaults.displayName !== ''
  )
    return undefined;
  return names;
}

/** What a legend becomes with all values of its labels; undefined where one of them is not known. */
function seriesNames(
  legend: string,
  valuesOf: (label: string) => ReadonlySet<string> | undefined,
): readonly string[] | undefined {
  if (legend === '' || legend === '__auto' || legend.includes('$') || legend.includes('[[')) return undefined;
  let names = [''];
  let done = 0;
  for (const match of legend.matchAll(/\{\{\s*(.+?)\s*\}\}/g)) {
    const values = valuesOf(match[1]!);
    if (values === undefined || values.size * names.length > NAMES_MAX) return undefined;
    const before = legend.slice(done, match.index);
    names = names.flatMap((name) => [...values].map((value) => name + before + value));
    done = match.index + match[0].length;
  }
  return names.map((name) => name + legend.slice(done));
}
