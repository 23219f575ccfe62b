/**
 * Pushing to a Pushgateway, for jobs that are over before anybody could scrape them.
 *
 *     PUT     /metrics/job/JOB{/LABEL/VALUE}    replaces what this job has pushed with this grouping key
 *     POST    …                                 replaces the families of the same names only
 *     DELETE  …                                 forgets it
 *
 * A value that a path cannot hold, one with a slash for example, is written as `/LABEL@base64/VALUE`, in base64url;
 * an empty one as `=`. What the gateway knows of a job stays until it is deleted: it never goes stale by itself.
 *
 * Source: https://github.com/prometheus/pushgateway#api
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { negotiate, writeExposition } from '../exposition/negotiate.ts';
import type { Registry } from '../registry.ts';
import { countedFamilies } from './counted.ts';
import { type DeliveryOptions, deliver, receiverUrl } from './deliver.ts';

/** Where a job's metrics stand in a Pushgateway. */
export interface GroupingKey {
  /** Of the gateway, with the prefix of its routes where it has one: `http://pushgateway:9091`. */
  readonly url: string;
  readonly job: string;
  /** Labels that tell pushes of the same job apart, such as `instance`; they stand on every series of the push. */
  readonly grouping?: Readonly<Record<string, string>>;
}

/** Options of {@link pushMetrics}. */
export interface PushOptions extends GroupingKey, DeliveryOptions {
  /** `replace`, the default, also takes away families that this push does not have. `merge` leaves them. */
  readonly mode?: 'replace' | 'merge';
  readonly registry?: Registry;
  /** Whether the body is compressed. Default true; a gateway before 1.5 cannot read it. */
  readonly gzip?: boolean;
}

const gzipAsync = promisify(gzip);

/**
 * Pushes what was counted to a Pushgateway.
 * @throws PushError when it did not arrive, TypeError for options that cannot be
 */
export async function pushMetrics(options: PushOptions): Promise<void> {
  const url = groupUrl(options);
  // The gateway of today reads text and knows classic names.
  const negotiated = negotiate('text/plain;version=0.0.4');
  const text = Buffer.concat([...writeExposition(await countedFamilies(options.registry), negotiated)]);
  const compress = options.gzip ?? true;
  await deliver(
    {
      method: options.mode === 'merge' ? 'POST' : 'PUT',
      url,
      headers: {
        'content-type': negotiated.contentType,
        ...(compress && { 'content-encoding': 'gzip' }),
      },
      body: compress ? await gzipAsync(text) : text,
    },
    options,
  );
}

/**
 * Has a Pushgateway forget what was pushed with a grouping key.
 * @throws PushError, TypeError
 */
export async function deletePushed(options: GroupingKey & DeliveryOptions): Promise<void> {
  await deliver({ method: 'DELETE', url: groupUrl(options), headers: {} }, options);
}

function groupUrl({ url, job, grouping = {} }: GroupingKey): URL {
  if (job === '') throw new TypeError('a push needs the name of a job');
  const group = receiverUrl(url);
  const pairs = [['job', job] as const, ...Object.entries(grouping)];
  if ('job' in grouping) throw new TypeError('the job of a push is given as job, not in its grouping');
  for (const [name] of pairs) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.startsWith('__'))
      throw new TypeError(`${JSON.stringify(name)} cannot be a label of a grouping key`);
  }
  const path = pairs.map(([name, value]) => `/${segmentsOf(name, value)}`).join('');
  group.pathname = `${group.pathname.replace(/\/+$/, '')}/metrics${path}`;
  return group;
}

function segmentsOf(name: string, value: string): string {
  if (value === '') return `${name}@base64/=`;
  // `.` and `..` are taken out of a path, whoever is on the way.
  const fits = !value.includes('/') && value !== '.' && value !== '..';
  return fits
    ? `${name}/${encodeURIComponent(value)}`
    : `${name}@base64/${Buffer.from(value).toString('base64url')}`;
}
