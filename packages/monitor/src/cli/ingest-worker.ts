/**
 * The ingest thread: scrapes and stores, and answers the main thread's questions about it. A rule or a page that
 * keeps the main thread busy does not delay a scrape.
 *
 * Started by ingest-thread.ts only.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { Labels } from '@binnacle/metrics/model';
import type { CancelSignal } from '@binnacle/promql/storage';
import { systemClock } from '../clock.ts';
import { createHttpFetch } from '../scrape/http-fetch.ts';
import { type ScrapeClock, Scraper } from '../scrape/scraper.ts';
import type { Sample } from '../storage.ts';
import { Database } from '../tsdb/db.ts';
import {
  AnswerPacker,
  type IngestCalls,
  type IngestMessage,
  type IngestRequest,
  type IngestSettings,
  type PackedError,
  type PackedSamples,
  START_ID,
} from './ingest-protocol.ts';

const clock: ScrapeClock = { ...systemClock, monotonicMs: () => performance.now() };

/** Everything that the thread owns. */
interface Ingest {
  readonly database: Database;
  readonly scraper: Scraper;
  readonly packer: AnswerPacker;
  readonly closeConnections: () => void;
}

const port = parentPort;
if (port === null) throw new Error('ingest-worker is started by ingest-thread');
const send = (message: IngestMessage): void => port.postMessage(message);

try {
  const ingest = await start(workerData as IngestSettings);
  port.on('message', (request: IngestRequest) => void answer(ingest, request));
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'error', id: START_ID, error: packError(error) });
}

async function start(settings: IngestSettings): Promise<Ingest> {
  const begunMs = clock.monotonicMs();
  const database = await Database.open({ dir: settings.dataDir, retention: settings.retention });
  try {
    reportReplay(database, clock.monotonicMs() - begunMs);
    const { fetch, close: closeConnections } = createHttpFetch();
    const scraper = new Scraper({
      storage: database,
      fetch,
      clock,
      onReport: (line) => send({ kind: 'report', line }),
    });
    await scraper.configure(settings.scrapeConfigs);
    return { database, scraper, packer: new AnswerPacker(), closeConnections };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function reportReplay(database: Database, tookMs: number): void {
  const { replay } = database.stats();
  if (replay.columns > 0) {
    const size =
      replay.bytes < 1e6 ? `${Math.ceil(replay.bytes / 1e3)} kB` : `${(replay.bytes / 1e6).toFixed(1)} MB`;
    send({ kind: 'report', line: `read ${size} of log back in ${(tookMs / 1000).toFixed(2)} s` });
  }
  for (const { file, at, bytes, reason, cut } of replay.damages) {
    const what = cut ? 'were cut off' : 'were left out, the file stays as it is';
    send({ kind: 'report', line: `${file}: ${bytes} bytes from byte ${at} on ${what}: ${reason}` });
  }
}

async function answer(ingest: Ingest, message: IngestRequest): Promise<void> {
  const { id } = message;
  try {
    if (message.call === 'select') {
      const { requests } = message.request;
      const results = await ingest.database.select(requests, signalOf(message.cancelled));
      send({ kind: 'answer', id, answer: ingest.packer.pack(results) });
    } else {
      send({ kind: 'answer', id, answer: await answerOf(ingest, message) });
    }
  } catch (error) {
    send({ kind: 'error', id, error: packError(error) });
  }
  // Nothing is left that would keep the thread.
  if (message.call === 'close') port?.close();
}

async function answerOf(
  { database, scraper, closeConnections }: Ingest,
  message: Exclude<IngestRequest, { call: 'select' }>,
): Promise<IngestCalls[keyof IngestCalls]['answer']> {
  switch (message.call) {
    case 'append': {
      const { source, timestampMs, samples } = message.request;
      return database.append(source, timestampMs, samplesOf(samples));
    }
    case 'labelNames': {
      const { selectors, startMs, endMs } = message.request;
      return database.labelNames(selectors, startMs, endMs);
    }
    case 'labelValues': {
      const { name, selectors, startMs, endMs } = message.request;
      return database.labelValues(name, selectors, startMs, endMs);
    }
    case 'labelSets': {
      const { selectors, startMs, endMs } = message.request;
      return (await database.labelSets(selectors, startMs, endMs)).map((labels) => labels.flat());
    }
    case 'targets':
      return scraper.targets();
    case 'metadata':
      return scraper.metadata();
    case 'stats':
      return { database: database.stats(), scraper: scraper.stats() };
    case 'reload':
      await scraper.configure(message.request.scrapeConfigs);
      return null;
    case 'close':
      await scraper.stop();
      closeConnections();
      await database.close();
      return null;
  }
}

function samplesOf({ series, values, stale }: PackedSamples): Sample[] {
  return series.map((flat, i) => ({
    labels: Labels.fromFlat(flat),
    value: values[i]!,
    ...(stale[i] === 1 ? { stale: true } : {}),
  }));
}

/** A signal that looks at the memory which the main thread shares. */
function signalOf(cancelled: Int32Array | undefined): CancelSignal | undefined {
  if (cancelled === undefined) return undefined;
  const isCancelled = () => Atomics.load(cancelled, 0) === 1;
  return {
    get aborted() {
      return isCancelled();
    },
    reason: 'cancelled',
    throwIfAborted: () => {
      if (isCancelled()) throw new Error('cancelled');
    },
  };
}

function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { name: error.name, message: error.message, code };
}
