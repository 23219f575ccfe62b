/** How videos are got at: over plain HTTP, through yt-dlp, and which hosts are asked. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, isPassing, StorageError, TransferError, VideoError } from '../dist/errors.js';
import { isOwnAddress } from '../dist/video/addresses.js';
import { HttpSource } from '../dist/video/http-source.js';
import { videoUrl } from '../dist/video/video-service.js';
import { meaningOf, YtDlpSource } from '../dist/video/yt-dlp-source.js';
import { VideoSite, videoOf } from '../dist/video-site.js';

const never = new AbortController().signal;
const LIMITS = { bytesMax: 1_000_000, callMsMax: 300_000 };
let folder: string;
let site: VideoSite;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shorts-video-test-'));
  site = await VideoSite.start();
});

afterAll(async () => {
  await site.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('over plain HTTP', () => {
  const source = new HttpSource(LIMITS, true);
  const at = (where: string): URL => new URL(where, site.url);

  test('a video comes as it is', async () => {
    const url = at('/moved/whole%20film.mp4?bytes=50000');
    expect(await source.info(at('/watch/whole%20film.mp4?bytes=50000'), never)).toEqual({
      title: 'whole film.mp4',
      mediaType: 'video/mp4',
      bytes: 50_000,
    });
    const own = await mkdtemp(path.join(folder, 'whole-'));
    const video = await source.download(url, own, never);
    expect(video.bytes).toBe(20_000);
    expect((await readFile(video.path)).equals(videoOf('whole%20film.mp4', 20_000))).toBe(true);
  });

  test.each([
    ['/missing/a.mp4', 'VIDEO_NOT_FOUND'],
    ['/private/a.mp4', 'VIDEO_UNAVAILABLE'],
    ['/page/a', 'VIDEO_UNSUPPORTED'],
    ['/huge/a.mp4', 'VIDEO_TOO_LARGE'],
  ])('%s is %s, whether asked for or downloaded', async (where, code) => {
    await expect(source.info(at(where), never)).rejects.toMatchObject({ code });
    await expect(source.download(at(where), folder, never)).rejects.toMatchObject({ code });
  });

  test('what breaks off is DOWNLOAD_FAILED, what does not end DOWNLOAD_TIMEOUT', async () => {
    await expect(source.download(at('/broken/a.mp4'), folder, never)).rejects.toMatchObject({
      name: 'TransferError',
      code: 'DOWNLOAD_FAILED',
    });
    const hasty = new HttpSource({ ...LIMITS, callMsMax: 100 }, true);
    await expect(hasty.download(at('/stuck/a.mp4'), folder, never)).rejects.toMatchObject({
      name: 'TransferError',
      code: 'DOWNLOAD_TIMEOUT',
    });
  });

  test('who stops is told so, and not that the video is wrong', async () => {
    const stop = new AbortController();
    const downloading = source.download(at('/stuck/a.mp4'), folder, stop.signal);
    stop.abort(new Error('we stop'));
    await expect(downloading).rejects.toThrow('we stop');
  });

  describe('from a site that does strange things', () => {
    let server: Server;
    let url: string;
    let answer: RequestListener;

    beforeAll(async () => {
      server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.mp4`;
    });

    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    const strange: readonly (readonly [string, RequestListener, string])[] = [
      [
        'leads in circles',
        (_, response) => response.writeHead(302, { location: '/a.mp4' }).end(),
        'VIDEO_UNAVAILABLE',
      ],
      [
        'leads to another protocol',
        (_, response) => response.writeHead(302, { location: 'ftp://a/b' }).end(),
        'INVALID_URL',
      ],
      [
        'leads to no address',
        (_, response) => response.writeHead(302, { location: 'http://[' }).end(),
        'DOWNLOAD_FAILED',
      ],
      ['fails', (_, response) => response.writeHead(503).end(), 'DOWNLOAD_FAILED'],
      [
        'has nothing to say',
        (_, response) => response.writeHead(200, { 'content-type': 'video/mp4' }).end(),
        'VIDEO_UNSUPPORTED',
      ],
      [
        'says that it is small, and is large',
        (_, response) => {
          response.writeHead(200, { 'content-type': 'video/mp4' });
          response.on('error', () => {});
          response.write(Buffer.alloc(1_500_000));
        },
        'VIDEO_TOO_LARGE',
      ],
    ];

    test.each(strange)('%s', async (_what, listener, code) => {
      answer = listener;
      const own = await mkdtemp(path.join(folder, 'strange-'));
      await expect(source.download(new URL(url), own, never)).rejects.toMatchObject({ code });
    });
  });

  test('hosts of this machine and its network are not asked in production', async () => {
    const careful = new HttpSource(LIMITS, false);
    const port = new URL(site.url).port;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]'])
      await expect([
        host,
        await careful.info(new URL(`http://${host}:${port}/watch/a.mp4`), never).catch(codeOf),
      ]).toEqual([host, 'INVALID_URL']);
  });
});

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['172.16.0.1', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['169.254.169.254', true],
  ['100.64.0.1', true],
  ['8.8.8.8', false],
  ['::1', true],
  ['fe80::1', true],
  ['fd00::1', true],
  ['::ffff:10.0.0.1', true],
  ['2606:4700::1111', false],
])('%s is an address of our own: %s', (address, own) => {
  expect(isOwnAddress(address)).toBe(own);
});

test('addresses of videos are those of http and https', () => {
  expect(videoUrl('https://example.com/a.mp4').href).toBe('https://example.com/a.mp4');
  for (const wrong of ['', 'cats', 'ftp://a/b', 'file:///etc/passwd', 'http://', 'javascript:alert(1)'])
    expect(() => videoUrl(wrong)).toThrow(VideoError);
});

test('what may pass is told from what does not, and everything has a code', () => {
  expect(isPassing(new VideoError('VIDEO_NOT_FOUND', ''))).toBe(false);
  expect(isPassing(new TransferError('DOWNLOAD_FAILED', ''))).toBe(true);
  expect(isPassing(new StorageError('STORAGE_FULL', ''))).toBe(false);
  expect(isPassing(new StorageError('STORAGE_FAILED', ''))).toBe(true);
  expect(isPassing(new Error('nobody knows'))).toBe(true);
  expect(codeOf(Object.assign(new Error('its own'), { code: 'ECONNRESET' }))).toBe('UNKNOWN_ERROR');
});

describe('through yt-dlp', () => {
  test.each([
    ['ERROR: [youtube] abc: Video unavailable. This video is private', 'VIDEO_UNAVAILABLE'],
    ['ERROR: [youtube] abc: Private video. Sign in if you have been granted access', 'VIDEO_UNAVAILABLE'],
    ['ERROR: [generic] Unable to download webpage: HTTP Error 404: Not Found', 'VIDEO_NOT_FOUND'],
    ['ERROR: [generic] Unable to download webpage: HTTP Error 403: Forbidden', 'VIDEO_UNAVAILABLE'],
    ['ERROR: Unsupported URL: https://example.com/', 'VIDEO_UNSUPPORTED'],
    ['ERROR: unable to download video data: The read operation timed out', 'DOWNLOAD_TIMEOUT'],
    ['WARNING: it is old\nERROR: something new', 'DOWNLOAD_FAILED'],
    ['', 'DOWNLOAD_FAILED'],
  ])('%j means %s', (complaints, code) => {
    expect(meaningOf(complaints).code).toBe(code);
  });

  test('a command that is not there is not at hand', () => {
    expect(YtDlpSource.isAtHand('/nowhere/yt-dlp')).toBe(false);
  });

  const command = process.env.YT_DLP_PATH || 'yt-dlp';
  const required = process.env.BINNACLE_REQUIRE === 'all';

  test.runIf(required || YtDlpSource.isAtHand(command))(
    'a video comes as it is, and what is wrong is told',
    async () => {
      const source = new YtDlpSource(command, LIMITS);
      const url = new URL(`${site.url}/watch/paged.mp4?bytes=50000`);
      expect(await source.info(url, never)).toMatchObject({
        title: expect.stringMatching(/paged/),
        mediaType: 'video/mp4',
      });
      const own = await mkdtemp(path.join(folder, 'paged-'));
      const video = await source.download(url, own, never);
      expect((await readFile(video.path)).equals(videoOf('paged.mp4', 50_000))).toBe(true);
      expect(await readdir(own)).toHaveLength(1);
      const info = (where: string) => source.info(new URL(where, site.url), never).catch(codeOf);
      const codes = ['/missing/a.mp4', '/private/a.mp4', '/page/a'].map(info);
      expect(await Promise.all(codes)).toEqual(['VIDEO_NOT_FOUND', 'VIDEO_UNAVAILABLE', 'VIDEO_UNSUPPORTED']);
      const empty = await mkdtemp(path.join(folder, 'large-'));
      const large = new URL(`${site.url}/watch/large.mp4?bytes=3000000`);
      await expect(source.download(large, empty, never)).rejects.toMatchObject({ code: 'VIDEO_TOO_LARGE' });
    },
    600_000,
  );
});
