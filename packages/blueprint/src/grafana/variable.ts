/** Variables in Grafana's words. */
import type { Variable, VariableSort } from '../dashboard/variable.ts';
import type { GrafanaDatasource, GrafanaOption, GrafanaVariable } from './json.ts';
import { withRest } from './rest.ts';

/** The variable that every dashboard has whose data source is its reader's choice. */
export const DATASOURCE_VARIABLE: GrafanaVariable = renderKnown(
  { type: 'datasource', name: 'datasource', label: 'Data source', plugin: 'prometheus', regex: '' },
  { type: 'prometheus', uid: '' },
);

/** Renders one variable. */
export function renderVariable(variable: Variable, datasource: GrafanaDatasource): GrafanaVariable {
  return withRest(renderKnown(variable, datasource), variable.rest);
}

const SORTS: Readonly<Record<VariableSort, 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8>> = {
  none: 0,
  ascending: 1,
  descending: 2,
  'numerical ascending': 3,
  'numerical descending': 4,
  'ascending without case': 5,
  'descending without case': 6,
  'natural ascending': 7,
  'natural descending': 8,
};

const REFRESHES = { never: 0, load: 1, time: 2 } as const;

function renderKnown(variable: Variable, datasource: GrafanaDatasource): GrafanaVariable {
  const { name, label, description, hide } = variable;
  const common = {
    name,
    label,
    ...(description !== undefined && { description }),
    hide: hide === undefined ? 0 : hide === 'label' ? 1 : 2,
  } as const;
  switch (variable.type) {
    case 'label':
    case 'query': {
      const query = variable.type === 'query' ? variable.query : labelValues(variable);
      return {
        ...common,
        type: 'query',
        datasource,
        definition: query,
        query: { query, refId: 'StandardVariableQuery' },
        regex: variable.regex,
        ...choiceOf(variable),
        options: [],
        refresh: REFRESHES[variable.refresh ?? 'time'],
        sort: SORTS[variable.sort],
      };
    }
    case 'custom': {
      const { values, texts = values } = variable;
      const chosen = chosenOf(variable) ?? values.slice(0, 1);
      const options = values.map((value, i) => ({
        selected: chosen.includes(value),
        text: texts[i] ?? value,
        value,
      }));
      const current = { text: chosen.map((value) => texts[values.indexOf(value)] ?? value), value: chosen };
      return {
        ...common,
        type: 'custom',
        query: values.map((value, i) => choiceText(texts[i] ?? value, value)).join(','),
        ...choiceOf(variable),
        current: isAll(chosen) ? ALL : variable.multi ? current : single(current),
        options,
      };
    }
    case 'interval': {
      const { values, auto } = variable;
      const chosen = variable.default ?? values[0] ?? '';
      const options = values.map((value) => ({ selected: value === chosen, text: value, value }));
      return {
        ...common,
        type: 'interval',
        query: values.join(','),
        current: { selected: true, text: chosen, value: chosen },
        options,
        refresh: 2,
        auto: auto !== undefined,
        ...(auto !== undefined && { auto_count: auto.count, auto_min: auto.min }),
      };
    }
    case 'textbox':
    case 'constant': {
      const value = variable.type === 'textbox' ? variable.default : variable.value;
      const option = { selected: true, text: value, value };
      return { ...common, type: variable.type, query: value, current: option, options: [option] };
    }
    case 'datasource': {
      const { plugin, regex } = variable;
      const current =
        variable.default === undefined ? {} : { text: variable.default, value: variable.default };
      return {
        ...common,
        type: 'datasource',
        query: plugin,
        regex,
        current,
        includeAll: false,
        multi: false,
        options: [],
        refresh: 1,
      };
    }
    case 'other':
      // Of no kind that the types know.
      return { ...variable.json, name, label, type: variable.kind } as unknown as GrafanaVariable;
  }
}

function labelValues({ metric, of }: { readonly metric: string; readonly of: string }): string {
  return metric === '' ? `label_values(${of})` : `label_values(${metric}, ${of})`;
}

const ALL: GrafanaOption = { text: 'All', value: '$__all' };

/** What a variable has that is chosen from a list. */
interface Choice {
  readonly multi: boolean;
  readonly all: boolean;
  readonly allValue: string;
  readonly default?: string | readonly string[];
}

function chosenOf(choice: Choice): readonly string[] | undefined {
  if (choice.default !== undefined) return [choice.default].flat();
  return choice.all ? ['$__all'] : undefined;
}

function isAll(chosen: readonly string[]): boolean {
  return chosen.length === 1 && chosen[0] === '$__all';
}

function choiceOf(choice: Choice) {
  const chosen = chosenOf(choice);
  return {
    current:
      chosen === undefined
        ? {}
        : isAll(chosen)
          ? ALL
          : choice.multi
            ? { text: chosen, value: chosen }
            : single({ text: chosen, value: chosen }),
    includeAll: choice.all,
    ...(choice.allValue !== '' && { allValue: choice.allValue }),
    multi: choice.multi,
  };
}

function single({
  text,
  value,
}: {
  readonly text: readonly string[];
  readonly value: readonly string[];
}): GrafanaOption {
  return { text: text[0] ?? '', value: value[0] ?? '' };
}

/** A choice as Grafana writes it in a list: `text : value`, commas escaped. */
function choiceText(text: string, value: string): string {
  const escaped = (part: string): string => part.replaceAll(',', '\\,');
  return text === value ? escaped(value) : `${escaped(text)} : ${escaped(value)}`;
}
