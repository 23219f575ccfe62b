/** What stands around the panels: title, tags, refresh, variables, annotations. */
import { kindOf } from './envelope.ts';
import { isObject, type JsonObject, type JsonValue, listOf, numberOf, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';

/** The version of the model that is written: Grafana 10.3 to 13 load it. */
export const SCHEMA_VERSION = 39;

/** Gives a dashboard all that stands around its panels, in the form of today. */
export function completeFrame(dashboard: JsonObject, ledger: Ledger): void {
  const { title } = dashboard;
  if (typeof title !== 'string' || title.trim() === '') {
    const became = typeof title === 'number' ? String(title) : 'Untitled';
    ledger.put(title === undefined ? 'missing' : 'invalid', 'a title is a text', dashboard, 'title', became);
  }
  completeTags(dashboard, ledger);
  completeRefresh(dashboard, ledger);
  if (dashboard.sharedCrosshair !== undefined && dashboard.graphTooltip === undefined)
    ledger.move(
      'older-form',
      'sharedCrosshair is graphTooltip',
      { in: dashboard, key: 'sharedCrosshair' },
      { in: dashboard, key: 'graphTooltip' },
      dashboard.sharedCrosshair === true ? 1 : 0,
    );
  if (dashboard.variables !== undefined && dashboard.templating === undefined)
    ledger.move(
      'misplaced',
      'variables stand in templating.list',
      { in: dashboard, key: 'variables' },
      { in: dashboard, key: 'templating' },
    );
  for (const name of ['templating', 'annotations']) listIn(dashboard, name, ledger);
  if (dashboard.time !== undefined && !isObject(dashboard.time))
    ledger.drop('invalid', `time is ${kindOf(dashboard.time)}`, dashboard, 'time');
}

/** Says which version the model is of, once everything has its form. */
export function completeVersion(dashboard: JsonObject, ledger: Ledger): void {
  const version = numberOf(dashboard.schemaVersion);
  if (version === undefined || version < SCHEMA_VERSION)
    ledger.put(
      version === undefined ? 'missing' : 'older-form',
      `the model is of version ${SCHEMA_VERSION}`,
      dashboard,
      'schemaVersion',
      SCHEMA_VERSION,
    );
  else if (version !== dashboard.schemaVersion)
    ledger.put('invalid', 'the version is a number', dashboard, 'schemaVersion', version);
}

function completeTags(dashboard: JsonObject, ledger: Ledger): void {
  const { tags } = dashboard;
  if (tags === undefined) return;
  const wanted: JsonValue[] =
    typeof tags === 'string'
      ? tags.split(',').map((tag) => tag.trim())
      : listOf(tags).map((tag) => (typeof tag === 'number' ? String(tag) : tag));
  const clean = wanted.filter((tag) => typeof tag === 'string' && tag !== '');
  if (!Array.isArray(tags) || clean.length !== tags.length || clean.some((tag, i) => tag !== tags[i]))
    ledger.put('invalid', 'tags are a list of texts', dashboard, 'tags', clean);
}

function completeRefresh(dashboard: JsonObject, ledger: Ledger): void {
  const { refresh } = dashboard;
  if (refresh === undefined || typeof refresh === 'string') return;
  const became = typeof refresh === 'number' && refresh > 0 ? `${refresh}s` : '';
  ledger.put('older-form', 'refresh is a text', dashboard, 'refresh', became);
}

/** `owner[name]` as `{list: [...]}`, of objects with names. */
function listIn(owner: JsonObject, name: string, ledger: Ledger): void {
  const value = owner[name];
  if (value === undefined || value === null) {
    ledger.put('missing', `a dashboard has ${name}`, owner, name, { list: [] });
    return;
  }
  if (Array.isArray(value)) {
    ledger.note('misplaced', `${name} stand in a list`, { from: { in: value }, to: { in: value } });
    owner[name] = { list: value };
  } else if (!isObject(value)) {
    ledger.fail(owner, name, `is ${kindOf(value)} and not an object with a list`);
  }
  const holder = owner[name];
  if (!isObject(holder)) return;
  if (holder.list === undefined || holder.list === null) holder.list = [];
  if (!Array.isArray(holder.list)) ledger.fail(holder, 'list', `is ${kindOf(holder.list)} and not a list`);
  for (const [i, item] of listOf(holder.list).entries()) {
    if (!isObject(item)) ledger.fail(listOf(holder.list), i, `is ${kindOf(item)} and not an object`);
    else if (name === 'templating') completeVariable(item, ledger);
    else if (textOf(item.name) === undefined)
      ledger.put('missing', 'an annotation has a name', item, 'name', '');
  }
}

function completeVariable(variable: JsonObject, ledger: Ledger): void {
  const name = textOf(variable.name);
  if (name === undefined || name === '') ledger.fail(variable, undefined, 'is a variable without a name');
  if (textOf(variable.type) === undefined)
    ledger.put('missing', 'a variable has a type', variable, 'type', 'query');
  const { query } = variable;
  if (query !== undefined && typeof query !== 'string' && !isObject(query)) {
    // Lists of values are written so by hand.
    const values = listOf(query).filter((value) => typeof value === 'string' || typeof value === 'number');
    ledger.put(
      'invalid',
      'the query of a variable is a text or an object',
      variable,
      'query',
      values.map(String).join(','),
    );
  }
}
