/** `binnacle notify test`, as it is run. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HttpRecorder } from './notify/receivers/http-recorder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const program = fileURLToPath(new URL('../bin/binnacle.js', import.meta.url));

let server: HttpRecorder;
let folder = '';
beforeAll(async () => {
  server = await HttpRecorder.start(({ path: at }) =>
    at === '/refuse/hunter2-token' ? { status: 403, body: 'no such token: hunter2-token' } : { body: 'ok' },
  );
  folder = mkdtempSync(path.join(tmpdir(), 'notify-'));
  writeFileSync(
    path.join(folder, 'own.tmpl'),
    '{{ define "own" }}{{ .CommonLabels.team }} {{ .Status }}{{ end }}',
  );
  writeFileSync(path.join(folder, 'broken.tmpl'), 'a\n{{ define "x" }}');
  writeFileSync(
    path.join(folder, 'alertmanager.yml'),
    `
route: { receiver: ops }
templates: [own.tmpl]
receivers:
  - name: ops
    webhook_configs: [{ url: ${server.url}/hook }]
    slack_configs: [{ api_url: ${server.url}/slack, channel: '#ops', title: '{{ template "own" . }}' }]
  - name: broken
    webhook_configs: [{ url: ${server.url}/refuse/hunter2-token }, { url_env: HOOK_URL }]
  - name: nobody
`,
  );
  writeFileSync(
    path.join(folder, 'broken.yml'),
    'route: { receiver: ops }\ntemplates: [broken.tmpl]\nreceivers: [{ name: ops }]\n',
  );
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function binnacle(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, HOOK_URL: `${server.url}/hook` };
    execFile(process.execPath, [program, ...args], { cwd: folder, env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

describe('binnacle notify test', () => {
  it('sends a sample by everything that a receiver has, and its end', async () => {
    const labels = ['--label', 'team=db', '--label', 'severity=page'];
    const { code, out } = await binnacle('notify', 'test', 'ops', ...labels, '--resolved');
    expect(out.split('\n')).toEqual([
      'webhook 1, firing: sent; answer: 200: ok',
      'slack 1, firing: sent; answer: 200: ok',
      'webhook 1, resolved: sent; answer: 200: ok',
      'slack 1, resolved: not sent (send_resolved is false)',
      '',
    ]);
    expect(code).toBe(0);
    const [first, slack, last] = server.take().map(({ text }) => JSON.parse(text));
    expect(first).toMatchObject({
      status: 'firing',
      receiver: 'ops',
      commonLabels: { alertname: 'BinnacleTest', severity: 'page', team: 'db' },
    });
    expect(slack).toMatchObject({ channel: '#ops', attachments: [{ title: 'db firing' }] });
    expect(last).toMatchObject({ status: 'resolved', groupKey: first.groupKey });
  });

  it('says what a receiver answered that refuses, without secrets, and fails', async () => {
    const { code, out } = await binnacle('notify', 'test', 'broken', '--alerts', 'alertmanager.yml');
    expect(out.split('\n')).toEqual([
      'webhook 1, firing: failed: the receiver answered 403: no such token: <secret> (would not be tried again)',
      'webhook 2, firing: sent; answer: 200: ok',
      '',
    ]);
    expect(code).toBe(1);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a receiver that there is not', ['oops'], 1, /has no receiver "oops"; there are: ops, broken, nobody/],
    ['a file that there is not', ['ops', '--alerts', 'no.yml'], 1, /cannot read the file/],
    ['templates that are wrong', ['ops', '--alerts', 'broken.yml'], 1, /broken\.tmpl:2:\d+: /],
    ['no receiver', [], 2, /the name of one receiver/],
    ['a label that is none', ['ops', '--label', '='], 2, /binnacle --help/],
  ])('says what is wrong with %s', async (_, args, code, words) => {
    const result = await binnacle('notify', 'test', ...args);
    expect(result.code).toBe(code);
    expect(result.err).toMatch(words);
  });

  it('says that a receiver goes nowhere', async () => {
    const result = await binnacle('notify', 'test', 'nobody');
    expect(result).toMatchObject({ code: 0, out: expect.stringContaining('goes nowhere') });
  });
});

describe('binnacle check alerts', () => {
  it('says that secrets from the environment are not Alertmanager’s, and finds faults of templates', async () => {
    expect(await binnacle('check', 'alerts', 'alertmanager.yml')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/valid, .*3 receivers.*Alertmanager would refuse it.*HOOK_URL/),
    });
    expect(await binnacle('check', 'alerts', 'broken.yml')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/broken\.tmpl:2:/),
    });
  });
});
