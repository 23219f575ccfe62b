/**
 * `binnacle init`: looks at what a running service shows, and writes a `binnacle.config.ts` for it: its metrics, the
 * watches that fit them, and plain panels for the rest. What it writes is checked before it is written: each watch is
 * made and each expression proved against the metrics, and what does not hold is left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import {
  brokenIn,
  type CatalogEntry,
  catalogFromFamilies,
  checkRepository,
  DefinitionError,
  dashboard,
  defineConfig,
  type RuleGroup,
  row,
  type ScrapedFamily,
  type ServiceCatalog,
  timeseries,
  type Watch,
  type WatchOptions,
} from '@binnacle/blueprint';
import { RUNTIME_FAMILIES } from '@binnacle/metrics/runtime';
import { UsageError } from './options.ts';
import { CatalogSourceError, fetchFamilies, metricsAddress } from './project/catalog-source.ts';
import { configSource, type Draft, type DraftService } from './project/config-source.ts';
import { CONFIG_NAMES } from './project/find-config.ts';
import { WATCHES } from './project/instrument-names.ts';
import { type Recognised, recognise } from './project/instruments.ts';
import { type PlainPanel, plainPanels } from './project/plain-panels.ts';

/** Where services usually show their metrics, the client's own port first. */
export const COMMON_PORTS: readonly number[] = [9464, 3000, 8000, 8080, 9090];
/** How long is waited for whoever may be there. */
const KNOCK_MS_MAX = 2_000;
/** Programs that watch others and are no service of the project. */
const WATCHERS: readonly string[] = [
  'prometheus_build_info',
  'alertmanager_build_info',
  'grafana_build_info',
];
/** What every `@binnacle/metrics` says of itself; the monitor watches it without being asked. */
const OWN_METRICS = /^binnacle_/;
/** More panels than these nobody reads. */
const PLAIN_PANELS_MAX = 24;
/** Names leave room for what is put behind them. */
const NAME_CHARACTERS_MAX = 40;

/** The options of the command line that this command reads. */
export interface InitFlags {
  readonly url?: string | undefined;
  readonly name?: string | undefined;
  readonly force?: boolean | undefined;
}

/** What is asked for. */
export interface InitOptions {
  /** Undefined to look at the usual ports. */
  readonly url: string | undefined;
  /** Undefined for the name of the package or folder. */
  readonly name: string | undefined;
  readonly force: boolean;
}

/** What the command needs of the world. */
export interface InitIo {
  /** The folder that the file is written to. */
  readonly cwd: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
  /** The ports that are looked at where no address is given. Default: {@link COMMON_PORTS}. */
  readonly ports?: readonly number[];
}

/**
 * Reads what follows `binnacle init`.
 * @throws UsageError
 */
export function parseInitCommand(rest: readonly string[], { url, name, force }: InitFlags): InitOptions {
  if (rest.length > 0)
    throw new UsageError(`binnacle init takes options only, not ${JSON.stringify(rest[0])}`);
  const address = url === undefined || url.includes('://') ? url : `http://${url}`;
  if (address !== undefined && (!URL.canParse(address) || !/^https?:/.test(address)))
    throw new UsageError(
      `--url: ${JSON.stringify(url)} is not an address such as http://localhost:9464/metrics`,
    );
  if (name !== undefined && safeName(name) !== name)
    throw new UsageError(
      `--name: ${JSON.stringify(name)} is not a lower case letter, then lower case letters, digits and dashes`,
    );
  return { url: address, name, force: force === true };
}

/** Does it. Resolves with the exit code: 0, or 1 when nothing was written. */
export async function runInit({ url, name, force }: InitOptions, io: InitIo): Promise<number> {
  const existing = CONFIG_NAMES.find((each) => existsSync(join(io.cwd, each)));
  if (existing !== undefined && !force) {
    io.complain(`there is a ${existing} already; --force writes another one in its place`);
    return 1;
  }
  try {
    const seen = url === undefined ? await lookAround(io) : [await lookAt(url, io)];
    const project = name ?? safeName(projectName(io.cwd));
    const draft = draftOf(project, seen);
    // What is written is TypeScript.
    const file = existing?.endsWith('ts') === true ? existing : CONFIG_NAMES[0]!;
    await writeFile(join(io.cwd, file), configSource(draft));
    for (const line of summary(file, draft, io.cwd)) io.say(line);
    if (existing !== undefined && existing !== file) io.say(`${existing} is no longer read: remove it`);
    return 0;
  } catch (error) {
    if (!(error instanceof CatalogSourceError)) throw error;
    io.complain(error.message);
    return 1;
  }
}

/** A service that answered. */
interface Seen {
  readonly url: URL;
  readonly families: readonly ScrapedFamily[];
}

async function lookAt(address: string, io: InitIo): Promise<Seen> {
  const url = metricsAddress(address);
  const families = await fetchFamilies(url, io);
  if (families.length === 0) throw new CatalogSourceError(`${url.href} shows no metrics`);
  return { url, families };
}

async function lookAround(io: InitIo): Promise<Seen[]> {
  const ports = io.ports ?? COMMON_PORTS;
  const hurried: InitIo = {
    ...io,
    fetch: (address, init) => io.fetch(address, { ...init, signal: AbortSignal.timeout(KNOCK_MS_MAX) }),
  };
  const answers = await Promise.all(
    ports.map((port) => lookAt(`http://localhost:${port}`, hurried).catch(() => undefined)),
  );
  const seen = answers.filter((answer) => answer !== undefined);
  const services = seen.filter(({ families }) => !families.some(({ name }) => WATCHERS.includes(name)));
  if (services.length > 0) return services;
  throw new CatalogSourceError(
    `no service shows metrics at localhost on port ${ports.slice(0, -1).join(', ')} or ${ports.at(-1)}: start it, or say where it is with --url`,
  );
}

/** The name of the package that lies here, or of the folder. */
function projectName(folder: string): string {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof name === 'string') return name.slice(name.indexOf('/') + 1);
  } catch {
    // Not every project has a package.json that can be read.
  }
  return basename(resolve(folder));
}

/** A name that files, containers and services can have. */
function safeName(name: string): string {
  const safe = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, NAME_CHARACTERS_MAX)
    .replace(/-+$/, '');
  return safe === '' ? 'app' : safe;
}

function draftOf(name: string, seen: readonly Seen[]): Draft {
  const services = seen.map((each) =>
    serviceOf(seen.length === 1 ? name : `${name}-${each.url.port || '80'}`, each),
  );
  return { name, services };
}

function serviceOf(name: string, { url, families }: Seen): DraftService {
  const told = families.filter((family) => !OWN_METRICS.test(family.name));
  const catalog = catalogFromFamilies({ service: name, job: name, targetLabels: {} }, told);
  const watches = fittingWatches(catalog);
  const taken = new Set(watches.flatMap(({ parts }) => parts.map(({ entry }) => entry.name)));
  // Of the runtime there are dozens, and its watch has those that say something.
  if (watches.some(({ watch }) => watch === 'runtimeWatch'))
    for (const runtime of Object.keys(RUNTIME_FAMILIES)) taken.add(runtime);
  const rest = catalog.metrics.filter((metric) => !taken.has(metric.name) && metric.labels !== undefined);
  const panels = soundPanels(plainPanels(rest, told, name), catalog);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return {
    name,
    job: name,
    target: `${url.hostname}:${url.port || (scheme === 'https' ? 443 : 80)}`,
    scheme,
    metricsPath: url.pathname,
    seenAt: url.href,
    metrics: catalog.metrics,
    watches,
    panels: panels.slice(0, PLAIN_PANELS_MAX),
    panelsLeftOut: Math.max(0, panels.length - PLAIN_PANELS_MAX),
  };
}

/** The watches that can be made of the metrics and whose every expression has an answer. */
function fittingWatches(catalog: ServiceCatalog): Recognised[] {
  const fitting: Recognised[] = [];
  const used = new Set<CatalogEntry>();
  const candidates: Recognised[] = [
    { watch: 'serviceWatch', name: 'Service', parts: [], alertsOff: [] },
    ...recognise(catalog.metrics),
  ];
  for (const candidate of candidates) {
    // A metric that two instruments want is that of the first one; the other has it only where it cannot be without.
    const parts = candidate.parts.filter(({ entry, isNeeded }) => isNeeded || !used.has(entry));
    if (parts.some(({ entry, isCount }) => !isCount && used.has(entry))) continue;
    const watch = fitted({ ...candidate, parts }, catalog);
    if (watch === undefined) continue;
    for (const { entry } of watch.parts) used.add(entry);
    fitting.push(watch);
  }
  return fitting;
}

/** What all watches are, for one whose parts have been found by its own names for them. */
type WatchFunction = (instrument: object, options: WatchOptions & { readonly secondsMax?: number }) => Watch;

/** The instrument as its watch takes it: if need be with a threshold that its buckets know, or without durations. */
function fitted(recognised: Recognised, catalog: ServiceCatalog): Recognised | undefined {
  const below = belowGreatestBucket(recognised.parts);
  const attempts: readonly Recognised[] = [
    recognised,
    ...(below === undefined ? [] : [{ ...recognised, secondsMax: below }]),
    {
      ...recognised,
      parts: recognised.parts.filter(({ field, isNeeded }) => field !== 'duration' || isNeeded),
    },
  ];
  for (const attempt of attempts) {
    const watch = fittedWith(attempt, catalog);
    if (watch !== undefined) return watch;
  }
  return undefined;
}

function fittedWith(recognised: Recognised, catalog: ServiceCatalog): Recognised | undefined {
  const { watch, name, parts, secondsMax } = recognised;
  const make = WATCHES[watch] as WatchFunction;
  const instrument = Object.fromEntries(
    parts.map(({ field, entry, isCount }) => [
      field,
      isCount ? { name: `${entry.name}_count`, type: 'counter', labels: entry.labels } : definitionOf(entry),
    ]),
  );
  try {
    const { rows, groups } = make(instrument, {
      where: { job: catalog.job },
      ...(secondsMax !== undefined && { secondsMax }),
    });
    const dashboards = [dashboard({ title: name, rows })];
    if (brokenIn([catalog], { dashboards, rules: groups }).length > 0) return undefined;
    return { ...recognised, alertsOff: futileAlerts(groups, catalog) };
  } catch (error) {
    if (error instanceof DefinitionError) return undefined;
    throw error;
  }
}

/** The greatest bucket but one of what is a duration: of what lies above the greatest, nothing is seen. */
function belowGreatestBucket(parts: Recognised['parts']): number | undefined {
  return parts.find(({ field, isCount }) => field === 'duration' && !isCount)?.entry.bounds?.at(-2);
}

/**
 * The alerts that cannot fire with what the service has, such as one on a duration above its highest bucket: whoever
 * wants it changes the buckets or the threshold first.
 */
function futileAlerts(groups: readonly RuleGroup[], catalog: ServiceCatalog): string[] {
  const { service: name, targetLabels } = catalog;
  const config = defineConfig({
    name,
    services: [{ name, job: catalog.job, targets: ['localhost:1'], labels: targetLabels }],
    rules: groups,
  });
  const project = { config, path: CONFIG_NAMES[0]! };
  const { problems } = checkRepository({ files: new Map(), project, catalogs: [catalog] }, { nowMs: 0 });
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ subject }) => subject);
  const names = groups.flatMap(({ rules }) => rules.map((rule) => rule.name));
  return [...new Set(names)].filter((each) => errors.includes(`alert ${each}`)).sort();
}

/** An entry as the configuration will define it. */
function definitionOf({ bounds, ...entry }: CatalogEntry): object {
  return { ...entry, ...(bounds !== undefined && { buckets: bounds }) };
}

/** The panels whose expressions have an answer. */
function soundPanels(panels: readonly PlainPanel[], catalog: ServiceCatalog): PlainPanel[] {
  return panels.flatMap((panel) => {
    const { title, expr, metric } = panel;
    const made = timeseries(title, expr, { of: definitionOf(metric) });
    const alone = dashboard({ title, rows: [row(title, [made])] });
    if (brokenIn([catalog], { dashboards: [alone], rules: [] }).length > 0) return [];
    return [panel.unit === undefined && made.unit === 'short' ? { ...panel, ...unitByType(metric) } : panel];
  });
}

/** A unit where name and definition tell none: what is counted comes per second, a share is one. */
function unitByType({ name, type }: CatalogEntry): Pick<PlainPanel, 'unit'> {
  if (type === 'counter') return { unit: 'cps' };
  return name.endsWith('_ratio') ? { unit: 'percentunit' } : {};
}

function summary(file: string, { services }: Draft, folder: string): string[] {
  const lines = services.map(({ seenAt, metrics, watches, panels }) => {
    const found =
      watches.length === 0 ? 'no watch fits' : `watches ${watches.map(({ name }) => name).join(', ')}`;
    return `  ${seenAt}: ${metrics.length} ${metrics.length === 1 ? 'metric' : 'metrics'}, ${found}, ${panels.length} plain ${panels.length === 1 ? 'panel' : 'panels'}`;
  });
  return [
    `wrote ${file}`,
    ...lines,
    ...(isInstalled(folder) ? [] : ['then: npm install --save-dev @binnacle/blueprint']),
    'then: binnacle check, binnacle up',
  ];
}

function isInstalled(folder: string): boolean {
  try {
    createRequire(join(folder, 'package.json')).resolve('@binnacle/blueprint');
    return true;
  } catch {
    return false;
  }
}
