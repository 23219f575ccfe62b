/** Pushing metrics to a Pushgateway, for jobs that end before anybody could scrape them. */

import { parse, resolve } from 'node:url';
import { gzipSync } from 'node:zlib';
// biome-ignore lint/style/useNodejsImportProtocol: tests of programs replace this module, under this name
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'http';
// biome-ignore lint/style/useNodejsImportProtocol: as the one above
import https from 'https';
import { globalRegistry, type Registry } from './registry.ts';

/** What a push is about. */
export interface PushParameters {
  readonly jobName?: string;
  /** Further labels of the group. */
  readonly groupings?: Readonly<Record<string, string>>;
}

/** Options of the request, and whether a push must name its job. */
export interface PushgatewayOptions extends RequestOptions {
  readonly requireJobName?: boolean;
}

/** What the gateway has answered. */
export interface PushResult {
  readonly resp: IncomingMessage;
  readonly body: string;
}

export class Pushgateway {
  registry: Registry;
  gatewayUrl: string;
  requireJobName: boolean;
  requestOptions: RequestOptions;

  constructor(gatewayUrl: string, options?: PushgatewayOptions | null, registry?: Registry) {
    const { requireJobName, ...requestOptions } = { requireJobName: true, ...options };
    this.registry = registry ?? globalRegistry;
    this.gatewayUrl = gatewayUrl;
    this.requireJobName = requireJobName;
    this.requestOptions = requestOptions;
  }

  /** Adds the metrics to those of the group. @throws Error without a job's name where one is required */
  pushAdd(params: PushParameters = {}): Promise<PushResult> {
    return this.#request('POST', params);
  }

  /** Puts the metrics in place of those of the group. @throws Error as {@link Pushgateway.pushAdd} */
  push(params: PushParameters = {}): Promise<PushResult> {
    return this.#request('PUT', params);
  }

  /** Deletes the metrics of the group. @throws Error as {@link Pushgateway.pushAdd} */
  delete(params: PushParameters = {}): Promise<PushResult> {
    return this.#request('DELETE', params);
  }

  #request(method: 'POST' | 'PUT' | 'DELETE', { jobName, groupings }: PushParameters): Promise<PushResult> {
    if (this.requireJobName && !jobName) throw new Error('Missing jobName parameter');
    const target = resolve(this.gatewayUrl, pathOf(this.gatewayUrl, jobName, groupings));
    const options = { ...parse(target), ...this.requestOptions, method };
    const headers = options.headers as Readonly<Record<string, unknown>> | undefined;
    const compress = method !== 'DELETE' && headers?.['Content-Encoding'] === 'gzip';
    if (method === 'DELETE' && headers !== undefined) {
      const { 'Content-Encoding': _, ...rest } = headers;
      options.headers = rest as http.OutgoingHttpHeaders;
    }
    return new Promise((done, failed) => {
      const client = target.startsWith('https') ? https : http;
      const request = client.request(options as RequestOptions, (resp) => receive(resp, done, failed));
      request.on('error', failed);
      request.on('timeout', () => request.destroy(new Error('Pushgateway request timed out')));
      if (method === 'DELETE') request.end();
      else this.#send(request, compress).catch(failed);
    });
  }

  async #send(request: ClientRequest, compress: boolean): Promise<void> {
    const text = await this.registry.metrics();
    request.write(compress ? gzipSync(text) : text);
    request.end();
  }
}

function receive(
  resp: IncomingMessage,
  done: (result: PushResult) => void,
  failed: (error: Error) => void,
): void {
  let body = '';
  resp.setEncoding('utf8');
  resp.on('data', (chunk: string) => {
    body += chunk;
  });
  resp.on('error', failed);
  resp.on('end', () => {
    if ((resp.statusCode ?? 0) < 400) done({ resp, body });
    else failed(new Error(`push failed with status ${resp.statusCode}, ${body}`));
  });
}

function pathOf(
  gatewayUrl: string,
  job: string | undefined,
  groupings: Readonly<Record<string, string>> = {},
): string {
  const { pathname } = parse(gatewayUrl);
  const base = pathname && pathname !== '/' ? pathname : '';
  if (!job) return `${base}/metrics`;
  const group = Object.entries(groupings ?? {})
    .map(([name, value]) => `/${encodeURIComponent(name)}/${encodeURIComponent(value)}`)
    .join('');
  return `${base}/metrics/job/${encodeURIComponent(job)}${group}`;
}
