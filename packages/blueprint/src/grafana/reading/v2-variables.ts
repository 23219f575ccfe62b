/** Variables and annotations of the V2 model, by their classic names. */
import { isObject, type JsonObject, type JsonValue, objectOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { datasourceOf } from './v2-datasource.ts';

const TYPES: ReadonlyMap<string, string> = new Map([
  ['QueryVariable', 'query'],
  ['TextVariable', 'textbox'],
  ['ConstantVariable', 'constant'],
  ['DatasourceVariable', 'datasource'],
  ['IntervalVariable', 'interval'],
  ['CustomVariable', 'custom'],
  ['GroupByVariable', 'groupby'],
  ['AdhocVariable', 'adhoc'],
  ['SwitchVariable', 'switch'],
]);

/** Numbers that V2 gives names, in the order of the numbers. */
const NUMBERED: ReadonlyMap<string, readonly string[]> = new Map([
  ['hide', ['dontHide', 'hideLabel', 'hideVariable', 'inControlsMenu']],
  ['refresh', ['never', 'onDashboardLoad', 'onTimeRangeChanged']],
  [
    'sort',
    [
      'disabled',
      'alphabeticalAsc',
      'alphabeticalDesc',
      'numericalAsc',
      'numericalDesc',
      'alphabeticalCaseInsensitiveAsc',
      'alphabeticalCaseInsensitiveDesc',
      'naturalAsc',
      'naturalDesc',
    ],
  ],
]);

/** A variable of V2. */
export function fromV2Variable(variable: JsonObject, ledger: Ledger): JsonObject {
  const spec = objectOf(variable.spec);
  const out: JsonObject = {
    type: TYPES.get(String(variable.kind)) ?? String(variable.kind ?? '').replace(/Variable$/, ''),
  };
  ledger.derive(out, variable);
  for (const key of Object.keys(spec)) ledger.carry(spec, key, out);
  for (const [key, names] of NUMBERED) {
    const index = names.indexOf(String(out[key]));
    if (index >= 0) out[key] = index;
  }
  if (isObject(out.query)) queryOf(out, out.query, ledger);
  else if (typeof variable.group === 'string' && out.datasource === undefined)
    datasourceOf(variable, {}, out, ledger);
  if (out.type === 'datasource') ledger.carry(out, 'pluginId', out, 'query');
  return out;
}

/** The query of a variable, whose text the classic model keeps as `query.query`. */
function queryOf(out: JsonObject, query: JsonObject, ledger: Ledger): void {
  const spec: JsonObject = isObject(query.spec) ? query.spec : {};
  datasourceOf(query, out, out, ledger);
  // The converter of Grafana itself puts a text query under this name.
  if (typeof spec.__legacyStringValue === 'string') ledger.carry(spec, '__legacyStringValue', out, 'query');
  else out.query = spec;
}

/** An annotation of V2. */
export function fromV2Annotation(annotation: JsonObject, ledger: Ledger): JsonObject {
  const spec = objectOf(annotation.spec);
  const out: JsonObject = {};
  ledger.derive(out, annotation);
  const query = objectOf(spec.query);
  const asked: JsonValue | undefined = query.spec;
  datasourceOf(query, spec, out, ledger);
  for (const key of Object.keys(spec)) if (key !== 'query') ledger.carry(spec, key, out);
  if (out.builtIn === true) out.builtIn = 1;
  // A query of Prometheus's annotations is flat in the classic model: `expr` beside `name`.
  if (isObject(asked)) {
    if (typeof asked.expr === 'string') for (const key of Object.keys(asked)) ledger.carry(asked, key, out);
    else if (Object.keys(asked).length > 0) out.target = asked;
  }
  const legacy = objectOf(out.legacyOptions);
  for (const key of Object.keys(legacy)) if (out[key] === undefined) ledger.carry(legacy, key, out);
  if (isObject(out.legacyOptions) && Object.keys(legacy).length === 0) delete out.legacyOptions;
  return out;
}
