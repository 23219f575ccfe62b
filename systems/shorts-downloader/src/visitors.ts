/**
 * Visitors: they have videos downloaded, look after them, fetch and delete what came of that, make mistakes, and keep a
 * ledger. The videos are those of a site of their own.
 *
 * Visits begin at a given rate, each of a kind that a seeded generator draws by weight; the same seed draws the same
 * visits. What each visit meets depends on the backend and is entered as it was met. `stop` begins no more visits and
 * resolves when the last one is over, so the ledger is then complete.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  sendAsVisitor,
  type VisitorAnswer,
  type VisitorRequest,
} from '@binnacle/system-parts/visitor-request';
import { drawByWeight, Pace, pick, type Random, randomFrom } from '@binnacle/system-parts/visits';
import { type EndedDownload, Ledger } from './ledger.ts';
import { PROVIDERS, type ProviderName } from './metrics.ts';
import { VideoSite, videoOf } from './video-site.ts';

/** Who visits, and how often. */
export interface VisitorOptions {
  /** Where the backend is: `http://127.0.0.1:3001`. */
  readonly url: string;
  /** Visits that begin per second; each is several requests. */
  readonly visitsPerSecond: number;
  /** Equal seeds draw equal visits. */
  readonly seed: number;
  /** What visitors leave with all providers together at most; older videos they delete. */
  readonly storedBytesMax: number;
  /** Told of every visit as it begins. */
  readonly onVisit?: (kind: VisitKind) => void;
}

const DOWNLOAD = { method: 'POST', endpoint: '/api/v1/download', path: '/api/v1/download' } as const;
const STATUS = '/api/v1/status/{job_id}';
const FILES = '/api/v1/files';
const FILE = '/api/v1/files/{file_id}';
const CONTENT = '/api/v1/files/{file_id}/content';
const STATS = '/api/v1/storage/stats';
const UNMATCHED = 'unmatched';

/** Visits at one time; while there are as many, no new ones begin. */
const VISITS_MAX = 40;
const POLL_MS_MIN = 150;
const POLL_MS_MAX = 1_000;
/** A download that has not ended by then is left open. */
const DOWNLOAD_MS_MAX = 300_000;
const BYTES_MIN = 5_000;
const BYTES_MAX = 250_000;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
/** How often a request is made again whose answer never came, because the process died. */
const AGAIN_MAX = 240;
const AGAIN_MS = 250;

const WEIGHTS = {
  watch: 60,
  moved: 4,
  slow: 6,
  flaky: 6,
  fetch: 8,
  remove: 6,
  list: 8,
  stats: 4,
  private: 2,
  missing: 2,
  page: 1,
  huge: 1,
  broken: 1,
  stuck: 1,
  noUrl: 2,
  badUrl: 2,
  badJson: 2,
  unknownIds: 2,
  wrongPath: 2,
  badList: 1,
} as const;

/** What a visitor comes for. */
export type VisitKind = keyof typeof WEIGHTS;

interface KnownFile {
  readonly id: string;
  readonly provider: ProviderName;
  readonly bytes: number;
  readonly sha256: string;
}

type Deed = VisitorRequest & { readonly endpoint: string };

/** Visits a backend from `start` to `stop`. */
export class Visitors {
  readonly ledger = new Ledger();
  readonly #options: VisitorOptions;
  readonly #random: Random;
  readonly #pace: Pace;
  readonly #files: KnownFile[] = [];
  #site: VideoSite | undefined;
  #visits = 0;

  constructor(options: VisitorOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#pace = new Pace({
      visitsPerSecond: options.visitsPerSecond,
      atOnceMax: VISITS_MAX,
      random: this.#random,
    });
  }

  async start(): Promise<void> {
    this.#site = await VideoSite.start();
    this.#pace.start(() => this.#visit());
  }

  /** Begins no more visits; resolves when those under way are over. */
  async stop(): Promise<void> {
    await this.#pace.stop();
    await this.#site?.stop();
    this.#site = undefined;
  }

  async #visit(): Promise<void> {
    const kind = drawByWeight(WEIGHTS, this.#random);
    // Each visit draws from a generator of its own, so that what one meets does not change what the next one does.
    const random = randomFrom(Math.floor(this.#random() * 2 ** 32));
    this.#options.onVisit?.(kind);
    await this.#visitsOf[kind](random);
    while (this.#storedBytes > this.#options.storedBytesMax) await this.#remove(this.#files.shift()!);
  }

  readonly #visitsOf: Readonly<Record<VisitKind, (random: Random) => Promise<void>>> = {
    watch: (random) => this.#watch(`/watch/${this.#name()}`, random),
    moved: (random) => this.#watch(`/moved/${this.#name()}`, random, false),
    slow: (random) => this.#watch(`/slow/${this.#name()}`, random),
    flaky: (random) => this.#watch(`/flaky/${1 + Math.floor(random() * 3)}/${this.#name()}`, random),
    fetch: (random) => this.#fetchAgain(random),
    remove: (random) => this.#removeOne(random),
    list: () => this.#list(),
    stats: () => this.#stats(),
    private: () => this.#fail(`/private/${this.#name()}`, 'VIDEO_UNAVAILABLE'),
    missing: () => this.#fail(`/missing/${this.#name()}`, 'VIDEO_NOT_FOUND'),
    page: () => this.#fail(`/page/${this.#name()}`, 'VIDEO_UNSUPPORTED'),
    huge: () => this.#fail(`/huge/${this.#name()}`, 'VIDEO_TOO_LARGE'),
    broken: () => this.#fail(`/broken/${this.#name()}`, 'DOWNLOAD_FAILED'),
    stuck: () => this.#fail(`/stuck/${this.#name()}`, 'DOWNLOAD_TIMEOUT'),
    noUrl: () => this.#refused({ link: 'https://example.com/video.mp4' }),
    badUrl: (random) => this.#refused({ url: pick(['ftp://example.com/video.mp4', 'cats', ''], random) }),
    badJson: async () => {
      const headers = { 'content-type': 'application/json' };
      const answer = await this.#send({ ...DOWNLOAD, headers, body: [Buffer.from('{"url": "http')] });
      this.#expect('half a body', answer, 400);
    },
    unknownIds: () => this.#askForUnknown(),
    wrongPath: async () => {
      await this.#send({ method: 'GET', endpoint: UNMATCHED, path: '/api/v2/download' });
      await this.#send({ method: 'PUT', endpoint: UNMATCHED, path: DOWNLOAD.path });
    },
    badList: async () => {
      const answer = await this.#send({ method: 'GET', endpoint: FILES, path: `${FILES}?limit=many` });
      this.#expect('a list of many', answer, 400);
    },
  };

  /** The visit that all is about: a video is downloaded, looked after, and looked at. */
  async #watch(path: string, random: Random, sized = true): Promise<void> {
    const bytes = Math.floor(BYTES_MIN + random() ** 3 * (BYTES_MAX - BYTES_MIN));
    const ended = await this.#download(sized ? `${path}?bytes=${bytes}` : path);
    if (ended === undefined) return;
    if (ended.status !== 'completed') {
      this.ledger.wrong(`${path} failed: ${ended.errors.join(' ')}`);
      return;
    }
    const video = videoOf(path.split('/').at(-1)!, sized ? bytes : 20_000);
    const sha256 = createHash('sha256').update(video).digest('hex');
    const file = { id: ended.fileId, provider: ended.provider, bytes: video.length, sha256 };
    this.ledger.stored(file.provider, file.bytes);
    this.#files.push(file);
    if (random() < 0.5) await this.#fetch(file);
  }

  /** Has something downloaded that cannot be. */
  async #fail(path: string, code: string): Promise<void> {
    const ended = await this.#download(path);
    if (ended === undefined) return;
    if (ended.status !== 'failed' || ended.errors.at(-1) !== code)
      this.ledger.wrong(`${path} ended as ${ended.status}, ${ended.errors.join(' ')}; it must be ${code}`);
  }

  async #download(
    path: string,
  ): Promise<(EndedDownload & { fileId: string; provider: ProviderName }) | undefined> {
    if (this.#site === undefined) return undefined;
    const asked = await this.#sendJson({ url: this.#site.url + path });
    if (asked === undefined) this.ledger.maybeAsked();
    if (asked?.status !== 202) return undefined;
    this.ledger.asked();
    const id = String(asked.json.job_id);
    const untilMs = Date.now() + DOWNLOAD_MS_MAX;
    for (let pauseMs = POLL_MS_MIN; Date.now() < untilMs; pauseMs = Math.min(pauseMs * 1.4, POLL_MS_MAX)) {
      const answer = await this.#send({ method: 'GET', endpoint: STATUS, path: `/api/v1/status/${id}` });
      const { status, attempts, errors, provider, file_id: fileId } = answer?.json ?? {};
      if (status === 'completed' || status === 'failed') {
        const ended = {
          status,
          attempts: Number(attempts),
          errors: (errors ?? []) as string[],
          // Without one there is no file either.
          provider: (provider ?? null) as ProviderName,
        } as const;
        this.ledger.ended(ended);
        return { ...ended, fileId: String(fileId) };
      }
      await sleep(pauseMs);
    }
    this.ledger.wrong(`download ${id} was not seen to end`);
    return undefined;
  }

  async #fetchAgain(random: Random): Promise<void> {
    const file = this.#files[Math.floor(random() * this.#files.length)];
    if (file === undefined) return this.#list();
    await this.#fetch(file);
  }

  /** Looks whether a video is the one that was asked for. Somebody may have deleted it meanwhile. */
  async #fetch({ id, sha256 }: KnownFile): Promise<void> {
    const answer = await this.#send({
      method: 'GET',
      endpoint: CONTENT,
      path: `/api/v1/files/${id}/content`,
    });
    if (answer === undefined || answer.status === 404) return;
    if (answer.status !== 200 || answer.sha256 !== sha256)
      this.ledger.wrong(`file ${id} came back as ${answer.status} with ${answer.bytes} other bytes`);
  }

  async #removeOne(random: Random): Promise<void> {
    const [file] = this.#files.splice(Math.floor(random() * this.#files.length), 1);
    if (file === undefined) return this.#stats();
    await this.#remove(file);
  }

  /** Deletes a video; where the answer does not come, again until it does. */
  async #remove({ id, provider, bytes }: KnownFile): Promise<void> {
    for (let i = 0; i < AGAIN_MAX; i++) {
      const answer = await this.#send({ method: 'DELETE', endpoint: FILE, path: `/api/v1/files/${id}` });
      if (answer?.status === 204 || (answer?.status === 404 && i > 0)) {
        this.ledger.removed(provider, bytes);
        return;
      }
      if (answer !== undefined) break;
      await sleep(AGAIN_MS);
    }
    this.ledger.wrong(`file ${id} could not be deleted`);
  }

  async #list(): Promise<void> {
    await this.#send({ method: 'GET', endpoint: FILES, path: `${FILES}?limit=50` });
  }

  async #stats(): Promise<void> {
    const answer = await this.#send({ method: 'GET', endpoint: STATS, path: STATS });
    const told = answer?.json.providers;
    if (answer !== undefined && !(Array.isArray(told) && told.length === PROVIDERS.length))
      this.ledger.wrong('the statistics of the storage are not those of all providers');
  }

  async #refused(body: unknown): Promise<void> {
    this.#expect(JSON.stringify(body), await this.#sendJson(body), 400);
  }

  async #askForUnknown(): Promise<void> {
    const asked = [
      { method: 'GET', endpoint: STATUS, path: `/api/v1/status/${UNKNOWN_ID}` },
      { method: 'GET', endpoint: STATUS, path: '/api/v1/status/my-video' },
      { method: 'GET', endpoint: CONTENT, path: `/api/v1/files/${UNKNOWN_ID}/content` },
      { method: 'DELETE', endpoint: FILE, path: `/api/v1/files/${UNKNOWN_ID}` },
    ];
    for (const one of asked) this.#expect(one.path, await this.#send(one), 404);
  }

  #expect(what: string, answer: VisitorAnswer | undefined, status: number): void {
    if (answer !== undefined && answer.status !== status)
      this.ledger.wrong(`${what} was answered with ${answer.status} and not ${status}`);
  }

  #sendJson(body: unknown): Promise<VisitorAnswer | undefined> {
    const headers = { 'content-type': 'application/json' };
    return this.#send({ ...DOWNLOAD, headers, body: [Buffer.from(JSON.stringify(body))] });
  }

  /** Undefined when no answer came. */
  async #send(what: Deed): Promise<VisitorAnswer | undefined> {
    const { method, endpoint } = what;
    try {
      const answer = await sendAsVisitor(this.#options.url, what);
      if (answer !== undefined) this.ledger.request(method, endpoint, answer.status);
      return answer;
    } catch {
      this.ledger.died(method, endpoint);
      return undefined;
    }
  }

  /** A video that nobody has asked for yet. */
  #name(): string {
    return `video-${this.#options.seed}-${this.#visits++}.mp4`;
  }

  get #storedBytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
