/** One variable of the classic model in the words of ours, and in `rest` what they do not say. */
import type { JsonObject as Rest } from '../../dashboard/json.ts';
import type { Variable, VariableSort } from '../../dashboard/variable.ts';
import type { InventoryVariable } from '../inventory.ts';
import type { GrafanaDatasource } from '../json.ts';
import { renderVariable } from '../variable.ts';
import { type JsonObject, type JsonValue, listOf, objectOf, textOf } from './json.ts';
import { overlayOf, withOverlay } from './overlay.ts';

/** Reads one variable. */
export function toVariable(found: InventoryVariable, datasource: GrafanaDatasource): Variable {
  const { json } = found;
  // Without a data source it asks the default one, which is none that the dashboard names.
  const isChosen = /^\$\{?datasource\}?$/.test(datasource.uid);
  const wanted: JsonObject =
    json.type === 'query' && json.datasource === undefined && !isChosen
      ? { ...json, datasource: null }
      : json;
  const variable = ofKind(found, json);
  return withOverlay(variable, overlayOf(renderVariable(variable, datasource), wanted));
}

const SORTS: readonly VariableSort[] = [
  'none',
  'ascending',
  'descending',
  'numerical ascending',
  'numerical descending',
  'ascending without case',
  'descending without case',
  'natural ascending',
  'natural descending',
];

const REFRESHES = ['never', 'load', 'time'] as const;

function ofKind(found: InventoryVariable, json: JsonObject): Variable {
  const { name, type, values } = found;
  const { description, hide, regex, sort, refresh } = json;
  const hidden: 'label' | 'variable' | undefined = hide === 1 ? 'label' : hide === 2 ? 'variable' : undefined;
  const common: Pick<Variable, 'name' | 'label' | 'description' | 'hide'> = {
    name,
    label: textOf(json.label) ?? name,
    ...(typeof description === 'string' && { description }),
    ...(hidden !== undefined && { hide: hidden }),
  };
  switch (type) {
    case 'query': {
      const { query } = found;
      if (query?.language !== 'promql' || query.expr === '') break;
      const asked = {
        ...common,
        ...choiceOf(found, json),
        regex: textOf(regex) ?? '',
        sort: SORTS[typeof sort === 'number' ? sort : 0] ?? 'none',
        ...(refresh !== 2 && { refresh: REFRESHES[typeof refresh === 'number' ? refresh : 0] ?? 'never' }),
      } as const;
      const { ask } = query;
      // The model writes the parts anew: blanks that stood between them would be lost.
      if (ask.asks === 'label_values') {
        const metric = ask.selector?.text ?? '';
        const of = ask.label.text;
        const written = metric === '' ? `label_values(${of})` : `label_values(${metric}, ${of})`;
        if (written === query.expr) return { ...asked, type: 'label', metric, of };
      }
      return { ...asked, type: 'query', query: query.expr };
    }
    case 'custom': {
      const texts = textsOf(textOf(json.query) ?? '', values);
      return {
        ...common,
        ...choiceOf(found, json),
        type,
        values,
        ...(texts !== undefined && { texts }),
      };
    }
    case 'interval': {
      const chosen = textOf(objectOf(json.current).value);
      const count = json.auto_count;
      const isOther = chosen !== undefined && chosen !== values[0] && values.includes(chosen);
      return {
        ...common,
        type,
        values,
        ...(isOther && { default: chosen }),
        ...(json.auto === true && {
          auto: { count: typeof count === 'number' ? count : 30, min: textOf(json.auto_min) ?? '10s' },
        }),
      };
    }
    case 'textbox':
      return { ...common, type, default: values[0] ?? '' };
    case 'constant':
      return { ...common, type, value: values[0] ?? '' };
    case 'datasource': {
      const chosen = objectOf(json.current);
      const isPlain = typeof chosen.value === 'string' && chosen.text === chosen.value;
      return {
        ...common,
        type,
        plugin: textOf(json.query) ?? '',
        regex: textOf(regex) ?? '',
        ...(isPlain && { default: textOf(chosen.value)! }),
      };
    }
    default:
  }
  const { name: _, label, type: kind, ...own } = json;
  return { ...common, type: 'other', kind: type, json: own as Rest };
}

/** What can be chosen and what is chosen at first. */
function choiceOf({ multi, includeAll }: InventoryVariable, json: JsonObject) {
  const chosen = chosenOf(objectOf(json.current).value, multi);
  const isUsual = includeAll && chosen === '$__all';
  return {
    multi,
    all: includeAll,
    allValue: textOf(json.allValue) ?? '',
    ...(chosen !== undefined && !isUsual && { default: chosen }),
  };
}

function chosenOf(value: JsonValue | undefined, multi: boolean): string | readonly string[] | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  const list = listOf(value).filter((item) => typeof item === 'string');
  if (!multi || list.length === 0 || list.length !== listOf(value).length) return undefined;
  return list.length === 1 && list[0] === '$__all' ? '$__all' : list;
}

/** What is shown for each value, where a list says `text : value` somewhere. */
function textsOf(query: string, values: readonly string[]): readonly string[] | undefined {
  const texts = (query.match(/(?:\\,|[^,])+/g) ?? [])
    .map((item) => item.replaceAll('\\,', ',').trim())
    .filter((item) => item !== '')
    .map((item) => /^(.+?)\s:\s.+$/.exec(item)?.[1]?.trim() ?? item);
  return texts.length === values.length && texts.some((text, i) => text !== values[i]) ? texts : undefined;
}
