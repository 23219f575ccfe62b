/** What happens to files: their folder is lost, a disk is full, they come broken, or do not come to their end. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DrillStage, EndOfCause } from '@binnacle/system-parts/drill';
import { ask, createAsset, upload } from './people.ts';

/** As large as a disk can be that is filled in a moment. */
const DISK_BYTES = 24_000_000;
/** More than the alert allows. */
const FILLED_SHARE = 0.9;
/** The share of the disk that is written in each second while it fills up. */
const GROWTH_PER_SECOND = 0.02;
const UPLOADS_PER_SECOND = 3;
/** Begins as an image does, and is none. */
const BROKEN_IMAGE = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(2_000, 'x')]);
const JOBS_PER_SECOND = 1;

const TEXT = new TextEncoder().encode('The quick brown fox jumps over the lazy dog.\n');

function folderOf(stage: DrillStage): string {
  return path.join(stage.folder, 'files');
}

/** The folder of what comes in is gone. */
export async function loseIncoming(stage: DrillStage): Promise<EndOfCause> {
  const asset = await createAsset(stage, 'for files');
  const folder = path.join(folderOf(stage), 'incoming');
  await fs.rename(folder, `${folder}-away`);
  stage.repeat(UPLOADS_PER_SECOND, () => upload(stage, asset, 'note.txt', TEXT));
  return () => fs.rename(`${folder}-away`, folder);
}

/** A client sends half of a file, and then nothing more; nobody else sends any. */
export async function stopHalfway(stage: DrillStage): Promise<EndOfCause> {
  const asset = await createAsset(stage, 'for half a file');
  const outgoing = request(new URL(`/api/v1/assets/${asset}/files?name=half.txt`, stage.url), {
    method: 'POST',
    agent: false,
    headers: { 'content-length': String(2 * TEXT.length) },
  });
  outgoing.on('error', () => {});
  outgoing.write(TEXT);
  return () => {
    outgoing.destroy();
  };
}

/** People want images converted that cannot be read. */
export async function convertBroken(stage: DrillStage): Promise<EndOfCause> {
  const asset = await createAsset(stage, 'with a broken image');
  const { file_id } = await upload(stage, asset, 'broken.png', new Uint8Array(BROKEN_IMAGE));
  if (typeof file_id !== 'string') throw new Error('the broken image was not taken');
  return stage.repeat(JOBS_PER_SECOND, () =>
    ask(stage, '/api/v1/transcode', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ file_id, target_format: 'webp' }),
    }),
  );
}

/** Why {@link fillDisk} cannot be done on this machine: it needs a small disk, which has to be mounted. */
export function noMounts(): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-mount-'));
  try {
    if (!mount(folder)) return 'a small disk has to be mounted for it, which takes root on Linux';
    spawnSync('umount', [folder]);
    return undefined;
  } finally {
    rmdirSync(folder);
  }
}

function mount(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder]).status === 0;
}

/** Gives the files a small disk of their own. */
function mountFor(stage: DrillStage): EndOfCause {
  const folder = folderOf(stage);
  if (!mount(folder)) throw new Error(`no disk could be mounted at ${folder}`);
  mkdirSync(path.join(folder, 'incoming'), { mode: 0o777 });
  return () => {
    rmSync(path.join(folder, 'stored'), { recursive: true, force: true });
    // Lazily: a file may be open that is just being sent.
    spawnSync('umount', ['--lazy', folder]);
  };
}

/** The disk is nearly full with what people have uploaded. */
export async function fillDisk(stage: DrillStage): Promise<EndOfCause> {
  const asset = await createAsset(stage, 'large');
  const end = mountFor(stage);
  const part = new Uint8Array(DISK_BYTES / 20);
  try {
    for (let i = 0; i < FILLED_SHARE * 20; i++) await upload(stage, asset, `part-${i}.bin`, part);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** Uploads fill the disk so that it would be full within a day, which is less than a minute here. */
export async function growSteadily(stage: DrillStage): Promise<EndOfCause> {
  const asset = await createAsset(stage, 'growing');
  const end = mountFor(stage);
  const part = new Uint8Array(DISK_BYTES * GROWTH_PER_SECOND);
  const stop = stage.repeat(1, () => upload(stage, asset, 'growing.bin', part));
  return async () => {
    await stop();
    await end();
  };
}
