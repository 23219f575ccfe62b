import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { slice } from '../dist/gcode/slicer.js';
import { changes, eventually, isRunning, killed, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const GCODE = [...slice(6)].join('');
const SERIES =
  /^(processing_(jobs_total|duration_seconds_count|(in|out)put_size_bytes_(count|sum))|uploads_total)/;

let service: Service;

afterEach(async () => {
  await service?.stop();
});

/** Stops the workers in the middle of whatever they do: a job that they are given never ends. */
async function freeze(): Promise<number[]> {
  const pids = (await service.workers()).map(({ pid }) => pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return pids;
}

async function busyWorker(): Promise<number> {
  let pid: number | undefined;
  await eventually(async () => {
    pid = (await service.workers()).find(({ busy }) => busy)?.pid;
    return pid !== undefined;
  });
  return pid!;
}

async function uploaded(): Promise<string> {
  const { status, json } = await service.upload(GCODE);
  expect(status).toBe(201);
  return String(json.job_id);
}

describe('a worker that is killed', () => {
  test('in the middle of a job ends it as error, leaves no half output, loses no count, and is replaced', async () => {
    service = await Service.start({ BRICKLAYERS_WORKERS: '1' });
    await service.waitFor(await uploaded(), 'completed');
    const before = await service.metrics();
    expect(before['processing_jobs_total{status="completed"}']).toBe(1);

    const [first] = await freeze();
    const id = await uploaded();
    await service.waitFor(id, 'processing');
    expect(await busyWorker()).toBe(first);
    expect((await service.metrics()).processing_jobs_active).toBe(1);
    process.kill(first!, 'SIGKILL');
    const { json } = await service.waitFor(id, 'error');
    expect(json.message).toMatch(/worker died.*SIGKILL/);
    expect((await service.files()).filter((file) => file.includes(id))).toEqual([`${id}.gcode`]);

    await service.waitFor(await uploaded(), 'completed');
    const workers = await service.workers();
    expect(workers).toHaveLength(1);
    expect(workers[0]!.pid).not.toBe(first);
    const metrics = await service.metrics();
    expect(changes(before, metrics, SERIES)).toEqual({
      'processing_jobs_total{status="completed"}': 1,
      'processing_jobs_total{status="error"}': 1,
      processing_duration_seconds_count: 1,
      processing_input_size_bytes_count: 1,
      processing_input_size_bytes_sum: GCODE.length,
      processing_output_size_bytes_count: 1,
      processing_output_size_bytes_sum: metrics.processing_output_size_bytes_sum! / 2,
      'uploads_total{status="success"}': 2,
    });
    expect(metrics.processing_jobs_active).toBe(0);
    expect(metrics.processing_jobs_pending).toBe(0);
  });

  test('again and again while jobs come, counts every job exactly once', { timeout: 300_000 }, async () => {
    service = await Service.start();
    const jobs = 40;
    let done = false;
    const killing = (async () => {
      while (!done) {
        const victim = (await service.workers()).find(({ busy }) => busy);
        if (victim !== undefined) killed(victim.pid);
        await sleep(60);
      }
    })();
    const ends: Record<string, number> = {};
    const ids: string[] = [];
    for (let i = 0; i < jobs; i++) ids.push(await uploaded());
    for (const id of ids) {
      const end = String((await service.waitFor(id, 'completed', 'error')).json.status);
      ends[end] = (ends[end] ?? 0) + 1;
    }
    done = true;
    await killing;
    const metrics = await service.metrics();
    expect({
      completed: metrics['processing_jobs_total{status="completed"}'],
      error: metrics['processing_jobs_total{status="error"}'],
      observed: metrics.processing_duration_seconds_count,
      timeout: metrics['processing_jobs_total{status="timeout"}'],
    }).toEqual({
      completed: ends.completed ?? 0,
      error: ends.error ?? 0,
      observed: ends.completed ?? 0,
      timeout: 0,
    });
    expect((await service.files()).filter((file) => file.endsWith('.part'))).toEqual([]);
  });
});

test('a job that takes longer than the time limit ends as timeout, and its worker is replaced', async () => {
  service = await Service.start({ BRICKLAYERS_WORKERS: '1', BRICKLAYERS_JOB_TIMEOUT_SECONDS: '5' });
  const before = await service.metrics();
  const [first] = await freeze();
  const id = await uploaded();
  const { json } = await service.waitFor(id, 'timeout');
  expect(json.message).toMatch(/longer than 5 s/);
  expect((await service.files()).filter((file) => file.includes(id))).toEqual([`${id}.gcode`]);
  await service.waitFor(await uploaded(), 'completed');
  expect(isRunning(first!)).toBe(false);
  const { 'processing_jobs_total{status="timeout"}': timeouts, ...others } = changes(
    before,
    await service.metrics(),
    /^processing_jobs_total/,
  );
  expect(timeouts).toBe(1);
  expect(others).toEqual({ 'processing_jobs_total{status="completed"}': 1 });
});

test('jobs wait in the queue, and uploads are refused when it is full', async () => {
  service = await Service.start({ BRICKLAYERS_WORKERS: '1', BRICKLAYERS_PENDING_JOBS_MAX: '2' });
  const [pid] = await freeze();
  const ids = [await uploaded(), await uploaded(), await uploaded()];
  const metrics = await service.metrics();
  expect(metrics.processing_jobs_active).toBe(1);
  expect(metrics.processing_jobs_pending).toBe(2);
  const files = await service.files();
  const refused = await service.upload(GCODE);
  expect(refused).toMatchObject({ status: 503, json: { error: 'upload_failed' } });
  expect(await service.files()).toEqual(files);
  expect(changes(metrics, await service.metrics(), /^upload/)).toEqual({
    'uploads_total{status="failed_error"}': 1,
  });
  process.kill(pid!, 'SIGCONT');
  for (const id of ids) await service.waitFor(id, 'completed');
});

describe('the service ends and leaves no process behind', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('on %s, with a job under way', async (signal) => {
    service = await Service.start();
    const pids = (await service.workers()).map(({ pid }) => pid);
    await freeze();
    const id = await uploaded();
    await service.waitFor(id, 'processing');
    const exited = once(service.process, 'exit');
    service.process.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(pids.filter(isRunning)).toEqual([]);
    expect((await service.files()).filter((file) => file.endsWith('.part'))).toEqual([]);
  });

  test('when the process that started it goes away', async () => {
    service = await Service.start();
    const pids = (await service.workers()).map(({ pid }) => pid);
    const exited = once(service.process, 'exit');
    service.process.disconnect();
    expect(await exited).toEqual([0, null]);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('even when it is killed', async () => {
    service = await Service.start();
    const pids = (await service.workers()).map(({ pid }) => pid);
    expect(pids).toHaveLength(2);
    service.process.kill('SIGKILL');
    await eventually(() => pids.filter(isRunning).length === 0);
  });
});
