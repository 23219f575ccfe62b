/**
 * Visitors: they use the service over HTTP as people do, mistakes included, and keep a ledger.
 *
 * Visits begin at a given rate, each of a kind that a seeded generator draws by weight; the same seed draws the
 * same visits. What each visit meets depends on the service and is entered as it was met. `stop` begins no more
 * visits and resolves when the last one is over, so the ledger is then complete.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VisitorAnswer } from '@binnacle/system-parts/visitor-request';
import { drawByWeight, Pace, randomFrom } from '@binnacle/system-parts/visits';
import { type SliceModel, sliceToBytes } from './gcode/slicer.ts';
import { Ledger } from './ledger.ts';
import { type VisitorRequest, visit } from './visitor-client.ts';

/** Who visits, and how often. */
export interface VisitorOptions {
  /** Where the service is: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Visits that begin per second; each is several requests. */
  readonly visitsPerSecond: number;
  /** Equal seeds draw equal visits. */
  readonly seed: number;
  /** The service's limit, so that visitors can exceed it. */
  readonly uploadBytesMax: number;
  /** After this time the service has removed the files of a finished job. */
  readonly goneAfterMs: number;
  /** Told of every visit as it begins. */
  readonly onVisit?: (kind: VisitKind) => void;
}

const UPLOAD = '/api/v1/upload';
const STATUS = '/api/v1/status/{job_id}';
const DOWNLOAD = '/api/v1/download/{job_id}';
const UNMATCHED = 'unmatched';

/** Visits at one time; while there are as many, no new ones begin. */
const VISITS_MAX = 60;
/** Finished jobs that somebody may come back to. */
const REMEMBERED_MAX = 200;
const POLL_MS_MIN = 100;
const POLL_MS_MAX = 1000;
/** A job that has not ended by then is left open. */
const JOB_MS_MAX = 900_000;
/** Bodies that are made once and sent again and again. */
const BODIES = 12;
const BODY_BYTES_MIN = 30_000;

/** What a visitor comes for. */
export type VisitKind = keyof typeof WEIGHTS;

/** Uploads that go wrong by themselves. */
type Spoiled = Exclude<
  VisitKind,
  'print' | 'hurry' | 'comeBackLate' | 'badGcode' | 'unknownJob' | 'wrongPath'
>;

const WEIGHTS = {
  print: 50,
  hurry: 8,
  comeBackLate: 8,
  wrongExtension: 5,
  tooLarge: 3,
  brokenBody: 4,
  abort: 4,
  badParameter: 3,
  badGcode: 4,
  noFile: 2,
  notMultipart: 2,
  emptyFile: 1,
  unknownJob: 5,
  wrongPath: 2,
} as const;

interface Finished {
  readonly id: string;
  readonly finishedMs: number;
}

/** Visits a service from `start` to `stop`. */
export class Visitors {
  readonly ledger = new Ledger();
  readonly #options: VisitorOptions;
  readonly #random: () => number;
  readonly #pace: Pace;
  readonly #bodies = new Map<number, Buffer>();
  readonly #finished: Finished[] = [];
  #boundary = 0;

  constructor(options: VisitorOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#pace = new Pace({
      visitsPerSecond: options.visitsPerSecond,
      atOnceMax: VISITS_MAX,
      random: this.#random,
    });
  }

  start(): void {
    this.#pace.start(() => this.#visit());
  }

  /** Begins no more visits; resolves when those under way are over. */
  async stop(): Promise<void> {
    await this.#pace.stop();
  }

  #visit(): Promise<void> {
    // All that a visit draws it draws here, whatever it meets later, so that equal seeds make equal visits.
    const kind = drawByWeight(WEIGHTS, this.#random);
    const size = Math.floor(this.#random() ** 2 * BODIES);
    const number = Math.floor(this.#random() * 1e6);
    this.#options.onVisit?.(kind);
    switch (kind) {
      case 'print':
        return this.#print(this.#body(size));
      case 'hurry':
        return this.#hurry();
      case 'comeBackLate':
        return this.#comeBackLate(size);
      case 'badGcode':
        return this.#print(Buffer.from('milk\nbread\neggs\n'.repeat(500)));
      case 'unknownJob':
        return this.#askForUnknown(`no-such-job-${number}`);
      case 'wrongPath':
        return this.#send({ method: 'GET', path: '/api/v2/upload', endpoint: UNMATCHED }).then(() => {});
      default:
        return this.#spoiledUpload(kind);
    }
  }

  /** The visit that all is about: upload, wait, download. */
  async #print(body: Buffer): Promise<void> {
    const id = await this.#upload(this.#multipart('part.gcode', body));
    if (id === undefined) return;
    if ((await this.#wait(id)) === 'completed') await this.#download(id);
  }

  /** Asks for the result at once, then waits for it after all. */
  async #hurry(): Promise<void> {
    const id = await this.#upload(this.#multipart('hurry.gco', this.#body(BODIES - 1)));
    if (id === undefined) return;
    await this.#download(id);
    if ((await this.#wait(id)) === 'completed') await this.#download(id);
  }

  /** Asks for a result that the cleanup service has removed; who has none yet, prints something. */
  async #comeBackLate(size: number): Promise<void> {
    const oldestMs = Date.now() - this.#options.goneAfterMs;
    const at = this.#finished.findIndex(({ finishedMs }) => finishedMs < oldestMs);
    if (at < 0) return this.#print(this.#body(size));
    await this.#download(this.#finished.splice(at, 1)[0]!.id);
  }

  async #askForUnknown(id: string): Promise<void> {
    await this.#send({ method: 'GET', path: `/api/v1/status/${id}`, endpoint: STATUS });
    await this.#download(id);
  }

  /** An upload that goes wrong; where the service takes it after all, its job is waited for like any other. */
  async #spoiledUpload(kind: Spoiled): Promise<void> {
    const id = await this.#uploadSpoiled(kind, this.#body(0));
    if (id !== undefined) await this.#wait(id);
  }

  #uploadSpoiled(kind: Spoiled, body: Buffer): Promise<string | undefined> {
    const whole = this.#multipart('part.gcode', body);
    switch (kind) {
      case 'wrongExtension':
        return this.#upload(this.#multipart('part.stl', body));
      case 'tooLarge': {
        const repeats = Math.ceil((this.#options.uploadBytesMax * 1.1 + 1) / body.length);
        return this.#upload(this.#multipart('huge.gcode', ...new Array<Buffer>(repeats).fill(body)));
      }
      case 'brokenBody':
        // Complete as HTTP goes, but the last boundary never comes.
        return this.#upload({ ...whole, body: whole.body.slice(0, -1) });
      case 'abort':
        return this.#upload({ ...whole, abortUpload: true });
      case 'badParameter':
        return this.#upload(whole, '?extrusion_multiplier=3');
      case 'noFile':
        return this.#upload({});
      case 'notMultipart':
        return this.#upload({ headers: { 'content-type': 'text/plain' }, body: [body] });
      case 'emptyFile':
        return this.#upload(this.#multipart('part.g', Buffer.alloc(0)));
    }
  }

  /** Uploads and enters the outcome; the job's identifier when there is one. */
  async #upload(
    what: Pick<VisitorRequest, 'headers' | 'body' | 'abortUpload'>,
    query = '',
  ): Promise<string | undefined> {
    const before = this.ledger.record.unknown;
    const answer = await this.#send({ method: 'POST', path: UPLOAD + query, endpoint: UPLOAD, ...what });
    if (answer === undefined) {
      if (what.abortUpload === true && this.ledger.record.unknown === before)
        this.ledger.failed('failed_error');
      return undefined;
    }
    const reason = String(answer.json.error);
    if (answer.status === 201) {
      this.ledger.accepted(Number(answer.json.input_bytes));
      return String(answer.json.job_id);
    }
    if (answer.status >= 500) this.ledger.failed('failed_error');
    else this.ledger.failed(answer.status === 413 ? 'failed_size' : 'failed_validation', reason);
    return undefined;
  }

  /** Asks for the status of a job until it has ended. */
  async #wait(id: string): Promise<string | undefined> {
    const untilMs = Date.now() + JOB_MS_MAX;
    for (let pauseMs = POLL_MS_MIN; Date.now() < untilMs; pauseMs = Math.min(pauseMs * 1.5, POLL_MS_MAX)) {
      const answer = await this.#send({ method: 'GET', path: `/api/v1/status/${id}`, endpoint: STATUS });
      if (answer?.status === 404) break;
      const status = answer?.json.status;
      if (answer !== undefined && (status === 'completed' || status === 'error' || status === 'timeout')) {
        this.ledger.jobEnded(status, Number(answer.json.input_bytes), Number(answer.json.output_bytes));
        if (status === 'completed') this.#remember(id);
        return status;
      }
      await sleep(pauseMs);
    }
    this.ledger.unknown(`job ${id} was not seen to end`);
    return undefined;
  }

  async #download(id: string): Promise<void> {
    const answer = await this.#send({ method: 'GET', path: `/api/v1/download/${id}`, endpoint: DOWNLOAD });
    switch (answer?.status) {
      case 200:
        return this.ledger.downloaded('success');
      case 404:
        return this.ledger.downloaded('failed_not_found');
      case 409:
        return this.ledger.downloaded('failed_not_ready');
      case 410:
        return this.ledger.downloaded('failed_file_missing');
    }
  }

  #send(what: VisitorRequest): Promise<VisitorAnswer | undefined> {
    return visit(this.#options.url, this.ledger, what);
  }

  #remember(id: string): void {
    this.#finished.push({ id, finishedMs: Date.now() });
    if (this.#finished.length > REMEMBERED_MAX) this.#finished.shift();
  }

  /** A multipart body with one file; the closing boundary is its last part. */
  #multipart(
    filename: string,
    ...content: readonly Buffer[]
  ): { headers: Record<string, string>; body: Buffer[] } {
    const boundary = `visitor-${this.#boundary++}`;
    const head =
      `--${boundary}\r\ncontent-disposition: form-data; name="start_at_layer"\r\n\r\n2\r\n` +
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${filename}"\r\n` +
      'content-type: application/octet-stream\r\n\r\n';
    return {
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: [Buffer.from(head), ...content, Buffer.from(`\r\n--${boundary}--\r\n`)],
    };
  }

  /** One of the bodies, by size: the first is the smallest. */
  #body(index: number): Buffer {
    let body = this.#bodies.get(index);
    if (body === undefined) {
      const bytesMax = Math.min(2_000_000, this.#options.uploadBytesMax * 0.9);
      const bytes = Math.round(BODY_BYTES_MIN * (bytesMax / BODY_BYTES_MIN) ** (index / (BODIES - 1)));
      const dialects: readonly SliceModel['dialect'][] = ['cura', 'prusa', 'orca'];
      const model: Partial<SliceModel> = {
        shape: index % 2 === 0 ? 'cylinder' : 'box',
        dialect: dialects[index % 3]!,
        extrusion: index % 4 < 2 ? 'absolute' : 'relative',
        size: 15 + 2 * index,
        segments: 36,
      };
      body = Buffer.from([...sliceToBytes(bytes, model)].join(''));
      this.#bodies.set(index, body);
    }
    return body;
  }
}
