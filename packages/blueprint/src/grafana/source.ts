/**
 * A dashboard as the source of a module that defines it, so that a team can move a JSON into its code.
 *
 * Each part is written as a call of the builder where the builder makes the very same part; every setting is tried
 * without, and one that the builder would say anyway is left out. What the builder has no setting for, such as the id
 * of a panel, is set beside the call. A part that the builder refuses, for instance one that names a variable which
 * nobody declares, is written as the plain object that it is; it renders the same, and its author sees what to mend.
 */
import { type Annotation, annotation } from '../dashboard/annotation.ts';
import { barGauge } from '../dashboard/bar-gauge.ts';
import {
  type Dashboard,
  type DashboardSpec,
  dashboard as define,
  type Row,
  row,
} from '../dashboard/dashboard.ts';
import { gauge } from '../dashboard/gauge.ts';
import { heatmap } from '../dashboard/heatmap.ts';
import { histogram } from '../dashboard/histogram.ts';
import { type DashboardLink, link, tagLink } from '../dashboard/link.ts';
import { other } from '../dashboard/other.ts';
import type { Panel } from '../dashboard/panel.ts';
import { pie } from '../dashboard/pie.ts';
import { stat } from '../dashboard/stat.ts';
import { stateTimeline } from '../dashboard/state-timeline.ts';
import { table } from '../dashboard/table.ts';
import { text } from '../dashboard/text.ts';
import { timeseries } from '../dashboard/timeseries.ts';
import {
  constantVariable,
  customVariable,
  datasourceVariable,
  intervalVariable,
  labelVariable,
  queryVariable,
  textboxVariable,
  type Variable,
} from '../dashboard/variable.ts';
import { type JsonValue, sameJson } from './reading/json.ts';
import { Code, printCall, printValue, SPREAD } from './reading/source-printer.ts';

/** How a source may differ from the usual. */
export interface SourceOptions {
  /** What the dashboard is called in the module. Default: made of its title. */
  readonly name?: string;
  /** Where the builder is imported from. Default `@binnacle/blueprint`. */
  readonly from?: string;
}

/** Any part of a dashboard, seen as its settings. */
type Settings = Readonly<Record<string, unknown>>;

/** A way to call the builder: with these settings it is called so, and makes that. */
interface Call {
  readonly name: string;
  readonly args: (settings: Settings) => readonly unknown[];
  readonly make: (...args: never[]) => object;
}

/** The source of a module that exports the dashboard. */
export function dashboardSource(dashboard: Dashboard, options: SourceOptions = {}): string {
  const writer = new Writer();
  const value = writer.dashboard(dashboard);
  const name = options.name ?? nameOf(dashboard.title);
  const isLiteral = !(value instanceof Code);
  const imports = [...writer.used, ...(isLiteral ? ['type Dashboard'] : [])].sort((a, b) => {
    const [left, right] = [a.replace('type ', ''), b.replace('type ', '')];
    return left < right ? -1 : 1;
  });
  const head = `import ${printImports(imports)} from ${printValue(options.from ?? '@binnacle/blueprint')};`;
  const what = dashboard.description === '' ? dashboard.title : dashboard.description;
  const comment = `/** ${what.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ').trim()} */`;
  return `${head}\n\n${comment}\nexport const ${name}${isLiteral ? ': Dashboard' : ''} = ${printValue(value)};\n`;
}

function printImports(names: readonly string[]): string {
  const line = `{ ${names.join(', ')} }`;
  return line.length <= 70 ? line : `{\n${names.map((name) => `  ${name},`).join('\n')}\n}`;
}

/** `Jobs & queues` is `jobsQueues`, `HTTP errors` is `httpErrors`; a word that is taken gets another before it. */
function nameOf(title: string): string {
  const words = title.match(/[A-Za-z0-9]+/g) ?? [];
  const joined = words
    .map((word) => (/^[A-Z]+$/.test(word) ? word.toLowerCase() : word))
    .map((word, i) => (i === 0 ? word[0]!.toLowerCase() : word[0]!.toUpperCase()) + word.slice(1))
    .join('');
  if (/^[A-Za-z]/.test(joined) && !TAKEN.has(joined)) return joined;
  return `dashboard${joined.slice(0, 1).toUpperCase()}${joined.slice(1)}`.replace(
    /^dashboard$/,
    'theDashboard',
  );
}

/** Writes parts, and remembers which functions of the builder they call. */
class Writer {
  readonly used = new Set<string>();

  dashboard(dashboard: Dashboard): unknown {
    const [first, ...others] = dashboard.rows;
    const isTop = first?.headless === true && sameParts(first, { ...EMPTY_TOP, panels: first.panels });
    const parts = isTop ? { panels: first.panels, rows: others } : { rows: dashboard.rows };
    const spec = { ...without(dashboard, ['definedAt', 'rows']), ...parts } as unknown as DashboardSpec;
    const made = attempt(() => define(spec));
    const printed = {
      ...(isTop && { panels: first.panels.map((panel) => this.panel(panel)) }),
      rows: (isTop ? others : dashboard.rows).map((part) => this.row(part)),
      variables: dashboard.variables.map((variable) => this.variable(variable)),
      links: dashboard.links.map((part) => this.link(part)),
      annotations: dashboard.annotations.map((part) => this.annotation(part)),
    };
    if (made === undefined || !sameParts(made, dashboard)) {
      const rows = dashboard.rows.map((part) => this.row(part));
      return { ...without(dashboard, ['definedAt']), ...printed, panels: undefined, rows };
    }
    const needed = Object.keys(spec).filter((key) => {
      const fewer = attempt(() => define(without(spec, [key]) as unknown as DashboardSpec));
      return key === 'title' || fewer === undefined || !sameParts(fewer, dashboard);
    });
    this.used.add('dashboard');
    const settings = Object.fromEntries(
      needed.map((key) => [
        key,
        key in printed ? printed[key as keyof typeof printed] : spec[key as keyof typeof spec],
      ]),
    );
    return printCall('dashboard', [settings]);
  }

  row(part: Row): unknown {
    const panels = part.panels.map((panel) => this.panel(panel));
    const { title, panels: _, id, ...settings } = part;
    const made = row(title, part.panels, settings);
    if (!sameParts(made, without(part, ['id']))) return { ...part, panels };
    this.used.add('row');
    const { collapsed, ...more } = settings;
    const own = { ...(collapsed && { collapsed }), ...more };
    const call = printCall('row', [title, panels, ...(Object.keys(own).length > 0 ? [own] : [])]);
    return id === undefined ? call : { [SPREAD]: call, id };
  }

  panel(panel: Panel): unknown {
    return this.#part(panel, panelCall(panel));
  }

  variable(variable: Variable): unknown {
    const { name } = variable;
    switch (variable.type) {
      case 'label':
        return this.#part(variable, {
          name: 'labelVariable',
          args: ({ metric, of, ...more }) => [name, { metric, ...(of !== name && { of }), ...more }],
          make: labelVariable as Call['make'],
        });
      case 'query': {
        const result = /^query_result\((.*)\)$/s.exec(variable.query)?.[1];
        if (result === undefined) break;
        return this.#part(variable, {
          name: 'queryVariable',
          args: ({ query, ...more }) => [name, result, more],
          make: queryVariable as Call['make'],
        });
      }
      case 'custom': {
        const { values, texts } = variable;
        const listed =
          texts === undefined ? values : Object.fromEntries(texts.map((text, i) => [text, values[i]]));
        return this.#part(variable, {
          name: 'customVariable',
          args: (settings) => [name, listed, without(settings, ['values', 'texts'])],
          make: customVariable as Call['make'],
        });
      }
      case 'interval':
        return this.#part(variable, {
          name: 'intervalVariable',
          args: (settings) => [name, variable.values, without(settings, ['values'])],
          make: intervalVariable as Call['make'],
        });
      case 'textbox':
        return this.#part(variable, {
          name: 'textboxVariable',
          args: (settings) => [name, settings],
          make: textboxVariable as Call['make'],
        });
      case 'constant':
        return this.#part(variable, {
          name: 'constantVariable',
          args: (settings) => [name, variable.value, without(settings, ['value'])],
          make: constantVariable as Call['make'],
        });
      case 'datasource':
        return this.#part(variable, {
          name: 'datasourceVariable',
          args: (settings) => [name, settings],
          make: datasourceVariable as Call['make'],
        });
      case 'other':
    }
    return variable;
  }

  link(part: DashboardLink): unknown {
    return part.type === 'url'
      ? this.#part(part, {
          name: 'link',
          args: (settings) => [part.title, part.url, without(settings, ['title', 'url'])],
          make: link as Call['make'],
        })
      : this.#part(part, {
          name: 'tagLink',
          args: (settings) => [part.title, part.tags, without(settings, ['title', 'tags'])],
          make: tagLink as Call['make'],
        });
  }

  annotation(part: Annotation): unknown {
    return this.#part(part, {
      name: 'annotation',
      args: (settings) => [part.name, part.expr, without(settings, ['name', 'expr'])],
      make: annotation as Call['make'],
    });
  }

  /** The links of a panel or its values as calls. */
  #withLinks(settings: Settings): Settings {
    return Object.fromEntries(
      Object.entries(settings).map(([key, value]) => {
        const isLinks = (key === 'links' || key === 'valueLinks') && Array.isArray(value);
        return [key, isLinks ? value.map((part: DashboardLink) => this.link(part)) : value];
      }),
    );
  }

  /** A part as a call with the fewest settings, and beside it what the call does not make. */
  #part(part: object, { name, args, make }: Call): unknown {
    const wanted = without(part, ['definedAt']);
    const call = (settings: Settings) => (make as (...given: unknown[]) => object)(...args(settings));
    /** What has to be set beside the call; undefined where that cannot make the part. */
    const left = (settings: Settings): readonly string[] | undefined => {
      const made = attempt(() => call(settings)) as Settings | undefined;
      if (made === undefined) return undefined;
      if (Object.keys(made).some((key) => key !== 'definedAt' && !(key in wanted))) return undefined;
      return Object.keys(wanted).filter((key) => !sameJson(json(made[key]), json(wanted[key])));
    };
    const all = without(wanted, ['type', 'name', 'id', 'place']);
    // A chart of rates begins at 0 unless it is told not to.
    const candidates: readonly Settings[] = [all, { ...all, fromZero: false }];
    let settings = candidates.find((candidate) => left(candidate) !== undefined);
    const least = settings && left(settings);
    if (settings === undefined || least === undefined) return wanted;
    const fewest = (fewer: Settings) => {
      const then = left(fewer);
      if (then?.every((key) => least.includes(key))) settings = fewer;
    };
    for (const key of Object.keys(settings)) fewest(without(settings, [key]));
    for (const key of ['legend', 'instant']) fewest(withoutInQueries(settings, key));
    this.used.add(name);
    const given = args(this.#withLinks(settings));
    const isBare = given.length > 1 && isEmpty(given.at(-1));
    const code = printCall(name, isBare ? given.slice(0, -1) : given);
    const beside = this.#withLinks(Object.fromEntries(least.map((key) => [key, wanted[key]])));
    return least.length === 0 ? code : { [SPREAD]: code, ...beside };
  }
}

const EMPTY_TOP: Row = { title: '', panels: [], collapsed: false, headless: true };

/** What no dashboard may be called: functions of the builder that a source may call, and words of the language. */
const TAKEN: ReadonlySet<string> = new Set([
  ...['dashboard', 'row', 'timeseries', 'stat', 'gauge', 'barGauge', 'table', 'heatmap', 'histogram', 'pie'],
  ...['stateTimeline', 'text', 'other', 'link', 'tagLink', 'annotation', 'labelVariable', 'queryVariable'],
  ...['customVariable', 'intervalVariable', 'textboxVariable', 'constantVariable', 'datasourceVariable'],
  ...['arguments', 'await', 'break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default'],
  ...['delete', 'do', 'else', 'enum', 'eval', 'export', 'extends', 'false', 'finally', 'for', 'function'],
  ...['if', 'implements', 'import', 'in', 'instanceof', 'interface', 'let', 'new', 'null', 'package'],
  ...['private', 'protected', 'public', 'return', 'static', 'super', 'switch', 'this', 'throw', 'true'],
  ...['try', 'typeof', 'var', 'void', 'while', 'with', 'yield'],
]);

function panelCall(panel: Panel): Call {
  switch (panel.type) {
    case 'timeseries':
      return valueCall('timeseries', timeseries);
    case 'stat':
      return valueCall('stat', stat);
    case 'gauge':
      return valueCall('gauge', gauge);
    case 'bargauge':
      return valueCall('barGauge', barGauge);
    case 'table':
      return valueCall('table', table, ['columns', 'sortBy', 'organize']);
    case 'heatmap':
      return valueCall('heatmap', heatmap);
    case 'histogram':
      return valueCall('histogram', histogram);
    case 'piechart':
      return valueCall('pie', pie);
    case 'state-timeline':
      return valueCall('stateTimeline', stateTimeline);
    case 'text':
      return {
        name: 'text',
        args: ({ title, content, queries, ...more }) => [title, content, more],
        make: text as Call['make'],
      };
    case 'other':
      return {
        name: 'other',
        args: ({ queries, ...more }) => [{ ...more, ...(areSpoken(queries) && { queries }) }],
        make: other as Call['make'],
      };
  }
}

/** What an author can say of a query. */
const SPOKEN: ReadonlySet<string> = new Set(['expr', 'legend', 'instant', 'hidden', 'minStep', 'exemplars']);

/** Whether an author could have written these queries. */
function areSpoken(queries: unknown): queries is readonly Settings[] {
  return (
    Array.isArray(queries) &&
    queries.length > 0 &&
    queries.every((query) => Object.keys(query).every((key) => SPOKEN.has(key)))
  );
}

/** A panel that asks one thing says title and expression first. */
function valueCall(name: string, make: unknown, unsaid: readonly string[] = []): Call {
  return {
    name,
    args: ({ title, queries, ...settings }) => {
      const more = without(settings, unsaid);
      const list = Array.isArray(queries) ? queries : [];
      // The format is the kind's; what else an author cannot say is set beside the call, which then asks the first.
      const plain = list.map((query) => without(query, ['format']));
      const [only = {}] = plain;
      if (!areSpoken(plain)) return [title, only.expr, more];
      if (plain.length > 1 || Object.keys(only).some((key) => !POSITIONAL.has(key)))
        return [{ title, queries: plain, ...more }];
      // A legend or an answer at one time that the builder chooses itself need not be said.
      const least = FEWEST.find((keys) => {
        const made = attempt(() => (make as CallOne)(title, only.expr, { ...pick(only, keys), ...more }));
        return made !== undefined && sameJson(json(made.queries), json(queries));
      });
      return [title, only.expr, { ...pick(only, least ?? ['legend', 'instant']), ...more }];
    },
    make: make as Call['make'],
  };
}

type CallOne = (title: unknown, expr: unknown, settings: object) => { readonly queries: unknown };

const POSITIONAL: ReadonlySet<string> = new Set(['expr', 'legend', 'instant']);
const FEWEST: readonly (readonly string[])[] = [[], ['legend'], ['instant'], ['legend', 'instant']];

function pick(part: Settings, keys: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(part).filter(([key]) => keys.includes(key)));
}

function without(part: object, keys: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(part).filter(([key]) => !keys.includes(key)));
}

function withoutInQueries(settings: Settings, key: string): Settings {
  const { queries } = settings;
  return Array.isArray(queries)
    ? { ...settings, queries: queries.map((query: object) => without(query, [key])) }
    : settings;
}

function isEmpty(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}

/** What a call makes; undefined where the builder refuses. */
function attempt<Made>(make: () => Made): Made | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Whether two parts say the same; where they were defined does not matter. */
function sameParts(a: object, b: object): boolean {
  return sameJson(json(a), json(b));
}

/** A part as plain JSON, without the places of its definition. */
function json(part: unknown): JsonValue {
  if (part === undefined) return null;
  return JSON.parse(
    JSON.stringify(part, (key, value) => (key === 'definedAt' ? undefined : value)),
  ) as JsonValue;
}
