import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels } from '@binnacle/metrics/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { heartbeatRules, withHeartbeat } from '../dist/cli/heartbeat.js';
import { loadAlertmanagerConfig } from '../dist/config/alertmanager-file.js';
import { matchRoutes } from '../dist/notify/routing.js';
import { Secret } from '../dist/secret.js';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const HEARTBEAT = { url: Secret.text('http://127.0.0.1:9/beat'), intervalMs: 60_000 };
const BEAT = Labels.of({ alertname: 'Watchdog', heartbeat: 'binnacle', severity: 'none' });

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heartbeat-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('the heartbeat', () => {
  it('goes to its own receiver alone, whatever the routes are', async () => {
    const path = join(dir, 'alertmanager.yml');
    await writeFile(
      path,
      'route:\n  receiver: ops\n  routes:\n  - { receiver: all, continue: true }\nreceivers: [{ name: ops }, { name: all }]\n',
    );
    const { route } = withHeartbeat(await loadAlertmanagerConfig(path), HEARTBEAT);
    expect(matchRoutes(route, BEAT).map(({ receiver }) => receiver)).toEqual(['binnacle heartbeat']);
    // Somebody's own watchdog is none of its business.
    const own = Labels.of({ alertname: 'Watchdog' });
    expect(matchRoutes(route, own).map(({ receiver }) => receiver)).toEqual(['all']);
  });

  it('needs no configuration of notifications', () => {
    const { route, receivers } = withHeartbeat(undefined, HEARTBEAT);
    expect(matchRoutes(route, BEAT)[0]!.groupIntervalMs).toBe(60_000);
    const other = Labels.of({ alertname: 'Down' });
    const [elsewhere] = matchRoutes(route, other);
    expect(receivers.find(({ name }) => name === elsewhere!.receiver)).toEqual({
      name: 'nowhere',
      webhookConfigs: [],
    });
  });

  it('is a rule that always fires', () => {
    const [group] = heartbeatRules(HEARTBEAT).groups;
    expect(group).toMatchObject({ intervalMs: 60_000, rules: [{ name: 'Watchdog', expr: 'vector(1)' }] });
  });

  it('beats while the monitor runs, and stops with it', { timeout: 180_000 }, async () => {
    let beats = 0;
    const server = createServer((request, response) => {
      if (request.url === '/beat/secret') beats++;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await writeFile(join(dir, 'prometheus.yml'), 'scrape_configs: []\n');
    await writeFile(join(dir, 'beat'), `http://127.0.0.1:${port}/beat/secret\n`);
    const monitor = spawn(
      process.execPath,
      [
        ...[MAIN, 'up', '--config', join(dir, 'prometheus.yml'), '--data', join(dir, 'data')],
        ...['--listen', '127.0.0.1:0', '--heartbeat-url-file', join(dir, 'beat')],
        ...['--heartbeat-interval', '500ms'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const exited = once(monitor, 'exit');
    let said = '';
    for (const stream of [monitor.stdout, monitor.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    try {
      await expect.poll(() => beats, { timeout: 120_000 }).toBeGreaterThan(3);
    } finally {
      monitor.kill('SIGINT');
      await exited;
    }
    expect(said).toContain('listening on');
    expect(said).not.toContain('secret');
    // What it sent until its end may not have been read yet.
    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
    const atEnd = beats;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(beats).toBe(atEnd);
    server.close();
  });
});
