/**
 * A `binnacle.config.ts` as text: what `binnacle init` writes. It is code that people go on writing, so it reads like
 * what they would have written: metrics as named constants, watches as calls, one panel a line.
 */
import type { CatalogEntry } from '@binnacle/blueprint';
import type { Recognised } from './instruments.ts';
import { PLAIN_ROWS, type PlainPanel } from './plain-panels.ts';

/** A service of which something is known. */
export interface DraftService {
  readonly name: string;
  readonly job: string;
  /** `host:port`. */
  readonly target: string;
  readonly scheme: 'http' | 'https';
  readonly metricsPath: string;
  /** Where it was looked at, for the comment. */
  readonly seenAt: string;
  /** By name. */
  readonly metrics: readonly CatalogEntry[];
  readonly watches: readonly Recognised[];
  /** For what no watch takes. */
  readonly panels: readonly PlainPanel[];
  /** Metrics for which there was no room any more. */
  readonly panelsLeftOut: number;
}

/** A whole configuration. */
export interface Draft {
  readonly name: string;
  readonly services: readonly DraftService[];
}

/** Lines are at most so long, where they can be broken. */
const COLUMNS = 110;

/** The text of the file. */
export function configSource({ name, services }: Draft): string {
  const parts = services.map((service) => new ServiceSource(service, services.length === 1));
  const imports = new Set(['defineConfig', ...parts.flatMap((part) => part.imports)]);
  const dashboards = parts.flatMap((part) => part.dashboard ?? []);
  return [
    '/** What is watched here. Written by binnacle init from what runs; from now on it is yours. */',
    importLine([...imports].sort(byWord)),
    '',
    ...parts.flatMap((part) => part.definitions),
    'export default defineConfig({',
    `  name: ${text(name)},`,
    '  services: [',
    ...parts.flatMap((part) => indented(part.service, 4)),
    '  ],',
    ...(dashboards.length === 0 ? [] : ['  dashboards: [', ...indented(dashboards, 4), '  ],']),
    '});',
    '',
  ].join('\n');
}

function importLine(names: readonly string[]): string {
  const line = `import { ${names.join(', ')} } from '@binnacle/blueprint';`;
  if (line.length <= COLUMNS) return line;
  return `import {\n${names.map((name) => `  ${name},\n`).join('')}} from '@binnacle/blueprint';`;
}

/** The lines of one service. */
class ServiceSource {
  readonly #service: DraftService;
  /** What its metrics are called. */
  readonly #variable: string;
  /** The field of each metric, by its name. */
  readonly #fields: ReadonlyMap<string, string>;

  constructor(service: DraftService, isOnly: boolean) {
    this.#service = service;
    this.#variable = isOnly ? 'metrics' : `${camel(service.name)}Metrics`;
    this.#fields = fieldsOf(service.metrics.map(({ name }) => name));
  }

  /** What it takes from the package. */
  get imports(): string[] {
    const { watches, panels } = this.#service;
    return [
      ...watches.map(({ watch }) => watch),
      ...(panels.length > 0 ? ['dashboard', 'row', 'timeseries'] : []),
    ];
  }

  /** Its metrics as constants. */
  get definitions(): string[] {
    const { metrics, name, seenAt } = this.#service;
    return [
      '/**',
      ` * What ${name} showed at ${seenAt}.`,
      ' * Where its code defines metrics with @binnacle/metrics, give those instead:',
      ` * import * as ${this.#variable} from './src/metrics.ts'. A label whose values are known may be a list of them.`,
      ' */',
      `const ${this.#variable} = {`,
      ...metrics.flatMap((metric) => indented(this.#definition(metric), 2)),
      '} as const;',
      '',
    ];
  }

  #definition({ name, type, help, unit, labels, bounds, quantiles }: CatalogEntry): string[] {
    const fields = [
      `name: ${text(name)},`,
      `type: ${text(type)},`,
      ...(unit === undefined ? [] : [`unit: ${text(unit)},`]),
      ...(help === '' ? [] : [`help: ${text(help)},`]),
      ...(labels === undefined
        ? ['// Nothing has been counted yet, so that nobody can see its labels.']
        : []),
      ...labelLines(labels ?? {}),
      ...(bounds === undefined ? [] : [`buckets: [${bounds.join(', ')}],`]),
      ...(quantiles === undefined || quantiles.length === 0 ? [] : [`quantiles: [${quantiles.join(', ')}],`]),
    ];
    const field = this.#fields.get(name);
    const line = `${field}: { ${fields.join(' ').replace(/,$/, '')} },`;
    if (labels !== undefined && line.length + 2 <= COLUMNS) return [line];
    return [`${field}: {`, ...indented(fields, 2), '},'];
  }

  /** Its entry in the list of services. */
  get service(): string[] {
    const { name, job, target, scheme, metricsPath, watches } = this.#service;
    return [
      '{',
      `  name: ${text(name)},`,
      ...(job === name ? [] : [`  job: ${text(job)},`]),
      this.#variable === 'metrics' ? '  metrics,' : `  metrics: ${this.#variable},`,
      `  targets: [${text(target)}],`,
      ...(scheme === 'http' ? [] : [`  scheme: ${text(scheme)},`]),
      ...(metricsPath === '/metrics' ? [] : [`  metricsPath: ${text(metricsPath)},`]),
      ...(watches.length === 0
        ? []
        : ['  watches: [', ...watches.flatMap((watch) => indented(this.#watch(watch), 4)), '  ],']),
      '},',
    ];
  }

  #watch({ watch, name, parts, secondsMax, alertsOff }: Recognised): string[] {
    const isNamed = this.#service.watches.filter((other) => other.watch === watch).length > 1;
    const off = alertsOff.map((alert) => `${alert}: false`).join(', ');
    const options = [
      `where: { job: ${text(this.#service.job)} }`,
      ...(isNamed ? [`name: ${text(name)}`] : []),
      ...(secondsMax === undefined ? [] : [`secondsMax: ${secondsMax}`]),
      ...(off === '' ? [] : [`alerts: { ${off} }`]),
    ];
    const fields = parts.map(({ field, entry, isCount }) => {
      const metric = this.#reference(entry);
      return isCount
        ? `${field}: { name: ${text(`${entry.name}_count`)}, type: 'counter', labels: ${metric}.labels },`
        : `${field}: ${metric},`;
    });
    if (fields.length === 0) return [`${watch}({}, { ${options.join(', ')} }),`];
    const why = [
      ...(secondsMax === undefined
        ? []
        : ['// Above the greatest bucket nothing is seen: for a longer secondsMax it needs a greater one.']),
      ...(off === '' ? [] : ['// With the buckets that there are, what is off here could never fire.']),
    ];
    const line = `${watch}({ ${fields.join(' ').replace(/,$/, '')} }, { ${options.join(', ')} }),`;
    if (line.length + 8 <= COLUMNS) return [...why, line];
    return [...why, `${watch}(`, '  {', ...indented(fields, 4), '  },', `  { ${options.join(', ')} },`, '),'];
  }

  #reference({ name }: CatalogEntry): string {
    return `${this.#variable}.${this.#fields.get(name)}`;
  }

  /** The dashboard of what no watch takes; undefined where there is nothing. */
  get dashboard(): string[] | undefined {
    const { name, panels, panelsLeftOut } = this.#service;
    if (panels.length === 0) return undefined;
    const rows = PLAIN_ROWS.filter((row) => panels.some((panel) => panel.row === row));
    const title = `Other metrics of ${name}`;
    return [
      'dashboard({',
      `  title: ${text(title)},`,
      "  refresh: '30s',",
      ...(panelsLeftOut === 0 ? [] : [`  // ${panelsLeftOut} more metrics have no panel yet.`]),
      '  rows: [',
      ...rows.flatMap((row) => [
        `    row(${text(row)}, [`,
        ...panels.filter((panel) => panel.row === row).flatMap((panel) => indented(this.#panel(panel), 6)),
        '    ]),',
      ]),
      '  ],',
      '}),',
    ];
  }

  #panel({ title, expr, metric, unit, description }: PlainPanel): string[] {
    const fields = [
      `of: ${this.#reference(metric)}`,
      ...(unit === undefined ? [] : [`unit: ${text(unit)}`]),
      ...(description === undefined ? [] : [`description: ${text(description)}`]),
    ];
    const settings = `{ ${fields.join(', ')} }`;
    const line = `timeseries(${text(title)}, ${text(expr)}, ${settings}),`;
    if (line.length + 10 <= COLUMNS) return [line];
    return ['timeseries(', `  ${text(title)},`, `  ${text(expr)},`, `  ${settings},`, '),'];
  }
}

function labelLines(labels: NonNullable<CatalogEntry['labels']>): string[] {
  const fields = Object.entries(labels).map(([name, values]) => {
    const key = /^[a-zA-Z_]\w*$/.test(name) ? name : text(name);
    return `${key}: ${values === 'open' ? "'open'" : `[${values.map(text).join(', ')}]`}`;
  });
  const line = fields.length === 0 ? 'labels: {},' : `labels: { ${fields.join(', ')} },`;
  if (line.length + 4 <= COLUMNS) return [line];
  return ['labels: {', ...fields.map((field) => `  ${field},`), '},'];
}

/** A field for each metric: `httpRequestsTotal`, with a number behind where two would be the same. */
function fieldsOf(names: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of names) {
    const wanted = camel(name);
    let field = wanted;
    for (let n = 2; taken.has(field); n++) field = `${wanted}${n}`;
    taken.add(field);
    fields.set(name, field);
  }
  return fields;
}

/** `http_requests_total` becomes `httpRequestsTotal`; what cannot begin a name gets an underscore. */
function camel(name: string): string {
  const words = name.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '');
  const joined = words
    .map((word, i) => (i === 0 ? word[0]!.toLowerCase() : word[0]!.toUpperCase()) + word.slice(1))
    .join('');
  return /^[a-zA-Z]/.test(joined) ? joined : `_${joined}`;
}

/** A text as it stands in code, in single quotes where that needs no escapes. */
function text(value: string): string {
  const json = JSON.stringify(value).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
  const inner = json.slice(1, -1);
  return inner.includes("'") ? json : `'${inner.replaceAll('\\"', '"')}'`;
}

function byWord(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function indented(lines: readonly string[], spaces: number): string[] {
  return lines.map((line) => ' '.repeat(spaces) + line);
}
