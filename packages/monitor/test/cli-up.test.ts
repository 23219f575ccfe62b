/**
 * The whole monitor as its users run it: the built command as a process of its own, a target, a webhook, and
 * nothing in between that is not real.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const WAIT_MS = 60_000;
/** A monitor is started, killed and started again, on machines that have much to do. */
const TEST_MS = 300_000;

interface Message {
  readonly status: string;
  readonly alerts: readonly {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  }[];
}

let folder = '';
let world: Server;
let worldPort = 0;
let jobsPending = 60;
const messages: Message[] = [];
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-up-'));
  world = createServer((request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(
        `# HELP processing_jobs_pending Jobs that wait.\n# TYPE processing_jobs_pending gauge\nprocessing_jobs_pending ${jobsPending}\n`,
      );
      return;
    }
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      messages.push(JSON.parse(body) as Message);
      response.end();
    });
  });
  await new Promise<void>((resolve) => world.listen(0, '127.0.0.1', resolve));
  worldPort = (world.address() as AddressInfo).port;
  await writeFile(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }
rule_files: [ "rules/*.yml" ]
scrape_configs:
  - job_name: tiny
    static_configs: [ { targets: [ "127.0.0.1:${worldPort}" ] } ]
`,
  );
  await mkdir(join(folder, 'rules'));
  await writeFile(
    join(folder, 'rules', 'jobs.yml'),
    `groups:
  - name: jobs
    rules:
      - record: jobs:pending:max
        expr: max(processing_jobs_pending)
      # What a scrape that came too late has ended holds on: the end of the alert is told once.
      - alert: JobQueueBacklog
        expr: last_over_time(processing_jobs_pending[10m]) > 50
        for: 400ms
        labels: { severity: warning }
        annotations: { description: "{{ $value }} jobs pending" }
`,
  );
  await writeFile(
    join(folder, 'alertmanager.yml'),
    `route: { receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 500ms, repeat_interval: 1h }
receivers: [ { name: hook, webhook_configs: [ { url: "http://127.0.0.1:${worldPort}/hook" } ] } ]
`,
  );
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  world.closeAllConnections();
  world.close();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: string[];
}

function run(args: readonly string[]): { child: ChildProcess; lines: string[]; errors: string[] } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr! }).on('line', (line) => errors.push(line));
  return { child, lines, errors };
}

async function up(data: string, port: number): Promise<Started> {
  const { child, lines, errors } = run([
    ...['up', '--config', join(folder, 'prometheus.yml'), '--alerts', join(folder, 'alertmanager.yml')],
    ...['--data', join(folder, data), '--listen', `127.0.0.1:${port}`],
  ]);
  const [message] = (await Promise.race([
    once(child, 'message'),
    // When all that it said is read.
    once(child, 'close').then(() => Promise.reject(new Error(errors.join('\n')))),
  ])) as [{ url: string }];
  // What it says comes another way than the message.
  await until(
    'its first words',
    () => lines,
    (said) => said.length >= 2,
  );
  return { child, url: message.url, lines };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exit) as [number | null];
  return code;
}

/** Asks until the answer satisfies. */
async function until<T>(what: string, ask: () => Promise<T> | T, isGood: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: the last answer was ${JSON.stringify(answer)}`);
    await sleep(50);
  }
}

async function query(url: string, text: string): Promise<[number, string][]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: text }),
  });
  const { data } = (await response.json()) as {
    data: { result: { value?: [number, string]; values?: [number, string][] }[] };
  };
  return data.result.flatMap((series) => series.values ?? [series.value!]);
}

describe('binnacle up', () => {
  it('scrapes, records, fires, tells, resolves, and keeps all of it over SIGKILL', {
    timeout: TEST_MS,
  }, async () => {
    const first = await up('data', 0);
    expect(first.lines[0]).toBe(`binnacle: listening on ${first.url}`);
    expect(first.lines[1]).toContain('keeps 24 h or 512 MB, whichever comes first');
    expect((await fetch(`${first.url}/-/ready`)).status).toBe(200);

    await until(
      'a sample',
      () => query(first.url, 'processing_jobs_pending'),
      (found) => found[0]?.[1] === '60',
    );
    await until(
      'a recorded sample',
      () => query(first.url, 'jobs:pending:max'),
      (found) => found[0]?.[1] === '60',
    );
    await until(
      'a message',
      () => messages,
      (found) => found.length > 0,
    );
    expect(messages[0]).toMatchObject({
      version: '4',
      receiver: 'hook',
      status: 'firing',
      externalURL: first.url,
      groupKey: '{}:{alertname="JobQueueBacklog"}',
      alerts: [
        {
          labels: { alertname: 'JobQueueBacklog', job: 'tiny', severity: 'warning' },
          annotations: { description: '60 jobs pending' },
        },
      ],
    });
    // The rules tell before they write.
    await until(
      'the series of the alert',
      () => query(first.url, 'ALERTS{alertstate="firing"}'),
      (found) => found.length === 1,
    );
    const targets = async () => {
      const { data } = (await (await fetch(`${first.url}/api/v1/targets`)).json()) as {
        data: { activeTargets: { health: string; scrapeUrl: string }[] };
      };
      return data.activeTargets;
    };
    // A scrape may have come too late.
    const active = await until('a target that is up', targets, (found) => found[0]?.health === 'up');
    expect(active).toMatchObject([
      { health: 'up', scrapeUrl: `http://127.0.0.1:${worldPort}/metrics`, scrapeInterval: '200ms' },
    ]);

    const own = await (await fetch(`${first.url}/metrics`)).text();
    expect(own).toMatch(/^binnacle_targets 1$/m);
    expect(own).toMatch(/^binnacle_samples_appended_total [1-9]\d*$/m);
    expect(own).toMatch(/^binnacle_rule_evaluations_total\{file=".*jobs\.yml",group="jobs"\} [1-9]\d*$/m);
    expect(own).toMatch(/^binnacle_alerts\{state="firing"\} 1$/m);
    expect(own).toMatch(
      /^alertmanager_notifications_total\{integration="webhook",receiver_name="hook"\} 1$/m,
    );
    expect(own).toMatch(/^binnacle_http_requests_total\{route="\/api\/v1\/query",status="200"\} [1-9]\d*$/m);

    const shown = await until(
      'two samples',
      () => query(first.url, 'processing_jobs_pending[1h]'),
      (found) => found.length > 1,
    );
    // What arrived is noted when its answer is there.
    await until(
      'the note of the message',
      () => readFile(join(folder, 'data', 'notifier.log'), 'utf8'),
      (text) => text.includes('{"sent":'),
    );
    await stop(first.child, 'SIGKILL');

    // The alert fires again and is not told again; its end is told once.
    const second = await up('data', 0);
    const again = await query(second.url, 'processing_jobs_pending[1h]');
    expect(again.slice(0, shown.length)).toEqual(shown);
    await until(
      'new samples',
      () => query(second.url, 'processing_jobs_pending[1h]'),
      (found) => found.length > again.length,
    );
    const firing = async () => {
      const { data } = (await (await fetch(`${second.url}/api/v1/alerts`)).json()) as {
        data: { alerts: { state: string }[] };
      };
      return data.alerts.map((alert) => alert.state);
    };
    await until('firing again', firing, (states) => states.includes('firing'));
    jobsPending = 0;
    await until(
      'the end of the alert',
      () => messages,
      (found) => found.at(-1)?.status === 'resolved',
    );
    expect(messages.map((message) => message.status)).toEqual(['firing', 'resolved']);
    expect(await stop(second.child, 'SIGTERM')).toBe(0);
  });

  it('takes the next port when its own is taken, and refuses a data directory that is in use', {
    timeout: TEST_MS,
  }, async () => {
    const first = await up('one', worldPort);
    const port = Number(new URL(first.url).port);
    expect(port).toBeGreaterThan(worldPort);
    expect(port).toBeLessThanOrEqual(worldPort + 20);
    await expect(up('one', 0)).rejects.toThrow(/use/);

    const strict = run([
      ...['up', '--config', join(folder, 'prometheus.yml'), '--data', join(folder, 'two')],
      ...['--listen', `127.0.0.1:${worldPort}`, '--strict-port'],
    ]);
    const [code] = (await once(strict.child, 'close')) as [number];
    expect(code).toBe(1);
    expect(strict.errors.join('\n')).toContain(
      `port ${worldPort} is taken on 127.0.0.1: choose another with --listen`,
    );
    expect(await stop(first.child, 'SIGINT')).toBe(0);
  });

  it('ends when whoever started it is gone', async () => {
    const { child } = await up('three', 0);
    const exit = once(child, 'exit');
    child.disconnect();
    expect(((await exit) as [number])[0]).toBe(0);
  });

  it('ends in good order also where a receiver does not answer', { timeout: TEST_MS }, async () => {
    let asked = 0;
    const silent = createServer(() => asked++).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const config = join(folder, 'silent.yml');
    const { port } = silent.address() as AddressInfo;
    await writeFile(
      config,
      `route: { receiver: hook, group_wait: 0s }
receivers: [ { name: hook, webhook_configs: [ { url: "http://127.0.0.1:${port}/" } ] } ]
`,
    );
    const { child, lines, errors } = run([
      ...['up', '--config', join(folder, 'prometheus.yml'), '--alerts', config],
      ...['--data', join(folder, 'five'), '--listen', '127.0.0.1:0'],
    ]);
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    await fetch(`${url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels: { alertname: 'Down' } }]),
    });
    await until(
      'a message',
      () => asked,
      (count) => count > 0,
    );
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect([lines.length, errors]).toEqual([2, []]);
    silent.closeAllConnections();
    silent.close();
  });

  it('names every problem of its files and starts nothing', async () => {
    await writeFile(join(folder, 'bad.yml'), 'global: { scrape_intervall: 1s }\nscrape_configs: [ {} ]\n');
    const { child, errors } = run([
      'up',
      '--config',
      join(folder, 'bad.yml'),
      '--data',
      join(folder, 'four'),
    ]);
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(errors.map((line) => line.replace(folder, ''))).toEqual([
      expect.stringMatching(/^\/bad\.yml:1:11: unknown field "scrape_intervall"/),
      '    global: { scrape_intervall: 1s }',
      '              ^',
      expect.stringMatching(/^\/bad\.yml:2:19: the field "job_name" of scrape_configs\[0\] is required/),
      '    scrape_configs: [ {} ]',
      '                      ^',
    ]);
  });
});

describe('the command line', () => {
  it.each<[string[], number, RegExp]>([
    [['--help'], 0, /binnacle up/],
    [['help'], 0, /binnacle up/],
    [['help', 'check'], 0, /binnacle up/],
    [['--version'], 0, /^\d+\.\d+\.\d+$/],
    [
      ['check', 'config', 'prometheus.yml'],
      0,
      /prometheus\.yml: valid, 1 scrape job, 1 rule file with 2 rules/,
    ],
    [['check', 'alerts', 'alertmanager.yml'], 0, /alertmanager\.yml: valid, 1 route, 1 receiver/],
    [['check', 'rules', 'rules/jobs.yml', 'none.yml'], 1, /none\.yml:1:1: cannot read the file/],
    [['check', 'nothing'], 2, /there is no nothing/],
    [['down'], 2, /there is no command "down"/],
    [['up', '--nonsense'], 2, /--nonsense/],
    [['up', '--comment', 'x'], 2, /binnacle up has no --comment: it is an option of binnacle silence/],
    [['up', '--heartbeat-interval', '5s', '--config', 'prometheus.yml'], 2, /needs --heartbeat-url-file/],
    [['up', '--listen', 'x', '--config', 'prometheus.yml'], 2, /"x" is not HOST:PORT/],
    [['up', '--retention-size', '5', '--config', 'prometheus.yml'], 2, /"5" is not a size/],
  ])('%j exits with %d', async (args, code, output) => {
    const paths = args.map((arg) => (arg.endsWith('.yml') ? join(folder, arg) : arg));
    const { child, lines, errors } = run(paths);
    const [exitCode] = (await once(child, 'close')) as [number];
    expect([...lines, ...errors].join('\n')).toMatch(output);
    expect(exitCode).toBe(code);
  });
});
