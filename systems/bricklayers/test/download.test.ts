import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { changes, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** More than all buffers on the way can hold, so that a client can go away in the middle. */
const TEXT = `;LAYER:0\n${`; ${'.'.repeat(97)}\n`.repeat(300_000)}`;

let service: Service;
let path: string;

beforeAll(async () => {
  service = await Service.start();
  const { json } = await service.upload(TEXT);
  await service.waitFor(String(json.job_id), 'completed');
  path = `/api/v1/download/${json.job_id}`;
});

afterAll(async () => {
  await service?.stop();
});

const COUNTED = /^(downloads_total|http_requests_total.*download)/;

test('a download that the client breaks off is a 499 and no success', async () => {
  const before = await service.metrics();
  const client = connect(Number(new URL(service.url).port), '127.0.0.1');
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [first] = (await once(client, 'data')) as [Buffer];
  expect(first.toString('latin1')).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  client.destroy();
  const changed = async () => changes(before, await service.metrics(), COUNTED);
  await expect.poll(changed).toEqual({
    'http_requests_total{endpoint="/api/v1/download/{job_id}", method="GET", status="499"}': 1,
  });
});

test('a download that arrives is a success, however often and however soon the client closes', async () => {
  const before = await service.metrics();
  for (let i = 0; i < 5; i++) {
    const response = await service.fetch(path, { headers: { connection: 'close' } });
    expect(Number(response.headers.get('content-length'))).toBe(TEXT.length);
    expect((await response.text()).length).toBe(TEXT.length);
  }
  const changed = async () => changes(before, await service.metrics(), COUNTED);
  await expect.poll(changed).toEqual({
    'downloads_total{status="success"}': 5,
    'http_requests_total{endpoint="/api/v1/download/{job_id}", method="GET", status="200"}': 5,
  });
});
