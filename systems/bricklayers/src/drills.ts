/**
 * What brings the alerts about, for `npm run drill -- bricklayers`. Each cause is one that happens: folders that are
 * lost, workers that hang, clients on a bad line, files that are none.
 */
import fs from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillStage, SystemDrills } from '@binnacle/system-parts/drill';

/** G-code enough for a job to complete. */
const PART = 'G28\n;LAYER:0\nG1 X0 Y0 Z0.2 F3000\nG1 X20 Y0 E1\n;LAYER:1\nG1 Z0.4\nG1 X20 Y20 E2\n';
const NO_GCODE = 'milk\nbread\neggs\n'.repeat(50);
/** Longer than the five seconds of the alert, and shorter than the last bound of the histogram. */
const SLOW_UPLOAD_MS = 7_000;
const SLOW_UPLOAD_PARTS = 7;
const UNREMOVABLE_FOLDERS = 8;
/** The process that transforms G-code. */
const WORKER = /bricklayers\S*\/web\/worker\.js/;
/** More than the alert allows to wait, and the two that workers have. */
const WAITING = 60;

function upload({ url }: DrillStage, text: string): Promise<Response> {
  const body = new FormData();
  body.set('file', new Blob([text]), 'part.gcode');
  return fetch(new URL('/api/v1/upload', url), { method: 'POST', body }).then(async (response) => {
    await response.arrayBuffer();
    return response;
  });
}

/** Uploads a file as slowly as a bad line does, on a connection of its own. */
function uploadSlowly({ url }: DrillStage): Promise<void> {
  const boundary = 'a-bad-line';
  const head =
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="slow.gcode"\r\n` +
    'content-type: application/octet-stream\r\n\r\n';
  const end = `\r\n--${boundary}--\r\n`;
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL('/api/v1/upload', url), {
      method: 'POST',
      agent: false,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      answer.resume();
      answer.once('end', resolve);
    });
    outgoing.write(head);
    void (async () => {
      for (let i = 0; i < SLOW_UPLOAD_PARTS && !outgoing.destroyed; i++) {
        outgoing.write(PART);
        await sleep(SLOW_UPLOAD_MS / SLOW_UPLOAD_PARTS);
      }
      outgoing.end(end);
    })();
  });
}

/** The drills of this system. */
export const drills: SystemDrills = {
  alerts: {
    HighErrorRate: {
      cause: 'The folder of uploads is gone, as when a disk is not mounted: no upload can be stored.',
      remedy: 'The folder is there again.',
      breaks: ['uploads'],
      async begin(stage) {
        const folder = path.join(stage.folder, 'data/uploads');
        await fs.rename(folder, `${folder}-away`);
        stage.repeat(5, () => upload(stage, PART));
        return () => fs.rename(`${folder}-away`, folder);
      },
    },
    HighProcessingFailureRate: {
      cause: 'A program sends files that are no G-code, so that every second job fails.',
      remedy: 'It sends G-code again.',
      breaks: ['jobs'],
      needs: ['uploads'],
      visitors: false,
      async begin(stage) {
        const good = stage.repeat(2, () => upload(stage, PART));
        const bad = stage.repeat(2, () => upload(stage, NO_GCODE));
        return async () => {
          await bad();
          stage.repeat(2, () => upload(stage, PART));
          await good();
        };
      },
    },
    JobQueueBacklog: {
      cause: 'Both workers hang, while files go on coming.',
      remedy: 'The workers go on.',
      breaks: ['jobs'],
      needs: ['uploads'],
      async begin(stage) {
        const workers = await stage.processes(WORKER);
        if (workers.length === 0) throw new Error('there are no workers to stop');
        for (const worker of workers) await worker.signal('SIGSTOP');
        for (let i = 0; i < WAITING; i++) await upload(stage, PART);
        return async () => {
          for (const worker of workers) await worker.signal('SIGCONT');
        };
      },
    },
    SlowRequests: {
      cause: 'Clients on a bad line send files for seven seconds each.',
      remedy: 'They have gone.',
      breaks: ['durations'],
      needs: ['uploads'],
      labels: { method: 'POST', endpoint: '/api/v1/upload' },
      async begin(stage) {
        return stage.repeat(3, () => uploadSlowly(stage));
      },
    },
    CleanupFailures: {
      cause: 'Somebody has made folders among the outputs, which the cleanup service cannot remove as files.',
      remedy: 'The folders are removed.',
      breaks: ['cleanup'],
      factor: 240,
      environment: { BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '1' },
      async begin(stage) {
        const old = new Date(Date.now() - 3_600_000);
        const folders = Array.from({ length: UNREMOVABLE_FOLDERS }, (_, i) =>
          path.join(stage.folder, `data/outputs/by-hand-${i}`),
        );
        for (const folder of folders) {
          await fs.mkdir(folder);
          await fs.utimes(folder, old, old);
        }
        return async () => {
          for (const folder of folders) await fs.rmdir(folder);
        };
      },
    },
  },
};
