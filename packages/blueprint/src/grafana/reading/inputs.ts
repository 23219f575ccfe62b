/**
 * What Grafana asks for when a shared dashboard is imported: `__inputs` names placeholders such as
 * `${DS_PROMETHEUS}`. One for a data source becomes the dashboard's variable for it, one for a constant its
 * value. `__elements` brings the library panels along, which are put where they are shown.
 */
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, objectsOf, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';

/** Puts variables and values for the placeholders of a shared dashboard. */
export function fillInputs(dashboard: JsonObject, ledger: Ledger): void {
  const inputs = objectsOf(dashboard.__inputs).filter((input) => typeof input.name === 'string');
  if (dashboard.__inputs !== undefined) {
    ledger.drop('input', 'placeholders are filled in', dashboard, '__inputs');
    const list = listOf(objectOf(dashboard.templating).list);
    // Two inputs for one plugin may stand for two data sources: only what the file brings serves several.
    const brought = list.filter(isObject);
    const fillings = new Map<string, string>();
    for (const input of inputs) {
      const name = textOf(input.name) ?? '';
      if (input.type === 'datasource')
        fillings.set(name, `\${${datasourceVariable(input, brought, list, ledger)}}`);
      else if (typeof input.value === 'string') fillings.set(name, input.value);
    }
    if (fillings.size > 0) fill(dashboard, fillings, ledger);
  }
  if (isObject(dashboard.__elements)) placeLibraryPanels(dashboard, dashboard.__elements, ledger);
}

/** The variable that chooses a data source of the input's plugin: one that is there, or a new one in front of the others. */
function datasourceVariable(
  input: JsonObject,
  brought: readonly JsonObject[],
  list: JsonValue[],
  ledger: Ledger,
): string {
  const plugin = textOf(input.pluginId) ?? 'prometheus';
  const there = brought.find(({ type, query }) => type === 'datasource' && query === plugin);
  if (typeof there?.name === 'string') return there.name;
  const taken = new Set(list.filter(isObject).map((variable) => variable.name));
  const own = textOf(input.name) ?? '';
  const names = [...(plugin === 'prometheus' ? ['datasource'] : []), own, `${own}_source`];
  const name = names.find((candidate) => !taken.has(candidate)) ?? own;
  const variable: JsonObject = {
    type: 'datasource',
    name,
    label: textOf(input.label) ?? 'Data source',
    query: plugin,
    current: {},
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    regex: '',
  };
  ledger.derive(variable, input);
  list.splice(list.length - brought.length, 0, variable);
  ledger.note('input', `the placeholder ${textOf(input.name)} is the variable ${name}`, {
    from: { in: input },
    to: { in: variable },
  });
  return name;
}

/** Fills placeholders in every text. */
function fill(value: JsonObject | JsonValue[], fillings: ReadonlyMap<string, string>, ledger: Ledger): void {
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'string' && item.includes('$')) {
      const filled = item.replace(/\$\{(\w+)\}|\$(\w+)/g, (whole, braced, plain) => {
        return fillings.get(braced ?? plain) ?? whole;
      });
      if (filled === item) continue;
      ledger.note('input', 'a placeholder is filled in', {
        from: { in: value, key },
        to: { in: value, key },
        was: item,
        became: filled,
      });
      if (Array.isArray(value)) value[Number(key)] = filled;
      else value[key] = filled;
    } else if (Array.isArray(item) || isObject(item)) {
      fill(item, fillings, ledger);
    }
  }
}

/** Puts the models of library panels into the panels that refer to them; what the panel says itself stays. */
function placeLibraryPanels(dashboard: JsonObject, elements: JsonObject, ledger: Ledger): void {
  const place = (panel: JsonObject) => {
    const uid = textOf(objectOf(panel.libraryPanel).uid) ?? '';
    const model = Object.hasOwn(elements, uid) ? objectOf(objectOf(elements[uid]).model) : {};
    const kept = new Set(['id', 'gridPos', 'libraryPanel']);
    const missing = Object.keys(model).filter(
      (key) => !kept.has(key) && (panel[key] === undefined || key === 'type'),
    );
    if (missing.length === 0) return;
    ledger.note('input', `the library panel ${uid} is put where it is shown`, {
      from: { in: objectOf(elements[uid]) },
      to: { in: panel },
    });
    for (const key of missing) ledger.carry(model, key, panel);
  };
  for (const panel of objectsOf(dashboard.panels)) {
    place(panel);
    for (const inner of objectsOf(panel.panels)) place(inner);
  }
}
