/**
 * Writing what a short job has counted to Prometheus, or whoever takes remote write 1.0.
 *
 *     const writer = new RemoteWriter({ url: 'http://prometheus:9090/api/v1/write', job: 'nightly', instance: 'db-1' });
 *     await writer.write();                 // as often as wanted
 *     await writer.end({ stale: true });    // once more, and then the series end
 *
 * Samples carry the time of the writing, and each writing a later one than the one before. A request has at most
 * {@link WRITE_SAMPLES_MAX} samples; several go one after the other.
 */
import type { Family } from '../exposition/families.ts';
import type { Registry } from '../registry.ts';
import { countedFamilies } from './counted.ts';
import { type DeliveryOptions, deliver, receiverUrl } from './deliver.ts';
import { compressSnappy } from './snappy.ts';
import { encodeWriteRequest, samplesOf, type WrittenSample } from './write-request.ts';

/** Samples of one request: as many as Prometheus itself sends. */
export const WRITE_SAMPLES_MAX = 2_000;

/** Options of {@link RemoteWriter}. */
export interface RemoteWriteOptions extends DeliveryOptions {
  /** `http://prometheus:9090/api/v1/write`. */
  readonly url: string;
  readonly job: string;
  /** Tells runs of the job at the same time apart, such as the name of the machine. */
  readonly instance?: string;
  /** Further labels of every series; where a metric has a label of the same name, its own stays. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly registry?: Registry;
  /** Unix milliseconds; for tests. */
  readonly now?: () => number;
}

/** Writes the metrics of a job. */
export class RemoteWriter {
  readonly #url: URL;
  readonly #options: RemoteWriteOptions;
  readonly #labels: Readonly<Record<string, string>>;
  #lastMs = 0;
  /** The series that were written last, by their labels; they are what goes stale. */
  #written = new Map<string, WrittenSample>();
  #last: Promise<void> = Promise.resolve();

  /** @throws TypeError for options that cannot be */
  constructor(options: RemoteWriteOptions) {
    this.#url = receiverUrl(options.url);
    if (options.job === '') throw new TypeError('remote write needs the name of a job');
    this.#options = options;
    this.#labels = { ...options.labels, job: options.job, instance: options.instance ?? '' };
  }

  /**
   * Writes what was counted until now. Writings go one after the other.
   * @throws PushError when not all of it arrived
   */
  write(): Promise<void> {
    return this.#after(async () => {
      const families = await countedFamilies(this.#options.registry);
      const samples = [...samplesOf(families, this.#labels)];
      const present = new Map(samples.map((sample) => [JSON.stringify(sample.labels), sample]));
      // As a scrape would: what is not there any more has ended.
      const ended = [...this.#written].filter(([key]) => !present.has(key)).map(([, sample]) => sample);
      // Until all has arrived, what came before may still be what the receiver has.
      for (const [key, sample] of present) this.#written.set(key, sample);
      const nowMs = this.#nextMs();
      await this.#send(samples, families, nowMs, false);
      await this.#send(ended, [], nowMs, true);
      this.#written = present;
    });
  }

  /**
   * Writes for the last time.
   * @param stale whether to end the series right after, so that no query finds the job's values for five more
   * minutes. Then they are found at the moment of the writing only, which is right for `last_over_time` and for
   * graphs, and too short for an alert on the bare metric.
   */
  async end({ stale = false }: { readonly stale?: boolean } = {}): Promise<void> {
    await this.write();
    if (!stale) return;
    await this.#after(async () => {
      const samples = [...this.#written.values()];
      this.#written = new Map();
      await this.#send(samples, [], this.#nextMs(), true);
    });
  }

  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  #nextMs(): number {
    this.#lastMs = Math.max(this.#lastMs + 1, (this.#options.now ?? Date.now)());
    return this.#lastMs;
  }

  async #send(
    samples: readonly WrittenSample[],
    families: readonly Family[],
    timestampMs: number,
    isStale: boolean,
  ): Promise<void> {
    for (let start = 0; start < samples.length; start += WRITE_SAMPLES_MAX) {
      const some = samples.slice(start, start + WRITE_SAMPLES_MAX);
      const request = encodeWriteRequest(some, start === 0 ? families : [], timestampMs, isStale);
      await deliver(
        {
          method: 'POST',
          url: this.#url,
          headers: {
            'content-type': 'application/x-protobuf',
            'content-encoding': 'snappy',
            'x-prometheus-remote-write-version': '0.1.0',
            'user-agent': 'binnacle-metrics',
          },
          body: compressSnappy(request),
        },
        this.#options,
      );
      // Encoding gives way to the application between requests.
      await new Promise(setImmediate);
    }
  }
}
