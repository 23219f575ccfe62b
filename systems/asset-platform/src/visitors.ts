/**
 * Visitors: they use the platform through its gateway as people do, mistakes included, and keep a ledger.
 *
 * Visits begin at a given rate, each of a kind that a seeded generator draws by weight; the same seed draws the
 * same visits. What each visit meets depends on the platform and is entered as it was met. `stop` begins no more
 * visits and resolves when the last one is over, so the ledger is then complete.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VisitorAnswer } from '@binnacle/system-parts/visitor-request';
import { drawByWeight, Pace, pick, type Random, randomFrom } from '@binnacle/system-parts/visits';
import { type Deed, ENDPOINTS, enterJob, UNMATCHED } from './effects.ts';
import { Ledger } from './ledger.ts';
import { makeSpecimens, type Specimen, type Specimens } from './specimens.ts';
import { type VisitorRequest, visit } from './visitor-client.ts';

/** Who visits, and how often. */
export interface VisitorOptions {
  /** Where the gateway is: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Visits that begin per second; each is several requests. */
  readonly visitsPerSecond: number;
  /** Equal seeds draw equal visits. */
  readonly seed: number;
  /** The limit of the files service, so that visitors can exceed it. */
  readonly uploadBytesMax: number;
  /** Told of every visit as it begins. */
  readonly onVisit?: (kind: VisitKind) => void;
}

const { ASSETS, ASSET, ASSET_FILES, FILE, CONTENT, SEARCH, TRANSCODE, JOB } = ENDPOINTS;

/** Visits at one time; while there are as many, no new ones begin. */
const VISITS_MAX = 40;
/** Assets that visitors remember and leave in the platform; older ones they delete. */
const REMEMBERED_MAX = 60;
const POLL_MS_MIN = 150;
const POLL_MS_MAX = 1_000;
/** A job that has not ended by then is left open. */
const JOB_MS_MAX = 120_000;
/** How long it may take to be noted that a job's end was counted; else its process has died in between. */
const COUNTED_MS_MAX = 10_000;
/** Larger than what the connections between files service and visitor hold, so that leaving is noticed. */
const LARGE_BYTES = 40_000_000;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const LIST_MAX = 20;

const ADJECTIVES = ['red', 'quiet', 'early', 'northern', 'small', 'golden', 'paper', 'winter'] as const;
const NOUNS = ['fox', 'harbour', 'bridge', 'garden', 'portrait', 'market', 'engine', 'mountain'] as const;

const WEIGHTS = {
  publish: 26,
  edit: 10,
  browse: 12,
  search: 12,
  download: 12,
  transcode: 12,
  sound: 4,
  film: 2,
  document: 6,
  brokenImage: 3,
  tooLarge: 2,
  leaveUpload: 3,
  leaveDownload: 1,
  emptyFile: 2,
  unknownIds: 4,
  badJson: 3,
  wrongTypes: 3,
  wrongPath: 2,
  badRange: 2,
  badSearch: 2,
  badTranscode: 2,
  deleteWithFiles: 2,
} as const;

/** What a visitor comes for. */
export type VisitKind = keyof typeof WEIGHTS;

interface KnownFile {
  readonly id: string;
  readonly specimen: Specimen;
  readonly sha256: string;
}

interface KnownAsset {
  readonly id: string;
  readonly files: KnownFile[];
  /** Visits that need it to stay. */
  needed: number;
}

/** Visits a platform from `start` to `stop`. */
export class Visitors {
  readonly ledger = new Ledger();
  readonly #options: VisitorOptions;
  readonly #random: Random;
  readonly #pace: Pace;
  readonly #assets: KnownAsset[] = [];
  #specimens: Specimens | undefined;

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
    this.#specimens = await makeSpecimens();
    this.#pace.start(() => this.#visit());
  }

  /** Begins no more visits; resolves when those under way are over. */
  async stop(): Promise<void> {
    await this.#pace.stop();
  }

  async #visit(): Promise<void> {
    const kind = drawByWeight(WEIGHTS, this.#random);
    // Each visit draws from a generator of its own, so that what one meets does not change what the next one does.
    const random = randomFrom(Math.floor(this.#random() * 2 ** 32));
    this.#options.onVisit?.(kind);
    await this.#visits[kind](random);
    if (this.#assets.length <= REMEMBERED_MAX) return;
    const at = this.#assets.findIndex(({ needed }) => needed === 0);
    if (at >= 0) await this.#remove(this.#assets.splice(at, 1)[0]!);
  }

  readonly #visits: Readonly<Record<VisitKind, (random: Random) => Promise<void>>> = {
    publish: (random) => this.#publish(random, pick(this.#made.images, random)),
    edit: (random) => this.#edit(random),
    browse: (random) => this.#browse(random),
    search: (random) => this.#search(random),
    download: (random) => this.#download(random),
    transcode: (random) => this.#convert(random),
    sound: (random) => this.#publish(random, pick(this.#made.sounds, random), true),
    film: (random) => this.#publish(random, pick([...this.#made.videos, ...this.#made.sounds], random), true),
    document: (random) => this.#publish(random, pick(this.#made.documents, random)),
    brokenImage: (random) => this.#publish(random, this.#made.broken, true),
    tooLarge: (random) => this.#tooLarge(random),
    leaveUpload: (random) => this.#leaveUpload(random),
    leaveDownload: (random) => this.#leaveDownload(random),
    emptyFile: (random) => this.#emptyFile(random),
    unknownIds: () => this.#askForUnknown(),
    badJson: (random) => this.#badJson(random),
    wrongTypes: () => this.#wrongTypes(),
    wrongPath: () => this.#wrongPath(),
    badRange: (random) => this.#badRange(random),
    badSearch: () => this.#badSearch(),
    badTranscode: (random) => this.#badTranscode(random),
    deleteWithFiles: (random) => this.#deleteWithFiles(random),
  };

  get #made(): Specimens {
    if (this.#specimens === undefined) throw new Error('visitors visit after start');
    return this.#specimens;
  }

  /** The visit that all is about: an asset with a file, which is then looked at, and perhaps converted. */
  async #publish(random: Random, specimen: Specimen, convert = random() < 0.2): Promise<void> {
    const asset = await this.#create(random);
    if (asset === undefined) return;
    const file = await this.#upload(asset, specimen);
    if (file === undefined) return;
    await this.#send({ method: 'GET', endpoint: FILE, service: 'files', path: `/api/v1/files/${file.id}` });
    if (convert && specimen.targets.length > 0)
      await this.#transcode(asset, file, pick(specimen.targets, random));
  }

  async #edit(random: Random): Promise<void> {
    const asset = this.#known(random) ?? (await this.#create(random));
    if (asset === undefined) return;
    const path = `/api/v1/assets/${asset.id}`;
    await this.#send({ method: 'GET', endpoint: ASSET, service: 'assets', path });
    const name = `${nameOf(random)}, edited`;
    await this.#sendJson(
      { method: 'PUT', endpoint: ASSET, service: 'assets', path },
      { name, tags: ['edited'] },
    );
  }

  async #browse(random: Random): Promise<void> {
    const offset = Math.floor(random() * 5);
    const path = `/api/v1/assets?limit=${LIST_MAX}&offset=${offset}`;
    await this.#send({ method: 'GET', endpoint: ASSETS, service: 'assets', path, atMost: LIST_MAX });
    const asset = this.#known(random);
    if (asset === undefined) return;
    await this.#send({
      method: 'GET',
      endpoint: ASSET,
      service: 'assets',
      path: `/api/v1/assets/${asset.id}`,
    });
    await this.#send({
      method: 'GET',
      endpoint: ASSET_FILES,
      service: 'files',
      path: `/api/v1/assets/${asset.id}/files`,
      atMost: 100,
    });
  }

  async #search(random: Random): Promise<void> {
    const type = pick(['all', 'all', 'all', 'asset', 'file'], random);
    const text = random() < 0.2 ? 'nothing-is-called-so' : type === 'file' ? 'photo' : pick(NOUNS, random);
    await this.#send({
      method: 'GET',
      endpoint: SEARCH,
      service: 'search',
      path: `/api/v1/search?q=${text}&type=${type}&limit=${LIST_MAX}`,
      label: type,
      atMost: LIST_MAX,
    });
  }

  /** Downloads a file, or a part of it, and looks whether it is what was uploaded. */
  async #download(random: Random): Promise<void> {
    const asset = this.#known(random);
    const file = asset?.files[Math.floor(random() * asset.files.length)];
    if (file === undefined) return this.#search(random);
    const { length } = file.specimen.content;
    const start = Math.floor(random() * length);
    const partial = random() < 0.4;
    const answer = await this.#send({
      ...content(file.id),
      ...(partial && { headers: { range: `bytes=${start}-` } }),
    });
    if (answer?.status === 200 && answer.sha256 !== file.sha256)
      this.ledger.wrong(`file ${file.id} came back as another one`);
    if (answer?.status === 206 && answer.bytes !== length - start)
      this.ledger.wrong(`file ${file.id} from byte ${start} had ${answer.bytes} bytes`);
  }

  async #convert(random: Random): Promise<void> {
    const asset = this.#known(random);
    const file = asset?.files.find(({ specimen }) => specimen.targets.length > 0);
    if (asset === undefined || file === undefined)
      return this.#publish(random, pick(this.#made.images, random), true);
    await this.#transcode(asset, file, pick(file.specimen.targets, random));
  }

  async #tooLarge(random: Random): Promise<void> {
    const asset = this.#known(random) ?? (await this.#create(random));
    if (asset === undefined) return;
    const part = Buffer.alloc(1_000_000, 'x');
    const parts = Math.ceil(this.#options.uploadBytesMax / part.length) + 1;
    await this.#send({
      ...uploadTo(asset, 'huge.txt', 'document'),
      body: new Array<Buffer>(parts).fill(part),
    });
  }

  async #leaveUpload(random: Random): Promise<void> {
    const asset = this.#known(random) ?? (await this.#create(random));
    if (asset === undefined) return;
    const body = [pick(this.#made.images, random).content];
    await this.#send({ ...uploadTo(asset, 'left.jpg', 'image'), body, abortUpload: true });
  }

  async #leaveDownload(random: Random): Promise<void> {
    if (this.#options.uploadBytesMax < LARGE_BYTES) return this.#browse(random);
    const asset = await this.#create(random);
    if (asset === undefined) return;
    const part = Buffer.alloc(1_000_000, 'y');
    const upload = {
      ...uploadTo(asset, 'large.txt', 'document'),
      body: new Array<Buffer>(LARGE_BYTES / part.length).fill(part),
    };
    const answer = await this.#send(upload);
    if (answer?.status !== 201) return;
    const id = String(answer.json.file_id);
    await this.#send({ ...content(id), abortDownload: true });
    await this.#send({ method: 'DELETE', endpoint: FILE, service: 'files', path: `/api/v1/files/${id}` });
  }

  async #emptyFile(random: Random): Promise<void> {
    const asset = this.#known(random) ?? (await this.#create(random));
    if (asset !== undefined) await this.#send({ ...uploadTo(asset, 'empty.txt', 'document'), body: [] });
  }

  async #askForUnknown(): Promise<void> {
    const asset = { method: 'GET', endpoint: ASSET, service: 'assets' } as const;
    await this.#send({ ...asset, path: '/api/v1/assets/no-such-asset' });
    await this.#send({ ...asset, method: 'DELETE', path: `/api/v1/assets/${UNKNOWN_ID}` });
    const file = { method: 'GET', endpoint: FILE, service: 'files' } as const;
    await this.#send({ ...file, path: `/api/v1/files/${UNKNOWN_ID}` });
    await this.#send({ ...file, method: 'DELETE', path: '/api/v1/files/no-such-file' });
    await this.#send(content(UNKNOWN_ID));
    await this.#send({
      method: 'GET',
      endpoint: JOB,
      service: 'transcode',
      path: `/api/v1/transcode/${UNKNOWN_ID}`,
    });
    const nowhere = { id: UNKNOWN_ID, files: [], needed: 0 };
    await this.#send({ ...uploadTo(nowhere, 'lost.txt', 'document'), body: [Buffer.from('for nobody')] });
  }

  async #badJson(random: Random): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const broken = [Buffer.from('{"name": "half an ass')];
    const create = { method: 'POST', endpoint: ASSETS, service: 'assets', path: '/api/v1/assets' } as const;
    await this.#send({ ...create, headers, body: random() < 0.3 ? [Buffer.alloc(200_000, ' ')] : broken });
    await this.#send({
      method: 'POST',
      endpoint: TRANSCODE,
      service: 'transcode',
      path: '/api/v1/transcode',
      headers,
      body: broken,
    });
  }

  async #wrongTypes(): Promise<void> {
    const create = { method: 'POST', endpoint: ASSETS, service: 'assets', path: '/api/v1/assets' } as const;
    await this.#sendJson(create, { name: 7 });
    await this.#sendJson(create, { name: 'tags', tags: 'not a list' });
    await this.#send({ ...create, headers: { 'content-type': 'text/plain' }, body: [Buffer.from('a name')] });
    await this.#send({ ...create, method: 'GET', path: '/api/v1/assets?limit=many' });
  }

  async #wrongPath(): Promise<void> {
    await this.#send({ method: 'GET', endpoint: UNMATCHED, service: undefined, path: '/api/v2/assets' });
    await this.#send({ method: 'POST', endpoint: UNMATCHED, service: undefined, path: '/api/v1/index' });
    await this.#send({
      method: 'DELETE',
      endpoint: SEARCH,
      service: undefined,
      path: '/api/v1/search?q=all',
    });
  }

  async #badRange(random: Random): Promise<void> {
    const asset = this.#known(random);
    const file = asset?.files[0];
    if (file === undefined) return this.#wrongPath();
    const after = file.specimen.content.length;
    await this.#send({ ...content(file.id), headers: { range: `bytes=${after}-${after + 9}` } });
    await this.#send({ ...content(file.id), headers: { range: 'lines=1-2' } });
    await this.#send({ ...content(file.id), headers: { 'if-none-match': `"${file.sha256}"` } });
  }

  async #badSearch(): Promise<void> {
    const search = { method: 'GET', endpoint: SEARCH, service: 'search' } as const;
    await this.#send({ ...search, path: '/api/v1/search' });
    await this.#send({ ...search, path: '/api/v1/search?q=fox&type=people' });
  }

  async #badTranscode(random: Random): Promise<void> {
    const ask = (file_id: string, target_format: string): Promise<unknown> =>
      this.#sendJson(
        { method: 'POST', endpoint: TRANSCODE, service: 'transcode', path: '/api/v1/transcode' },
        { file_id, target_format },
      );
    await ask(UNKNOWN_ID, 'webp');
    await ask('not-an-id', 'webp');
    const asset = this.#known(random);
    if (asset?.files[0] === undefined) return;
    await ask(asset.files[0].id, 'exe');
    // No file of the visitors can become this.
    if (asset.files[0].specimen.fileType !== 'video') await ask(asset.files[0].id, 'mp4');
  }

  async #deleteWithFiles(random: Random): Promise<void> {
    const asset = this.#known(random);
    if (asset === undefined || asset.files.length === 0) return this.#browse(random);
    const answer = await this.#send({
      method: 'DELETE',
      endpoint: ASSET,
      service: 'assets',
      path: `/api/v1/assets/${asset.id}`,
    });
    if (answer?.status === 200) this.ledger.wrong(`asset ${asset.id} was deleted though it had files`);
  }

  /** Asks for a conversion, waits for its end, downloads what came of it, and deletes that again. */
  async #transcode(asset: KnownAsset, file: KnownFile, target: string): Promise<void> {
    asset.needed++;
    await this.#transcodeNeeded(file, target);
    asset.needed--;
  }

  async #transcodeNeeded({ id, specimen }: KnownFile, target: string): Promise<void> {
    const fileType = fileTypeOf(target);
    const asked = await this.#sendJson(
      {
        method: 'POST',
        endpoint: TRANSCODE,
        service: 'transcode',
        path: '/api/v1/transcode',
        label: `${specimen.format} ${target} ${fileType}`,
      },
      { file_id: id, target_format: target },
    );
    if (asked?.status !== 202) return;
    this.ledger.record.openJobs++;
    const job = await this.#wait(String(asked.json.job_id));
    if (job === undefined) return;
    this.ledger.record.openJobs--;
    enterJob(this.ledger, { sourceFormat: specimen.format, targetFormat: target, fileType }, job);
    if (job.status !== 'completed') {
      if (specimen !== this.#made.broken && Number(job.attempts) <= 1)
        this.ledger.wrong(`${specimen.format} to ${target} failed: ${String(job.message)}`);
      return;
    }
    if (specimen === this.#made.broken) this.ledger.wrong('a broken image was converted');
    await this.#send(content(String(job.result_file_id)));
    const path = `/api/v1/files/${String(job.result_file_id)}`;
    await this.#send({ method: 'DELETE', endpoint: FILE, service: 'files', path });
  }

  /** Asks for a job until it has ended, and its end was counted. */
  async #wait(id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const untilMs = Date.now() + JOB_MS_MAX;
    let endedMs: number | undefined;
    for (let pauseMs = POLL_MS_MIN; Date.now() < untilMs; pauseMs = Math.min(pauseMs * 1.4, POLL_MS_MAX)) {
      const path = `/api/v1/transcode/${id}`;
      const answer = await this.#send({ method: 'GET', endpoint: JOB, service: 'transcode', path });
      if (answer?.status === 404) break;
      const status = answer?.json.status;
      if (answer !== undefined && (status === 'completed' || status === 'failed')) {
        endedMs ??= Date.now();
        if (answer.json.counted === true || Date.now() - endedMs > COUNTED_MS_MAX) return answer.json;
      }
      await sleep(pauseMs);
    }
    this.ledger.wrong(`job ${id} was not seen to end`);
    return undefined;
  }

  async #create(random: Random): Promise<KnownAsset | undefined> {
    const answer = await this.#sendJson(
      { method: 'POST', endpoint: ASSETS, service: 'assets', path: '/api/v1/assets' },
      { name: nameOf(random), description: `Taken ${pick(ADJECTIVES, random)}`, tags: [pick(NOUNS, random)] },
    );
    if (answer?.status !== 201) return undefined;
    const asset = { id: String(answer.json.asset_id), files: [], needed: 0 };
    this.#assets.push(asset);
    return asset;
  }

  async #upload(asset: KnownAsset, specimen: Specimen): Promise<KnownFile | undefined> {
    const answer = await this.#send({
      ...uploadTo(asset, specimen.name, specimen.fileType),
      body: [specimen.content],
    });
    if (answer?.status !== 201) return undefined;
    const { file_id, sha256, format, file_type, bytes } = answer.json;
    if (format !== specimen.format || file_type !== specimen.fileType || bytes !== specimen.content.length)
      this.ledger.wrong(
        `${specimen.name} was taken for ${String(file_type)} ${String(format)} of ${String(bytes)} bytes`,
      );
    const file = { id: String(file_id), specimen, sha256: String(sha256) };
    asset.files.push(file);
    return file;
  }

  /** Deletes an asset with its files, as far as visitors know them. */
  async #remove(asset: KnownAsset): Promise<void> {
    for (const { id } of asset.files)
      await this.#send({ method: 'DELETE', endpoint: FILE, service: 'files', path: `/api/v1/files/${id}` });
    await this.#send({
      method: 'DELETE',
      endpoint: ASSET,
      service: 'assets',
      path: `/api/v1/assets/${asset.id}`,
    });
  }

  #known(random: Random): KnownAsset | undefined {
    return this.#assets[Math.floor(random() * this.#assets.length)];
  }

  #sendJson(deed: Deed & { readonly path: string }, body: unknown): Promise<VisitorAnswer | undefined> {
    const headers = { 'content-type': 'application/json' };
    return this.#send({ ...deed, headers, body: [Buffer.from(JSON.stringify(body))] });
  }

  #send(what: VisitorRequest): Promise<VisitorAnswer | undefined> {
    return visit(this.#options.url, this.ledger, what);
  }
}

function content(id: string): Deed & { readonly path: string } {
  return { method: 'GET', endpoint: CONTENT, service: 'files', path: `/api/v1/files/${id}/content` };
}

function uploadTo({ id }: KnownAsset, name: string, label: string): Deed & { readonly path: string } {
  const path = `/api/v1/assets/${id}/files?name=${name}`;
  return { method: 'POST', endpoint: ASSET_FILES, service: 'files', path, label };
}

function nameOf(random: Random): string {
  return `${pick(ADJECTIVES, random)} ${pick(NOUNS, random)}`;
}

/** What a format is that something was converted to. */
function fileTypeOf(format: string): string {
  if (['webp', 'jpeg', 'png'].includes(format)) return 'image';
  return ['webm', 'mp4'].includes(format) ? 'video' : 'audio';
}
