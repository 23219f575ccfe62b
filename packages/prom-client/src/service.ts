/**
 * The other processes of the service: joining them, and reading what all have counted together.
 *
 * A process joins when it has loaded this package and `place.ts` knows a place, a moment later, so that a program
 * that calls `serveMetrics` itself comes first. Counting works before, and goes along.
 */
import cluster from 'node:cluster';
import { defaultRegistry, serveMetrics, serverOf } from '@binnacle/metrics';
import { readDefaultLabels, writeDefaultLabels } from './default-labels.ts';
import type { GivenLabels } from './labels.ts';
import { type Place, placeOf, sweepClusters } from './place.ts';
import { releaseParked } from './storage.ts';
import type { Family } from './text.ts';

type Server = Awaited<ReturnType<typeof serveMetrics>>;

/** How long a gauge that was emptied and not filled again is shown by others, at most about twice this. */
const RELEASE_INTERVAL_MS = 5_000;

/** Where this process would join, until it has. */
let waiting: Place | undefined;
/** This process's joining, from when it has begun. */
let joining: Promise<Server> | undefined;
let releasing: NodeJS.Timeout | undefined;
/** The default labels of this process. */
let defaultLabels: GivenLabels = {};

/** To be called once, when the package is loaded. */
export function joinService(): void {
  const { env } = process;
  const main = process.argv[1];
  const primaryPid = cluster.isWorker ? process.ppid : undefined;
  plan(placeOf({ env, primaryPid, main }));
  if (!cluster.isPrimary || waiting !== undefined) return;
  const joinAsPrimary = () => plan(placeOf({ env, primaryPid: process.pid, main }));
  if (Object.keys(cluster.workers ?? {}).length > 0) joinAsPrimary();
  else onFork(joinAsPrimary);
}

const ON_FORK: unique symbol = Symbol.for('@binnacle/prom-client/on-fork/v1');

/** Calls back when this process becomes the primary of a cluster; of several copies of this package, the last one. */
function onFork(callback: () => void): void {
  const holder = cluster as { [ON_FORK]?: () => void };
  if (holder[ON_FORK] === undefined) cluster.once('fork', () => holder[ON_FORK]?.());
  holder[ON_FORK] = callback;
}

function plan(place: Place | undefined): void {
  if (place === undefined) return;
  waiting = place;
  setImmediate(join);
}

/** The server of this process, whoever has asked for it. */
function current(): Promise<Server> | undefined {
  return serverOf() ?? joining;
}

/** Joins where it was planned and nobody has done it. */
function join(): void {
  const place = waiting;
  waiting = undefined;
  if (place === undefined || current() !== undefined) return;
  sweepClusters();
  // What goes wrong with the directory was warned of, and the process counts for itself.
  joining = serveMetrics(place);
  joining.then(joined, (error: unknown) => {
    process.emitWarning(`the metrics of this process are not shared: ${(error as Error).message}`, {
      type: 'BinnacleMetricsWarning',
    });
  });
}

/**
 * What all processes of the service have, by name, after those that this process can ask are up to date. Undefined
 * where it is alone.
 * @throws StoreError where the directory cannot be read any more
 */
export function familiesOfService(): Promise<ReadonlyMap<string, Family> | undefined> | undefined {
  join();
  const server = current();
  return server === undefined ? undefined : familiesOf(server);
}

async function familiesOf(attached: Promise<Server>): Promise<ReadonlyMap<string, Family> | undefined> {
  const server = await attached.catch(() => undefined);
  if (server?.directory === undefined) return undefined;
  joined(server);
  await defaultRegistry().collect();
  releaseParked();
  return new Map(server.families().map((family) => [family.name, family]));
}

/** Tells the other processes which labels all series of the service have. */
export function shareDefaultLabels(labels: GivenLabels): void {
  defaultLabels = labels;
  void current()?.then(noteLabels, () => {});
}

/** Those of this process, or those that another one has told. */
export async function defaultLabelsOfService(): Promise<GivenLabels> {
  if (Object.keys(defaultLabels).length > 0) return defaultLabels;
  const server = await current()?.catch(() => undefined);
  return server?.directory === undefined ? {} : readDefaultLabels(server.directory);
}

function noteLabels({ directory }: Server): void {
  if (directory !== undefined && Object.keys(defaultLabels).length > 0)
    writeDefaultLabels(directory, defaultLabels);
}

/** What begins, once, when this process has joined. */
function joined(server: Server): void {
  if (releasing !== undefined || server.directory === undefined) return;
  noteLabels(server);
  releasing = setInterval(() => releaseParked(RELEASE_INTERVAL_MS), RELEASE_INTERVAL_MS);
  releasing.unref();
}
