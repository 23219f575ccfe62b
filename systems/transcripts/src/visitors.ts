/**
 * Visitors: they use the API as people do, mistakes included, let it transcribe what their own media library serves,
 * and keep a ledger.
 *
 * Visits begin at a given rate, each of a kind that a seeded generator draws by weight; the same seed draws the same
 * visits. What each visit meets depends on the system and is entered as it was met. `stop` begins no more visits and
 * resolves when the last one is over, so the ledger is then complete.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  sendAsVisitor,
  type VisitorAnswer,
  type VisitorRequest,
} from '@binnacle/system-parts/visitor-request';
import { drawByWeight, Pace, pick, type Random, randomFrom } from '@binnacle/system-parts/visits';
import { type Deed, ENDPOINTS, type EndedJob, enter, enterDied, enterEnd, UNMATCHED } from './effects.ts';
import { Ledger } from './ledger.ts';
import { Library, WAYS, type Way } from './library.ts';
import { makeSpecimens, SENTENCES, type Specimen, type Specimens } from './specimens.ts';

/** Who visits, and how often. */
export interface VisitorOptions {
  /** Where the API is: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Visits that begin per second; each is several requests. */
  readonly visitsPerSecond: number;
  /** Equal seeds draw equal visits. */
  readonly seed: number;
  /** How likely each kind of visit is. Default: as it would be with people. */
  readonly weights?: Readonly<Record<VisitKind, number>>;
  /** Told of every visit as it begins. */
  readonly onVisit?: (kind: VisitKind) => void;
}

const { JOBS, STATUS, SEARCH, EXPORT } = ENDPOINTS;

/** Visits at one time; while there are as many, no new ones begin. */
const VISITS_MAX = 40;
/** Jobs and videos that visitors remember. */
const REMEMBERED_MAX = 50;
const POLL_MS_MIN = 300;
const POLL_MS_MAX = 1_500;
/** A job that has not ended by then is left open. */
const JOB_MS_MAX = 400_000;
/** A new job is asked for as often, with one key, while no answer comes: both processes may be starting anew. */
const CREATE_TRIES = 200;
const CREATE_PAUSE_MS = 300;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const BODY_TOO_LARGE = 200_000;
const FORMATS = ['srt', 'vtt', 'json', 'pdf'] as const;
/** Why nothing at all can be transcribed here; then nothing that fails is wrong. */
const UNABLE = /^(nothing here can transcribe|ffmpeg is not installed)/;

/** What fails is an eighth of what they bring: a fifth would be an alert. */
const WEIGHTS = {
  speech: 9,
  dialogue: 3,
  music: 1,
  silence: 5,
  channel: 2,
  channelOfBad: 0.3,
  badList: 0.5,
  broken: 0.5,
  page: 0.3,
  missing: 0.5,
  huge: 0.3,
  empty: 0.3,
  breaking: 0.3,
  failing: 0.3,
  unsteady: 1,
  slow: 1,
  browse: 16,
  search: 22,
  export: 16,
  exportEarly: 1,
  unknownIds: 3,
  badJson: 2,
  wrongTypes: 3,
  wrongPath: 2,
  badSearch: 2,
  badFormat: 2,
} as const;

/** What a visitor comes for. */
export type VisitKind = keyof typeof WEIGHTS;

/** All kinds of visits. */
export const VISIT_KINDS = Object.keys(WEIGHTS) as readonly VisitKind[];

/** Visits a system from `start` to `stop`. */
export class Visitors {
  readonly ledger = new Ledger();
  readonly #options: VisitorOptions;
  readonly #random: Random;
  readonly #pace: Pace;
  /** Identifiers of jobs, and of videos with a transcript. */
  readonly #jobs: string[] = [];
  readonly #videos: string[] = [];
  #library: Library | undefined;
  #specimens: Specimens | undefined;

  constructor(options: VisitorOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    const { visitsPerSecond } = options;
    this.#pace = new Pace({ visitsPerSecond, atOnceMax: VISITS_MAX, random: this.#random });
  }

  async start(): Promise<void> {
    const made = makeSpecimens();
    this.#specimens = made;
    this.#library = await Library.start([
      ...made.speech,
      ...made.dialogues,
      ...[made.music, made.silence, made.broken],
    ]);
    this.#pace.start(() => this.#visit());
  }

  /** Begins no more visits; resolves when those under way are over. */
  async stop(): Promise<void> {
    await this.#pace.stop();
    await this.#library?.close();
  }

  async #visit(): Promise<void> {
    const kind = drawByWeight(this.#options.weights ?? WEIGHTS, this.#random);
    // Each visit draws from a generator of its own, so that what one meets does not change what the next one does.
    const random = randomFrom(Math.floor(this.#random() * 2 ** 32));
    this.#options.onVisit?.(kind);
    await this.#visits[kind](random);
    this.#jobs.splice(0, this.#jobs.length - REMEMBERED_MAX);
    this.#videos.splice(0, this.#videos.length - REMEMBERED_MAX);
  }

  readonly #visits: Readonly<Record<VisitKind, (random: Random) => Promise<void>>> = {
    speech: (random) => this.#transcribe(random, 'media', pick(this.#made.speech, random), true),
    dialogue: (random) => this.#transcribe(random, 'media', pick(this.#made.dialogues, random), true),
    music: (random) => this.#transcribe(random, 'media', this.#made.music),
    silence: (random) => this.#transcribe(random, 'media', this.#made.silence),
    channel: (random) => this.#channel(random, ['media', 'media', random() < 0.2 ? 'missing' : 'media']),
    channelOfBad: (random) => this.#channel(random, ['missing', 'page']),
    badList: (random) => this.#badList(random),
    broken: (random) => this.#transcribe(random, 'media', this.#made.broken),
    page: (random) => this.#short(random, 'page'),
    missing: (random) => this.#short(random, 'missing'),
    huge: (random) => this.#short(random, 'huge'),
    empty: (random) => this.#short(random, 'empty'),
    breaking: (random) => this.#short(random, 'breaking'),
    failing: (random) => this.#short(random, 'failing'),
    unsteady: (random) => this.#short(random, 'unsteady'),
    slow: (random) => this.#short(random, 'slow'),
    browse: (random) => this.#browse(random),
    search: (random) => this.#search(random),
    export: (random) => this.#export(random, pick(this.#videos, random)),
    exportEarly: (random) => this.#exportEarly(random),
    unknownIds: () => this.#askForUnknown(),
    badJson: (random) => this.#badJson(random),
    wrongTypes: () => this.#wrongTypes(),
    wrongPath: () => this.#wrongPath(),
    badSearch: () => this.#badSearch(),
    badFormat: (random) => this.#badFormat(random),
  };

  get #made(): Specimens {
    if (this.#specimens === undefined) throw new Error('visitors visit after start');
    return this.#specimens;
  }

  get #shelf(): Library {
    if (this.#library === undefined) throw new Error('visitors visit after start');
    return this.#library;
  }

  /** The visit that all is about: a recording is transcribed, read, and perhaps found again. */
  async #transcribe(random: Random, way: Way, specimen: Specimen, read = false): Promise<void> {
    const url = this.#shelf.address(way, specimen, visitOf(random));
    const job = await this.#run('single', url);
    if (job === undefined) return;
    const good = WAYS[way] === 'completed' && specimen !== this.#made.broken;
    this.#expect(job, good ? 'completed' : 'failed');
    const video = job.videos[0];
    if (!read || video?.status !== 'completed') return;
    const text = await this.#send(
      { method: 'GET', endpoint: EXPORT, label: 'json' },
      exportOf(video, 'json'),
    );
    const segments = text?.json.segments;
    if (!Array.isArray(segments)) return;
    await this.#export(random, video.video_id);
    const said = segments.map((segment: { text?: unknown }) => String(segment.text)).join(' ');
    await this.#searchFor(pick(said.split(' '), random));
  }

  #short(random: Random, way: Way): Promise<void> {
    return this.#transcribe(random, way, this.#made.silence);
  }

  async #channel(random: Random, ways: readonly Way[]): Promise<void> {
    const media = ways.map((way) => ({
      way,
      specimen: pick([this.#made.silence, ...this.#made.speech], random),
    }));
    const job = await this.#run('channel', this.#shelf.channel(media, visitOf(random)));
    if (job === undefined) return;
    if (job.videos.length !== ways.length)
      this.ledger.wrong(`a channel of ${ways.length} has ${job.videos.length}`);
    this.#expect(job, ways.some((way) => WAYS[way] === 'completed') ? 'completed' : 'failed');
  }

  async #badList(random: Random): Promise<void> {
    const visit = visitOf(random);
    const path = pick(['list/broken', 'channels/', 'missing/list', 'empty/list', 'failing/list'], random);
    const job = await this.#run('channel', `${this.#shelf.url}/${path}?visit=${visit}`);
    if (job !== undefined) this.#expect(job, 'failed');
  }

  async #browse(random: Random): Promise<void> {
    const offset = Math.floor(random() * 5);
    await this.#send({ method: 'GET', endpoint: JOBS }, { path: `/api/v1/jobs?limit=10&offset=${offset}` });
    const job = pick(this.#jobs, random);
    if (job !== undefined) await this.#send({ method: 'GET', endpoint: STATUS }, statusOf(job));
  }

  async #search(random: Random): Promise<void> {
    const word = pick(pick(SENTENCES, random).split(' '), random);
    await this.#searchFor(random() < 0.2 ? 'nobody-says-this' : word);
  }

  async #searchFor(text: string): Promise<void> {
    const path = `/api/v1/search?limit=10&q=${encodeURIComponent(text || 'nothing')}`;
    await this.#send({ method: 'GET', endpoint: SEARCH }, { path });
  }

  async #export(random: Random, video: string | undefined): Promise<void> {
    if (video === undefined) return this.#search(random);
    const format = pick(FORMATS, random);
    const deed = { method: 'GET', endpoint: EXPORT, label: format };
    const answer = await this.#send(deed, exportOf({ video_id: video }, format));
    if (answer !== undefined && (answer.status !== 200 || answer.bytes === 0) && format !== 'srt')
      this.ledger.wrong(
        `video ${video} as ${format} is an answer of ${answer.status}, ${answer.bytes} bytes`,
      );
  }

  /** Asks for a transcript before it can be there. */
  async #exportEarly(random: Random): Promise<void> {
    const url = this.#shelf.address('slow', this.#made.silence, visitOf(random));
    const id = await this.#create('single', url);
    if (id === undefined) return;
    const status = await this.#send({ method: 'GET', endpoint: STATUS }, statusOf(id));
    const [video] = (status?.json.videos ?? []) as EndedJob['videos'];
    if (video !== undefined)
      await this.#send({ method: 'GET', endpoint: EXPORT, label: 'vtt' }, exportOf(video, 'vtt'));
    const job = await this.#wait(id);
    if (job !== undefined) this.#expect(job, 'completed');
  }

  async #askForUnknown(): Promise<void> {
    const status = { method: 'GET', endpoint: STATUS };
    await this.#send(status, { path: `/api/v1/status/${UNKNOWN_ID}` });
    await this.#send(status, { path: '/api/v1/status/no-such-job' });
    const transcript = { method: 'GET', endpoint: EXPORT, label: 'srt' };
    await this.#send(transcript, exportOf({ video_id: UNKNOWN_ID }, 'srt'));
    await this.#send(transcript, exportOf({ video_id: 'no-such-video' }, 'srt'));
  }

  async #badJson(random: Random): Promise<void> {
    const body = random() < 0.3 ? Buffer.alloc(BODY_TOO_LARGE, ' ') : Buffer.from('{"url": "http://half');
    await this.#send(CREATE, {
      path: '/api/v1/jobs',
      headers: { 'content-type': 'application/json' },
      body: [body],
    });
  }

  async #wrongTypes(): Promise<void> {
    await this.#post({ url: 7 });
    await this.#post({ url: 'ftp://127.0.0.1/recording.wav' });
    await this.#post({ url: this.#shelf.url, type: 'playlist' });
    await this.#post(['not', 'a', 'job']);
    await this.#send(CREATE, {
      path: '/api/v1/jobs',
      headers: { 'content-type': 'text/csv' },
      body: [Buffer.from('a,job')],
    });
    await this.#send({ method: 'GET', endpoint: JOBS }, { path: '/api/v1/jobs?limit=many' });
  }

  async #wrongPath(): Promise<void> {
    await this.#send({ method: 'GET', endpoint: UNMATCHED }, { path: '/api/v2/jobs' });
    await this.#send({ method: 'POST', endpoint: UNMATCHED }, { path: '/upload', body: [] });
    await this.#send({ method: 'DELETE', endpoint: UNMATCHED }, { path: '/api/v1/jobs' });
  }

  async #badSearch(): Promise<void> {
    const search = { method: 'GET', endpoint: SEARCH };
    await this.#send(search, { path: '/api/v1/search' });
    await this.#send(search, { path: '/api/v1/search?q=market&limit=0' });
    await this.#send(search, { path: `/api/v1/search?q=${'a'.repeat(500)}` });
  }

  async #badFormat(random: Random): Promise<void> {
    const video_id = pick(this.#videos, random) ?? UNKNOWN_ID;
    await this.#send({ method: 'GET', endpoint: EXPORT, label: 'docx' }, exportOf({ video_id }, 'docx'));
  }

  /** Creates a job and waits for its end. */
  async #run(jobType: string, url: string): Promise<EndedJob | undefined> {
    const id = await this.#create(jobType, url);
    return id === undefined ? undefined : this.#wait(id);
  }

  /** Asks for a job, again with the same key where no answer came; gives its identifier. */
  async #create(type: string, url: string): Promise<string | undefined> {
    const key = randomUUID();
    for (let tries = 0; tries < CREATE_TRIES; tries++) {
      const answer = await this.#post({ url, type }, { 'idempotency-key': key }, type);
      if (answer?.status === 202 || answer?.status === 200) {
        const id = String(answer.json.job_id);
        this.#jobs.push(id);
        this.ledger.record.openJobs++;
        return id;
      }
      if (answer !== undefined && answer.status < 500) {
        this.ledger.wrong(`a job was refused with ${answer.status}: ${String(answer.json.message)}`);
        return undefined;
      }
      await sleep(CREATE_PAUSE_MS);
    }
    this.ledger.wrong(`no job could be created in ${CREATE_TRIES} tries`);
    return undefined;
  }

  /** Asks for a job until it has ended. */
  async #wait(id: string): Promise<EndedJob | undefined> {
    const untilMs = Date.now() + JOB_MS_MAX;
    for (let pauseMs = POLL_MS_MIN; Date.now() < untilMs; pauseMs = Math.min(pauseMs * 1.3, POLL_MS_MAX)) {
      await sleep(pauseMs);
      const answer = await this.#send({ method: 'GET', endpoint: STATUS }, statusOf(id));
      if (answer?.status === 404) break;
      const status = answer?.json.status;
      if (status !== 'completed' && status !== 'failed') continue;
      const job = answer?.json as unknown as EndedJob;
      this.ledger.record.openJobs--;
      enterEnd(this.ledger, job);
      for (const video of job.videos) if (video.status === 'completed') this.#videos.push(video.video_id);
      return job;
    }
    this.ledger.wrong(`job ${id} was not seen to end`);
    return undefined;
  }

  #expect(job: EndedJob, status: EndedJob['status']): void {
    if (job.status === status) return;
    const died = job.videos.some(({ attempts, told_attempts }) => attempts > told_attempts);
    const unable = job.videos.some(({ message }) => UNABLE.test(message ?? ''));
    // Where processes are killed, a video may run out of attempts.
    if (job.status === 'failed' && (died || unable)) return;
    this.ledger.wrong(`${job.videos[0]?.url ?? job.job_type} ${job.status}: ${String(job.message)}`);
  }

  #post(
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    label = 'single',
  ): Promise<VisitorAnswer | undefined> {
    return this.#send(
      { ...CREATE, label },
      {
        path: '/api/v1/jobs',
        headers: { 'content-type': 'application/json', ...headers },
        body: [Buffer.from(JSON.stringify(body))],
      },
    );
  }

  /** Sends a request and enters it; undefined when nobody knows what the API did. */
  async #send(deed: Deed, what: Omit<VisitorRequest, 'method'>): Promise<VisitorAnswer | undefined> {
    try {
      const answer = await sendAsVisitor(this.#options.url, { ...what, method: deed.method });
      if (answer === undefined) return undefined;
      enter(this.ledger, deed, answer.status);
      return answer;
    } catch {
      enterDied(this.ledger, deed);
      return undefined;
    }
  }
}

const CREATE = { method: 'POST', endpoint: JOBS } as const;

function statusOf(job: string): { readonly path: string } {
  return { path: `/api/v1/status/${job}` };
}

function exportOf({ video_id }: { readonly video_id: string }, format: string): { readonly path: string } {
  return { path: `/api/v1/exports/${video_id}/${format}` };
}

/** What makes an address one of its own. */
function visitOf(random: Random): string {
  return Math.floor(random() * 2 ** 40).toString(36);
}
