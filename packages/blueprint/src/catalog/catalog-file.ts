/**
 * The catalog file: the catalogs of a monitor's services as JSON, to lie in the repository, where a review shows what
 * changes. `FORMAT.md` of this package describes it. The same catalogs give the same bytes: services, metrics and
 * labels by name, one short line for each list.
 */
import type { LabelDomain } from '@binnacle/promql';
import type { CatalogEntry, ServiceCatalog } from './catalog-data.ts';

/** What the file says that it is. */
const FORMAT = 'binnacle-catalog';
/** The version that is written, and the only one that is read. */
export const CATALOG_FILE_VERSION = 1;
/** The name that the file usually has. */
export const CATALOG_FILE_NAME = 'binnacle.catalog.json';

/** What is told at most of one file. */
const PROBLEMS_MAX = 20;

/** A text is no catalog file. */
export class CatalogFileError extends Error {
  override readonly name = 'CatalogFileError';
  readonly code = 'catalog_file_invalid';
  /** One line each, with the path in the file: `services[0].metrics[3].type: ...`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The text of a catalog file. */
export function renderCatalogFile(catalogs: readonly ServiceCatalog[]): string {
  const services = [...catalogs]
    .sort((a, b) => compare(a.service, b.service))
    .map(({ service, job, targetLabels, metrics }) => ({
      service,
      job,
      targetLabels: sortedByKey(targetLabels),
      metrics: [...metrics].sort((a, b) => compare(a.name, b.name)).map(written),
    }));
  return `${print({ format: FORMAT, version: CATALOG_FILE_VERSION, services }, '')}\n`;
}

/** A metric in the file. Not what {@link CatalogEntry} is, so that a change of the program does not change the file. */
function written(entry: CatalogEntry): Record<string, unknown> {
  const { name, type, unit, help, labels, form, bounds, quantiles, everySeries } = entry;
  return {
    name,
    type,
    ...(unit !== undefined && unit !== '' && { unit }),
    ...(help !== '' && { help }),
    ...(labels !== undefined && { labels: sortedByKey(labels) }),
    ...(form !== undefined && { form }),
    ...(bounds !== undefined && { bounds }),
    ...(quantiles !== undefined && { quantiles }),
    ...(everySeries === true && { everySeries }),
  };
}

/** JSON with lists of plain values on one line, so that a label is a line of a diff and not ten. */
function print(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object'))
      return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    return `[\n${value.map((item) => inner + print(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${print(item, inner)}`,
  );
  return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
}

function sortedByKey<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => compare(a, b)));
}

/** By code units: the same order everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Reads a catalog file.
 * @throws CatalogFileError with what is wrong and where
 */
export function readCatalogFile(text: string): ServiceCatalog[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CatalogFileError([`this is no JSON: ${(error as Error).message}`]);
  }
  const reader = new Reader();
  const catalogs = reader.file(json);
  if (reader.problems.length > 0) throw new CatalogFileError(reader.problems.slice(0, PROBLEMS_MAX));
  return catalogs;
}

const TYPES: readonly CatalogEntry['type'][] = [
  'counter',
  'gauge',
  'histogram',
  'summary',
  'info',
  'stateset',
  'unknown',
];
const FORMS = ['classic', 'native', 'both'] as const;

/** Reads values and notes what is wrong with them; what it returns beside a problem is never used. */
class Reader {
  readonly problems: string[] = [];

  file(json: unknown): ServiceCatalog[] {
    const file = this.#object('', json, ['format', 'version', 'services']);
    if (file.format !== FORMAT) {
      this.#problem(
        'format',
        `is ${JSON.stringify(file.format)}, and not ${JSON.stringify(FORMAT)}: this is no catalog`,
      );
      return [];
    }
    if (file.version !== CATALOG_FILE_VERSION) {
      this.#problem(
        'version',
        `is ${JSON.stringify(file.version)}; this program reads version ${CATALOG_FILE_VERSION}: write the file again with binnacle catalog --write`,
      );
      return [];
    }
    const services = this.#list('services', file.services).map((value, i) =>
      this.#service(`services[${i}]`, value),
    );
    this.#different(
      'services',
      'service',
      services.map(({ service }) => service),
    );
    return services;
  }

  #service(path: string, value: unknown): ServiceCatalog {
    const fields = this.#object(path, value, ['service', 'job', 'targetLabels', 'metrics']);
    const targetLabels: Record<string, string> = {};
    for (const [name, label] of Object.entries(this.#object(`${path}.targetLabels`, fields.targetLabels)))
      targetLabels[name] = this.#text(`${path}.targetLabels.${name}`, label);
    const metrics = this.#list(`${path}.metrics`, fields.metrics).map((metric, i) =>
      this.#metric(`${path}.metrics[${i}]`, metric),
    );
    this.#different(
      `${path}.metrics`,
      'metric',
      metrics.map(({ name }) => name),
    );
    return {
      service: this.#name(`${path}.service`, fields.service),
      job: this.#name(`${path}.job`, fields.job),
      targetLabels,
      metrics,
    };
  }

  #metric(path: string, value: unknown): CatalogEntry {
    const fields = this.#object(path, value, [
      'name',
      'type',
      'unit',
      'help',
      'labels',
      'form',
      'bounds',
      'quantiles',
      'everySeries',
    ]);
    const { unit, help = '', labels, form, bounds, quantiles, everySeries } = fields;
    if (everySeries !== undefined && typeof everySeries !== 'boolean')
      this.#problem(`${path}.everySeries`, `is ${JSON.stringify(everySeries)}, and not true or false`);
    return {
      name: this.#name(`${path}.name`, fields.name),
      type: this.#oneOf(`${path}.type`, fields.type, TYPES),
      help: this.#text(`${path}.help`, help),
      ...(labels !== undefined && { labels: this.#labels(`${path}.labels`, labels) }),
      ...(unit !== undefined && { unit: this.#text(`${path}.unit`, unit) }),
      ...(form !== undefined && { form: this.#oneOf(`${path}.form`, form, FORMS) }),
      ...(bounds !== undefined && { bounds: this.#ascending(`${path}.bounds`, bounds) }),
      ...(quantiles !== undefined && { quantiles: this.#ascending(`${path}.quantiles`, quantiles) }),
      ...(everySeries === true && { everySeries }),
    };
  }

  #labels(path: string, value: unknown): Readonly<Record<string, LabelDomain>> {
    const labels: Record<string, LabelDomain> = {};
    for (const [name, domain] of Object.entries(this.#object(path, value))) {
      if (domain === 'open') labels[name] = domain;
      else if (Array.isArray(domain))
        labels[name] = domain.map((each, i) => this.#text(`${path}.${name}[${i}]`, each));
      else this.#problem(`${path}.${name}`, 'is neither a list of values nor "open"');
    }
    return labels;
  }

  /** An object with these fields and no others, or with any. */
  #object(path: string, value: unknown, known?: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#problem(path, value === undefined ? 'is missing' : 'is no object');
      return {};
    }
    for (const key of Object.keys(value))
      if (known !== undefined && !known.includes(key))
        this.#problem(
          path === '' ? key : `${path}.${key}`,
          `there is no such field; there are ${known.join(', ')}`,
        );
    return value as Readonly<Record<string, unknown>>;
  }

  #list(path: string, value: unknown): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.#problem(path, value === undefined ? 'is missing' : 'is no list');
    return [];
  }

  #text(path: string, value: unknown): string {
    if (typeof value === 'string') return value;
    this.#problem(path, value === undefined ? 'is missing' : `is ${JSON.stringify(value)}, and no text`);
    return '';
  }

  #name(path: string, value: unknown): string {
    const text = this.#text(path, value);
    if (value === '') this.#problem(path, 'is empty');
    return text;
  }

  #oneOf<T extends string>(path: string, value: unknown, known: readonly T[]): T {
    const found = known.find((each) => each === value);
    if (found !== undefined) return found;
    this.#problem(path, `${JSON.stringify(value) ?? 'nothing'} is none of ${known.join(', ')}`);
    return known[0]!;
  }

  #ascending(path: string, value: unknown): readonly number[] {
    const list = this.#list(path, value);
    for (const [i, each] of list.entries()) {
      const isAbove = i === 0 || !(typeof each === 'number') || each > Number(list[i - 1]);
      if (typeof each !== 'number')
        this.#problem(`${path}[${i}]`, `is ${JSON.stringify(each)}, and no number`);
      else if (!isAbove) this.#problem(`${path}[${i}]`, `${each} is not above the one before it`);
    }
    return list as readonly number[];
  }

  #different(path: string, what: string, names: readonly string[]): void {
    const seen = new Set<string>();
    for (const name of names) {
      if (seen.has(name)) this.#problem(path, `the ${what} ${JSON.stringify(name)} is there twice`);
      seen.add(name);
    }
  }

  #problem(path: string, what: string): void {
    this.problems.push(path === '' ? `the file ${what}` : `${path}: ${what}`);
  }
}
