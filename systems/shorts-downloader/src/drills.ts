/**
 * What brings the alerts about, for `npm run drill -- shorts-downloader`. Each cause is one that happens: a video site
 * that loses its videos or hangs, people who keep everything, processes that hang.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DrillStage, SystemDrills } from '@binnacle/system-parts/drill';
import { VideoSite } from './video-site.ts';

/** Primary and workers. */
const BACKEND = /shorts-downloader\S*\/backend\/main\.js/;
/** More than the alert allows to wait, and the four that are worked on. */
const WAITING = 60;
const VIDEO_BYTES = 990_000;
/** So many of them are, however they are drawn, nine with one of three providers that hold ten. */
const VIDEOS_UNTIL_FULL = 25;

interface Status {
  readonly status: string;
  readonly file_id: string | null;
}

async function download({ url }: DrillStage, video: string): Promise<string> {
  const response = await fetch(new URL('/api/v1/download', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: video }),
  });
  const { job_id: id } = (await response.json()) as { readonly job_id: string };
  return id;
}

async function statusOf({ url }: DrillStage, id: string): Promise<Status> {
  return (await (await fetch(new URL(`/api/v1/status/${id}`, url))).json()) as Status;
}

/** A site that takes requests and does not answer them, until it is told to. */
async function hangingSite(): Promise<{ readonly url: string; goOn(): void; stop(): void }> {
  const video = Buffer.alloc(1_000);
  const waiting: ServerResponse[] = [];
  let goesOn = false;
  const answer = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': video.length });
    response.end(response.req.method === 'HEAD' ? undefined : video);
  };
  const server = createServer((_request, response) => {
    if (goesOn) answer(response);
    else waiting.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goOn() {
      goesOn = true;
      for (const response of waiting.splice(0)) answer(response);
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The drills of this system. */
export const drills: SystemDrills = {
  alerts: {
    HighDownloadFailureRate: {
      cause: 'A video site has removed half of the videos that people ask for.',
      remedy: 'People ask for those that are there.',
      breaks: ['downloads'],
      needs: ['tasks'],
      visitors: false,
      async begin(stage) {
        const site = await VideoSite.start();
        let video = 0;
        const good = stage.repeat(2, () => download(stage, `${site.url}/watch/${video++}.mp4`));
        const bad = stage.repeat(2, () => download(stage, `${site.url}/missing/${video++}.mp4`));
        return async () => {
          await bad();
          // More of them make the share of those that failed small.
          stage.repeat(4, () => download(stage, `${site.url}/watch/${video++}.mp4`));
          await good();
        };
      },
    },
    StorageQuotaNearlyUsed: {
      cause: 'People have large videos downloaded and delete none, until a provider is nearly full.',
      remedy: 'They delete them.',
      breaks: ['storage'],
      needs: ['tasks'],
      visitors: false,
      async begin(stage) {
        const site = await VideoSite.start();
        const ids: string[] = [];
        for (let i = 0; i < VIDEOS_UNTIL_FULL; i++)
          ids.push(await download(stage, `${site.url}/watch/large-${i}.mp4?bytes=${VIDEO_BYTES}`));
        const ended = async (): Promise<readonly Status[]> =>
          (await Promise.all(ids.map((id) => statusOf(stage, id)))).filter(
            ({ status }) => status === 'completed' || status === 'failed',
          );
        await stage.until('all videos are downloaded', async () => (await ended()).length === ids.length);
        return async () => {
          await site.stop();
          for (const { file_id: file } of await ended())
            if (file !== null) await fetch(new URL(`/api/v1/files/${file}`, stage.url), { method: 'DELETE' });
        };
      },
    },
    TaskQueueBacklog: {
      cause:
        'A video site hangs, and with it every worker that asks it, while downloads go on being asked for.',
      remedy: 'The site answers again.',
      breaks: ['tasks'],
      visitors: false,
      environment: { SHORTS_CALL_SECONDS: '300' },
      async begin(stage) {
        const site = await hangingSite();
        for (let i = 0; i < WAITING; i++) await download(stage, `${site.url}/${i}.mp4`);
        return () => site.goOn();
      },
    },
    BackendDown: {
      cause: 'All processes of the backend hang.',
      remedy: 'They go on.',
      breaks: ['*'],
      async begin(stage) {
        const processes = await stage.processes(BACKEND);
        if (processes.length === 0) throw new Error('there is no backend to stop');
        for (const one of processes) await one.signal('SIGSTOP');
        return async () => {
          for (const one of processes) await one.signal('SIGCONT');
        };
      },
    },
  },
};
