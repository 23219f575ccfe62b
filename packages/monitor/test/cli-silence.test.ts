import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Labels } from '@binnacle/metrics/model';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { alertmanagerRoutes } from '../dist/api/alertmanager-routes.js';
import { plainText } from '../dist/api/envelope.js';
import { ApiServer } from '../dist/api/server.js';
import { parseCommand } from '../dist/cli/arguments.js';
import { UsageError } from '../dist/cli/options.js';
import { runSilence } from '../dist/cli/silence.js';
import { Silences } from '../dist/notify/silences.js';
import { ManualClock } from './manual-clock.ts';
import { StandInNotifier } from './notify/stand-in-notifier.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const COMMAND = fileURLToPath(new URL('../bin/binnacle.js', import.meta.url));
const NOW = Date.parse('2026-03-01T12:00:00Z');
const clock = new ManualClock(NOW);
let server: ApiServer;
let url = '';

beforeAll(async () => {
  const silences = await Silences.open({
    clock,
    store: { load: async () => ({ silences: [], problem: undefined }), save: async () => {} },
    onProblem: () => {},
    newId: (() => {
      let n = 0;
      return () => `00000000-0000-4000-8000-00000000000${n++}`;
    })(),
  });
  const notifier = new StandInNotifier(silences, () => clock.now());
  const labels = [
    { alertname: 'Down', job: 'web' },
    { alertname: 'Down', job: 'db' },
    { alertname: 'Full', disk: 'a b' },
  ];
  notifier.post(
    labels.map((set) => ({
      labels: Labels.of(set),
      annotations: {},
      startsAtMs: NOW,
      endsAtMs: NOW + 10 * 3_600_000,
      generatorUrl: '',
    })),
  );
  server = new ApiServer({
    routes: alertmanagerRoutes({
      notifier: () => notifier,
      silences,
      version: '',
    }),
    fallback: () => plainText('a page'),
    now: () => clock.now(),
    onError: () => {},
  });
  const { port } = await server.listen('127.0.0.1', 0);
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => server.close());

/** What the command says, and its exit code in front. */
async function run(...args: string[]): Promise<string[]> {
  const command = await parseCommand(['silence', ...args], { BINNACLE_URL: `${url}/` });
  if (command.name !== 'silence') throw new Error(command.name);
  const lines: string[] = [];
  const code = await runSilence(command.options, {
    fetch,
    now: () => clock.now(),
    say: (line) => lines.push(line),
    complain: (line) => lines.push(`! ${line}`),
  });
  return [String(code), ...lines];
}

it('shows what would be hidden, hides it, lists it, and ends it', async () => {
  expect(await run('list')).toEqual(['0', 'there are no silences']);
  expect(await run('preview', 'Down', 'job!="db"')).toEqual([
    '0',
    'hides 1 of the 3 alerts that there are now',
    '  Down job="web"',
  ]);
  expect(await run('preview', 'alertname=~.+')).toEqual([
    '0',
    'hides 3 of the 3 alerts that there are now',
    '  Down job="db"',
    '  Down job="web"',
    '  Full disk="a b"',
    'warning: It would hide all 3 alerts that there are now.',
  ]);
  const id = '00000000-0000-4000-8000-000000000000';
  expect(await run('add', 'Down', '--duration', '2h', '--comment', 'a\nmove', '--author', 'ada')).toEqual([
    '0',
    id,
    '! silenced for 2h, until 2026-03-01T14:00:00Z',
    '! hides 2 of the 3 alerts that there are now',
    '!   Down job="db"',
    '!   Down job="web"',
  ]);
  await clock.moveTo(NOW + 90_000);
  await run('add', 'nothing="here"', 'x!~"a|b"', '--comment', 'later', '--author', 'bob');
  expect((await run('list')).map((line) => line.replace(/ +/g, ' '))).toEqual([
    '0',
    'ID STATE WHEN BY MATCHERS COMMENT',
    '00000000-0000-4000-8000-000000000001 active 1h left bob nothing="here" x!~"a|b" later',
    `${id} active 1h58m left ada alertname="Down" a move`,
  ]);
  expect(await run('list', 'alertname=Down', '--json')).toEqual([
    '0',
    expect.stringMatching(/^\[\{"id":"00000000-0000-4000-8000-000000000000","status":\{"state":"active"\}/),
  ]);
  expect(await run('expire', id, 'nonsense', '00000000-0000-4000-8000-00000000000f')).toEqual([
    '1',
    `${id} has ended`,
    '! nonsense: silenceID in path must be of type uuid: "nonsense"',
    '! 00000000-0000-4000-8000-00000000000f: not found',
  ]);
  expect((await run('list', 'alertname=Down', '--expired'))[2]).toMatch(
    /expired +ended 2026-03-01T12:01:30Z/,
  );
  expect(await run('list', 'alertname=Down')).toEqual([
    '0',
    'no silence holds; 1 expired: --expired shows them',
  ]);
});

it('says what is wrong when the monitor refuses or does not answer', async () => {
  expect(await run('add', 'a=""', '--comment', 'x')).toEqual([
    '1',
    '! invalid silence: matcher set 0: at least one matcher must not match the empty string',
  ]);
  expect(await run('list', '--url', `${url}/elsewhere`)).toEqual([
    '1',
    `! what answers at ${url}/elsewhere is no monitor (200)`,
  ]);
  expect(await run('list', '--url', 'http://127.0.0.1:1')).toEqual([
    '1',
    '! no monitor answers at http://127.0.0.1:1: name another with --url URL or BINNACLE_URL',
  ]);
});

it.each([
  [[], 'takes add, list, expire or preview'],
  [['remove'], 'takes add, list, expire or preview'],
  [['add', '--comment', 'x'], 'needs a matcher'],
  [['add', 'Down'], '--comment TEXT is needed'],
  [['add', 'Down', '--comment', ' '], '--comment TEXT is needed'],
  [['add', 'Down', '--comment', 'x', '--duration', 'soon'], '"soon" is not a duration'],
  [['add', 'Down', '--comment', 'x', '--duration', '0s'], '"0s" is not a duration'],
  [['preview', 'a=~"("'], '"a=~\\"(\\"" is not a matcher: error parsing regexp'],
  [['preview', 'a b'], 'is not a matcher'],
  [['expire'], 'needs an ID'],
  [['list', '--url', 'monitor:9700'], 'is not the address of a monitor'],
])('refuses the words %j', async (args, message) => {
  const parsed = parseCommand(['silence', ...args], {});
  await expect(parsed).rejects.toThrow(UsageError);
  await expect(parsed).rejects.toThrow(message);
});

it('is a command of its own, with its exit codes', async () => {
  const exec = (args: string[]): Promise<[unknown, string, string]> =>
    new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, 'silence', ...args], (error, stdout, stderr) =>
        resolve([error === null ? 0 : error.code, stdout, stderr]),
      );
    });
  const [added, refused, wrong] = await Promise.all([
    exec(['add', 'Down', '--comment', 'x', '--url', url]),
    exec(['list', '--url', 'http://127.0.0.1:1']),
    exec(['add', 'Down']),
  ]);
  // The identifier alone, for `ID=$(binnacle silence add …)`.
  expect(added).toEqual([
    0,
    expect.stringMatching(/^[0-9a-f-]{36}\n$/),
    expect.stringContaining('silenced for 1h'),
  ]);
  expect(refused.slice(0, 2)).toEqual([1, '']);
  expect(wrong).toEqual([2, '', expect.stringContaining('--comment TEXT is needed')]);
});
