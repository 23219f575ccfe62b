/** The same requests, and the same commands of amtool, to a real Alertmanager and to our server. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, expect, type TestContext, test } from 'vitest';
import { type RunningAlertmanager, startAlertmanager } from '../../../../test/alertmanager.ts';
import { outside } from '../../../../test/outside.ts';
import { alertmanagerRoutes } from '../../dist/api/alertmanager-routes.js';
import { plainText } from '../../dist/api/envelope.js';
import { ApiServer } from '../../dist/api/server.js';
import { systemClock } from '../../dist/clock.js';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { Dispatcher } from '../../dist/notify/dispatcher.js';
import { Inhibitor } from '../../dist/notify/inhibition.js';
import { matchRoutes } from '../../dist/notify/routing.js';
import { silenceFile } from '../../dist/notify/silence-file.js';
import { Silences } from '../../dist/notify/silences.js';
import { mutedBy } from '../../dist/notify/time-intervals.js';
import { MemoryState } from '../notify/open-dispatcher.ts';
import { STAND_IN_CONFIG } from '../notify/stand-in-notifier.ts';

/** For more than a hundred requests, or runs of amtool, on machines that have much to do. */
const TEST_MS = 600_000;

const folders: string[] = [];
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
  for (const folder of folders) await rm(folder, { recursive: true });
});

interface Pair {
  readonly theirs: RunningAlertmanager;
  readonly ours: string;
  readonly folder: string;
}

async function start(context: TestContext): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'binnacle-alertmanager-'));
  folders.push(folder);
  await mkdir(join(folder, 'theirs'));
  const theirs = await startAlertmanager(context, join(folder, 'theirs'), STAND_IN_CONFIG);
  ends.push(() => theirs.stop());
  const silences = await Silences.open({
    clock: systemClock,
    store: silenceFile(join(folder, 'silences')),
    onProblem: (problem) => {
      throw new Error(problem);
    },
  });
  const notifier = await openNotifier(folder, silences);
  ends.push(() => notifier.stop());
  const server = new ApiServer({
    routes: alertmanagerRoutes({
      notifier: () => notifier,
      silences,
      version: '0.33.0+binnacle.test',
    }),
    fallback: () => plainText('page'),
    now: Date.now,
    onError: () => {},
  });
  const { port } = await server.listen('127.0.0.1', 0);
  ends.push(() => server.close());
  return { theirs, ours: `http://127.0.0.1:${port}`, folder };
}

/** The notifier as the monitor puts it together, with receivers that reach nobody. */
async function openNotifier(folder: string, silences: Silences): Promise<Dispatcher> {
  const config = await loadAlertmanagerConfig(join(folder, 'theirs', 'alertmanager.yml'));
  const inhibitor = new Inhibitor(config.inhibitRules);
  return Dispatcher.open({
    config,
    matchRoutes: (labels) => matchRoutes(config.route, labels),
    mutedBy: (route, timeMs) => mutedBy(route, config.timeIntervals, timeMs),
    muting: {
      silencedBy: (labels, nowMs) => silences.silencedBy(labels, nowMs),
      inhibitedBy: (labels, nowMs) => inhibitor.inhibitedBy(labels, nowMs),
    },
    onAlerts: (posted) => inhibitor.take(posted, Date.now()),
    integrations: () => [],
    externalUrl: 'http://127.0.0.1:9700',
    clock: systemClock,
    state: new MemoryState(),
    onProblem: () => {},
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const TIMES = { startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00.1234Z' };
const matcher = (name: string, value: string, isRegex = false, more: object = {}) => ({
  name,
  value,
  isRegex,
  ...more,
});
const silence = (matchers: readonly object[], more: object = {}) => ({
  matchers,
  createdBy: 'ada',
  comment: 'a release',
  ...TIMES,
  ...more,
});

/** Method, path below the mount, body. A body that is text goes out as it is. */
type Ask = readonly [method: string, path: string, body?: unknown, headers?: Record<string, string>];

const UNKNOWN = '6c1f9d3a-95a5-4e6b-8f3c-1de6e0e7f0aa';

const ASKS: readonly Ask[] = [
  ['GET', '/alerts'],
  ['GET', '/silences'],
  ['GET', '/receivers'],
  ['POST', '/alerts', ''],
  ['POST', '/alerts', '[', JSON_TYPE],
  ['POST', '/alerts', {}],
  ['POST', '/alerts', 'null'],
  ['POST', '/alerts', [{}]],
  ['POST', '/alerts', '[]', { 'content-type': 'text/plain' }],
  ['POST', '/alerts', [{ labels: {} }]],
  ['POST', '/alerts', [{ labels: { a: 5 } }]],
  ['POST', '/alerts', [{ labels: { a: 'b' }, startsAt: 'yesterday' }]],
  ['POST', '/alerts', [{ labels: { a: 'b' }, generatorURL: 'no uri %%' }]],
  [
    'POST',
    '/alerts',
    [
      { labels: { '': '1' } },
      { labels: { late: '1' }, startsAt: '2040-01-01T00:00:00Z', endsAt: '2030-01-01T00:00:00Z' },
      { labels: { gone: '' } },
      { labels: { a: 'b' }, annotations: { '': 'x' } },
      { labels: { alertname: 'Taken', 'a b': 'ü' }, endsAt: '2031-01-01T00:00:00+01:00' },
    ],
  ],
  [
    'POST',
    '/alerts',
    [
      {
        labels: { alertname: 'Down', host: 'a', severity: 'page', empty: '' },
        generatorURL: 'http://x/graph?g0.expr=up&g0.tab=1',
        annotations: { summary: 'a "quoted" word' },
        startsAt: '2020-01-01T00:00:00.5Z',
        endsAt: '2031-01-01T00:00:00.123456789Z',
      },
      { labels: { alertname: 'Down', host: 'b' }, startsAt: '2020-01-01T00:00:00Z' },
      { labels: { alertname: 'HostDown', host: 'b' } },
      { labels: { alertname: 'Ended' }, startsAt: '2020-01-01T00:00:00Z', endsAt: '2020-01-02T00:00:00Z' },
    ],
  ],
  ['GET', '/alerts'],
  ['GET', '/alerts/groups'],
  ['GET', '/alerts?filter=alertname%3DDown&filter=host!%3Da'],
  ['GET', '/alerts?filter=alertname%3D~"D.*"'],
  ['GET', '/alerts?filter=none%3D""&filter=host!%3D""'],
  ['GET', '/alerts?filter=nonsense'],
  ['GET', '/alerts?filter={a%3Db}'],
  ['GET', '/alerts?receiver=pager'],
  ['GET', '/alerts?receiver=p'],
  ['GET', '/alerts?receiver=('],
  ['GET', '/alerts?receiver_matchers=name%3Dops'],
  ['GET', '/alerts?active=maybe'],
  ['GET', '/alerts?active=yes&inhibited=no'],
  ['GET', '/alerts/groups?receiver=ops&inhibited=false'],
  ['GET', '/alerts/groups?filter=host%3Da'],
  ['GET', '/alerts/groups?filter=('],
  ['GET', '/alerts/groups?receiver=['],
  ['GET', '/receivers?receiver_matchers=name%3Dops'],
  ['GET', '/receivers?receiver_matchers=('],
  ['GET', '/silence/abc'],
  ['DELETE', '/silence/abc'],
  ['GET', `/silence/${UNKNOWN}`],
  ['DELETE', `/silence/${UNKNOWN}`],
  ['POST', '/silences', ''],
  ['POST', '/silences', []],
  ['POST', '/silences', {}],
  ['POST', '/silences', silence([], { comment: undefined })],
  ['POST', '/silences', silence([])],
  ['POST', '/silences', silence([{}])],
  ['POST', '/silences', silence([{ name: 'a', isRegex: false }])],
  ['POST', '/silences', silence([matcher('a', '')])],
  ['POST', '/silences', silence([matcher('a', '.*', true)])],
  ['POST', '/silences', silence([matcher('a', '(', true)])],
  ['POST', '/silences', silence([matcher('', 'x')])],
  ['POST', '/silences', silence([{ ...matcher('a', 'x'), isRegex: 'no' }])],
  ['POST', '/silences', silence([matcher('a', 'x')], { id: UNKNOWN })],
  ['POST', '/silences', silence([matcher('a', 'x')], { id: 'abc' })],
  ['POST', '/silences', silence([matcher('a', 'x')], { endsAt: TIMES.startsAt })],
  ['POST', '/silences', silence([matcher('a', 'x')], { endsAt: '2020-01-02T00:00:00Z' })],
  ['POST', '/silences', silence([matcher('a', 'x')], { endsAt: 'tomorrow' })],
  ['POST', '/silences', silence([matcher('a', 'x')], { startsAt: undefined })],
  [
    'POST',
    '/silences',
    silence([matcher('host', 'a'), matcher('alertname', 'D.*|X', true)], { annotations: { k: 'v' } }),
  ],
  [
    'POST',
    '/silences',
    silence([matcher('later', 'x', false, { isEqual: false })], { startsAt: '2098-01-01T00:00:00Z' }),
  ],
  [
    'POST',
    '/silences',
    silence([matcher('zero', 'x', true, { isEqual: true })], {
      startsAt: '0001-01-01T00:00:00Z',
      endsAt: '2097-01-01T00:00:00Z',
      comment: '',
    }),
  ],
  ['GET', '/silences'],
  ['GET', '/silences?filter=host%3Da'],
  ['GET', '/silences?filter=host%3D~a'],
  ['GET', '/silences?filter=alertname%3D~"D.*|X"&filter=host%3D"a"'],
  ['GET', '/silences?filter=('],
  ['GET', '/alerts'],
  ['GET', '/alerts?silenced=false'],
  ['GET', '/alerts?active=false'],
  ['GET', '/alerts/groups?silenced=false'],
  ['GET', '/alerts/groups?active=0'],
];

test('requests, good and bad, get the same answers', { timeout: TEST_MS }, async (context) => {
  const { theirs, ours } = await start(context);
  let compared = 0;
  const both = async (ask: Ask): Promise<void> => {
    const said = ask
      .slice(0, 3)
      .map((part) => JSON.stringify(part))
      .join(' ');
    const asked = async () => [
      await answer(`${ours}/api/v2`, ask),
      await answer(`${theirs.url}/api/v2`, ask),
    ];
    const [actual, expected] = ask[0] === 'GET' ? await sameSoon(asked) : await asked();
    expect(actual, said).toEqual(expected);
    compared++;
  };
  for (const ask of ASKS) await both(ask);
  const mounted = await answer(`${ours}/alertmanager/api/v2`, ['GET', '/silences']);
  expect(mounted).toEqual(await answer(`${theirs.url}/api/v2`, ['GET', '/silences']));

  // What there is has other identifiers on either side.
  const [their, our] = await Promise.all([theirs.url, ours].map(silencesOf));
  expect(our!.map(({ comment }) => comment)).toEqual(their!.map(({ comment }) => comment));
  const change = async (how: (found: Found) => Ask): Promise<void> => {
    for (const i of their!.keys()) {
      const answers = [
        await answer(`${theirs.url}/api/v2`, how(their![i]!)),
        await answer(`${ours}/api/v2`, how(our![i]!)),
      ];
      expect(answers[1], JSON.stringify(how(our![i]!))).toEqual(answers[0]);
    }
    await both(['GET', '/silences']);
  };
  const update =
    (more: object) =>
    (found: Found): Ask => ['POST', '/silences', { ...found, ...more }];
  await change(({ id }) => ['GET', `/silence/${id}`]);
  await change(update({ endsAt: '2090-01-01T00:00:00Z', startsAt: '2089-01-01T00:00:00Z' }));
  await change(update({ comment: 'changed' }));
  await change(({ id }) => ['DELETE', `/silence/${id}`]);
  await change(({ id }) => ['DELETE', `/silence/${id}`]);
  await change(({ id }) => ['GET', `/silence/${id}`]);
  await both(['GET', '/alerts']);

  const shape = async (base: string) => {
    const status = (await (await fetch(`${base}/api/v2/status`)).json()) as Record<string, object>;
    return Object.entries(status).map(([name, value]) => [name, typeof value, Object.keys(value).sort()]);
  };
  const [theirStatus, ourStatus] = await Promise.all([shape(theirs.url), shape(ours)]);
  expect(ourStatus!.map(([name]) => name)).toEqual(theirStatus!.map(([name]) => name));
  expect(ourStatus!.slice(0, 2)).toEqual(theirStatus!.slice(0, 2));
  expect(compared).toBeGreaterThan(70);
});

/**
 * Two answers, asked for again while they differ: what is posted takes some time until Alertmanager has it in groups
 * and knows what it inhibits. The last ones after a minute.
 */
async function sameSoon<T>(asked: () => Promise<T[]>): Promise<T[]> {
  for (const endMs = Date.now() + 60_000; ; await sleep(100)) {
    const answers = await asked();
    if (isDeepStrictEqual(answers[0], answers[1]) || Date.now() > endMs) return answers;
  }
}

interface Found {
  readonly id: string;
  readonly comment: string;
}

async function silencesOf(base: string): Promise<Found[]> {
  return (await (await fetch(`${base}/api/v2/silences`)).json()) as Found[];
}

async function answer(base: string, [method, path, body, headers]: Ask): Promise<unknown> {
  const response = await fetch(base + path, {
    method,
    ...(body === undefined
      ? {}
      : {
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: headers ?? JSON_TYPE,
        }),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: text === '' ? '' : response.headers.get('content-type'),
    body: text === '' ? '' : normalised(JSON.parse(text)),
  };
}

const NOW_MS = Date.now();

/** Identifiers and times of now are not the same twice, and JSON's errors have the words of their readers. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(normalised);
    // Alerts inside of a group have no order that upstream promises.
    return items.every((item) => typeof item === 'object' && item !== null && 'fingerprint' in item)
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items;
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, normalised(item)]));
  if (typeof value !== 'string') return value;
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(value)) return 'UUID';
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) ? Date.parse(value) : Number.NaN;
  // Upstream keeps the zone that was written.
  if (value.endsWith('+01:00')) return new Date(value).toISOString();
  if (Math.abs(ms - NOW_MS) < 10 * 60_000) return 'NOW';
  return value.replace(/(body from "" failed, because ).*/s, '$1…');
}

test('amtool says the same of both', { timeout: TEST_MS }, async (context) => {
  const amtool = outside(context, 'amtool');
  const { theirs, ours, folder } = await start(context);
  const run = (url: string, args: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const env = { PATH: process.env.PATH, HOME: folder, USER: 'ada', TZ: 'UTC' };
      execFile(amtool, [`--alertmanager.url=${url}`, ...args], { env }, (error, stdout, stderr) =>
        resolve(`${error === null ? 0 : error.code}\n${stdout}${stderr.replaceAll(url, 'URL')}`),
      );
    });
  const commands: string[] = [];
  const both = async (...args: readonly (((url: string) => Promise<string>) | string)[]) => {
    const asked = () =>
      Promise.all(
        [ours, theirs.url].map(async (url) => {
          const given = await Promise.all(args.map((arg) => (typeof arg === 'string' ? arg : arg(url))));
          return tidied(
            await run(
              url,
              given.flatMap((arg) => arg.split(' ')),
            ),
          );
        }),
      );
    const command = args.map(String).join(' ');
    const isQuestion = /^(?:silence query|alert query|cluster|config)/.test(command);
    const [actual, expected] = isQuestion ? await sameSoon(asked) : await asked();
    expect(actual, command).toBe(expected);
    commands.push(command);
    return expected!;
  };
  expect(await both('silence add alertname=Down host=a -c release -d 2h')).toMatch(/^0\nUUID/);
  await both('silence add alertname=~D.* -c all -d 1h --author bob');
  await both('silence add host!=b -c other -d 30m');
  await both('silence add -c nothing');
  await both('silence add alertname=X');
  await both('silence add alertname=~( -c broken');
  await both('silence add alertname=X -c backwards --start 2030-01-01T00:00:00Z --end 2029-01-01T00:00:00Z');
  await both('silence add alertname=X -c later --start 2098-01-01T00:00:00Z --end 2099-01-01T00:00:00Z');
  expect(await both('silence query')).toContain('release');
  await both('silence query -o extended');
  await both('silence query -o json');
  await both('silence query host=a -q');
  await both('silence query --created-by bob');
  await both('silence query --within 45m');
  const find = (comment: string) => async (url: string) =>
    (await silencesOf(url)).find((found) => found.comment === comment)!.id;
  await both('silence update -d 3h -c longer', find('release'));
  await both('silence query -o extended host=a');
  await both('silence expire', find('all'));
  await both('silence expire', find('all'));
  await both(`silence expire ${UNKNOWN}`);
  await both('silence expire nonsense');
  await both('silence query --expired');
  await both('alert add Down host=a severity=page --annotation=summary=broken --generator-url=http://x/g');
  await both('alert add alertname=HostDown host=b');
  await both('alert add Down host=b');
  await both('alert add =x');
  await both('alert query');
  await both('alert query -o extended');
  await both('alert query -o json');
  await both('alert query -s');
  await both('alert query -i');
  await both('alert query -a');
  await both('alert query Down');
  await both('alert query host=~a|c --receiver pager');
  await both('alert query nonsense~x');
  await both('cluster show');
  const importFile = join(folder, 'import.json');
  await writeFile(
    importFile,
    JSON.stringify((await silencesOf(theirs.url)).map(({ id: _, ...rest }) => rest)),
  );
  await both(`silence import ${importFile}`);
  await both('silence query --expired -o simple');
  await both('config routes test severity=page alertname=X');
  await both('config routes test severity=warning');
  await both('config routes test --verify.receivers=pager severity=page');
  await both('config routes show');
  expect(commands.length).toBeGreaterThanOrEqual(15);
  // The whole configuration also has the defaults of receivers, which is the reader's affair.
  expect(await run(ours, ['config', 'show'])).toContain('receiver: ops');
});

/** Identifiers, times of now and the spaces that their lengths cost are not the same twice. */
function tidied(output: string): string {
  return output
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}/g, 'UUID')
    .replace(/20(?!9[89])\d\d-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/20(?!9[89])\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'TIME')
    .replace(/ +/g, ' ')
    .split('\n')
    .map((line) => (line.startsWith('[{') ? JSON.stringify(sortedJson(JSON.parse(line))) : line))
    .join('\n');
}

function sortedJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sortedJson(item)]),
  );
}
