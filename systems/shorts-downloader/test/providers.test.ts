/** The three providers by their official clients, each beside the object server, by one suite. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDERS } from '../dist/metrics.js';
import { ObjectServer } from '../dist/object-server/object-server.js';
import { localProviders, openProviders, type Providers } from '../dist/storage/provider.js';

const never = new AbortController().signal;
let folder: string;
let server: ObjectServer;
let providers: Providers;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shorts-providers-test-'));
  server = await ObjectServer.start(path.join(folder, 'objects'));
  providers = openProviders({ LOCAL_OBJECTS_URL: server.url });
});

afterAll(async () => {
  for (const provider of Object.values(providers)) provider.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(content: Buffer): Promise<string> {
  const file = path.join(folder, createHash('md5').update(content).digest('hex'));
  await writeFile(file, content);
  return file;
}

const object = (name: string, file: string, content: Buffer) => ({
  name,
  path: file,
  bytes: content.length,
  mediaType: 'video/mp4',
});

describe.each(PROVIDERS)('%s', (name) => {
  const provider = () => providers[name];

  test.each([0, 1, 1_000, 65_536, 300_001, 3_000_000])('keeps %i bytes as they are', async (size) => {
    const content = randomBytes(size);
    await provider().put(object(`videos/${size}`, await fileOf(content), content), never);
    expect((await buffer(await provider().read(`videos/${size}`))).equals(content)).toBe(true);
  });

  test('keeps bytes that look like the boundaries of its protocol', async () => {
    const content = Buffer.from(
      '--\r\n\r\n--\r\nContent-Type: a\r\n\r\n0\r\n\r\n5\r\nabc\r\n--'.repeat(3_000),
    );
    await provider().put(object('boundaries', await fileOf(content), content), never);
    expect((await buffer(await provider().read('boundaries'))).equals(content)).toBe(true);
  });

  test('keeps objects apart whose names look alike', async () => {
    const names = ['a/b', 'a b+c', 'a%20b+c', 'é', 'a..b'];
    for (const one of names) {
      const content = Buffer.from(one);
      await provider().put(object(one, await fileOf(content), content), never);
    }
    for (const one of names) expect([one, await text(await provider().read(one))]).toEqual([one, one]);
  });

  test('replaces an object', async () => {
    for (const word of ['first', 'second']) {
      const content = Buffer.from(word);
      await provider().put(object('replaced', await fileOf(content), content), never);
    }
    expect(await text(await provider().read('replaced'))).toBe('second');
  });

  test('removes an object, and one that is not there', async () => {
    const content = Buffer.from('gone soon');
    await provider().put(object('gone', await fileOf(content), content), never);
    await provider().remove('gone');
    await provider().remove('gone');
    await expect(async () => buffer(await provider().read('gone'))).rejects.toThrow();
    const left = await readdir(path.join(folder, 'objects', name, 'shorts'));
    expect(left.filter((file) => file.startsWith('gone'))).toEqual([]);
  });

  test('gives up an upload, and keeps nothing of it', async () => {
    const content = randomBytes(5_000_000);
    const file = await fileOf(content);
    const stop = new AbortController();
    const putting = provider().put(object('given-up', file, content), stop.signal);
    stop.abort();
    await expect(putting).rejects.toThrow();
    await expect(async () => buffer(await provider().read('given-up'))).rejects.toThrow();
    await expect.poll(() => readdir(path.join(folder, 'objects', 'incoming'))).toEqual([]);
  });

  test('keeps its media type', async () => {
    const content = Buffer.from('typed');
    await provider().put(object('typed', await fileOf(content), content), never);
    const facts = await readFile(path.join(folder, 'objects', name, 'shorts', 'typed.json'), 'utf8');
    expect(JSON.parse(facts)).toEqual({
      mediaType: 'video/mp4',
      md5: createHash('md5').update(content).digest('base64'),
    });
  });

  test('refuses whoever has no Authorization of its kind', async () => {
    const paths = {
      gcs: '/gcs/storage/v1/b/shorts/o/typed',
      azure: '/azure/shorts/typed',
      s3: '/s3/shorts/typed',
    };
    const status = (authorization?: string): Promise<number> =>
      fetch(server.url + paths[name], { headers: { ...(authorization && { authorization }) } }).then(
        async (response) => {
          await response.text();
          return response.status;
        },
      );
    const schemes = { gcs: 'Bearer x', azure: 'SharedKey x', s3: 'AWS4-HMAC-SHA256 x' };
    expect(await status()).toBe(403);
    expect(await status('Basic x')).toBe(403);
    expect(await status(schemes[name])).toBe(200);
  });

  test('says what is wrong where it does not answer', async () => {
    const gone = openProviders({ LOCAL_OBJECTS_URL: 'http://127.0.0.1:9' })[name];
    const content = Buffer.from('nowhere');
    await expect(gone.put(object('nowhere', await fileOf(content), content), never)).rejects.toThrow(/./);
    gone.close();
  });
});

test('S3: bytes that are not those of their checksum are refused', async () => {
  const body = '5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n';
  const sending = new Promise((resolve, reject) => {
    request(`${server.url}/s3/shorts/wrong`, {
      method: 'PUT',
      headers: { authorization: 'AWS4-HMAC-SHA256 x', 'content-encoding': 'aws-chunked' },
    })
      .once('response', (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end(body);
  });
  await expect(sending).rejects.toThrow();
  expect((await readdir(path.join(folder, 'objects', 's3', 'shorts'))).includes('wrong')).toBe(false);
});

test('nobody gets out of the folder of the objects by a name', async () => {
  await writeFile(path.join(folder, 'secret'), 'not an object');
  for (const name of ['..%2F..%2F..%2Fsecret', '..%2F..%2Fsecret', '%2E%2E%2F%2E%2E%2Fsecret']) {
    const address = `${server.url}/s3/shorts/${name}`;
    const response = await fetch(address, { headers: { authorization: 'AWS4-HMAC-SHA256 x' } });
    expect([name, response.status, await response.text()]).toEqual([
      name,
      404,
      expect.stringContaining('NoSuchKey'),
    ]);
  }
});

test('providers that are not configured are those of the object server, and need one', () => {
  expect(localProviders({})).toEqual(PROVIDERS);
  expect(localProviders({ S3_BUCKET: 'ours', GCS_BUCKET: '' })).toEqual(['gcs', 'azure']);
  expect(() => openProviders({ S3_BUCKET: 'ours' })).toThrow(/there is no storage gcs: set what it needs/);
  expect(() => openProviders({ GCS_BUCKET: 'ours', S3_BUCKET: 'ours', AZURE_CONTAINER: 'ours' })).toThrow(
    /AZURE_STORAGE_CONNECTION_STRING is not/,
  );
});
