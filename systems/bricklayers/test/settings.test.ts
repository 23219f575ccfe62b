import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { resolveSettings, SettingsError } from '../dist/web/settings.js';
import { eventually, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

test('settings have defaults', () => {
  expect(resolveSettings({}, {})).toEqual({
    host: '127.0.0.1',
    port: 8000,
    portTries: 50,
    dataDir: '',
    metricsDir: '',
    uploadBytesMax: 100_000_000,
    workers: 2,
    pendingJobsMax: 1000,
    jobTimeoutMs: 600_000,
    retentionMs: 86_400_000,
    cleanupIntervalMs: 3_600_000,
  });
});

test('a variable beats the default, an option beats both', () => {
  const environment = {
    BRICKLAYERS_WORKERS: '3',
    BRICKLAYERS_JOB_TIMEOUT_SECONDS: '1.5',
    BRICKLAYERS_PORT: '',
  };
  expect(resolveSettings({}, environment)).toMatchObject({ workers: 3, jobTimeoutMs: 1500, port: 8000 });
  expect(resolveSettings({ workers: 4 }, environment)).toMatchObject({ workers: 4 });
});

test.each([
  [{}, { BRICKLAYERS_PORT: 'http' }, 'BRICKLAYERS_PORT is "http"; it must be a whole number from 0 to 65535'],
  [{}, { BRICKLAYERS_WORKERS: '0' }, 'BRICKLAYERS_WORKERS is "0"; it must be a whole number from 1 to 64'],
  [
    {},
    { BRICKLAYERS_WORKERS: '1.5' },
    'BRICKLAYERS_WORKERS is "1.5"; it must be a whole number from 1 to 64',
  ],
  [
    { jobTimeoutMs: Number.NaN },
    { BRICKLAYERS_JOB_TIMEOUT_SECONDS: '5' },
    'jobTimeoutMs is NaN; it must be a number from 50 to 86400000',
  ],
])('%j with %j is refused', (options, environment, message) => {
  expect(() => resolveSettings(options, environment)).toThrow(new SettingsError(message));
});

test('a bad setting ends the process with its name', async () => {
  await expect(Service.start({ BRICKLAYERS_WORKERS: 'many' })).rejects.toThrow(
    /BRICKLAYERS_WORKERS is "many"/,
  );
});

test('a port that is taken is passed over, and the address is printed', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const service = await Service.start({ BRICKLAYERS_PORT: String(port) });
  try {
    expect(Number(new URL(service.url).port)).toBeGreaterThan(port);
    await eventually(() =>
      service.output.join('').includes(`bricklayers-web: listening on ${service.url}\n`),
    );
  } finally {
    await service.stop();
  }
  await expect(
    Service.start({ BRICKLAYERS_PORT: String(port), BRICKLAYERS_PORT_TRIES: '0' }),
  ).rejects.toThrow(`no port is free from ${port} to ${port}`);
  await new Promise((resolve) => taken.close(resolve));
});
