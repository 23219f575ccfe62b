/** `binnacle slo`, before the API of a monitor over series in memory. */
import { setImmediate } from 'node:timers/promises';
import { Labels } from '@binnacle/metrics/model';
import { Engine, MemoryStorage } from '@binnacle/promql';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { plainText } from '../dist/api/envelope.js';
import { queryRoutes } from '../dist/api/query-routes.js';
import { ApiServer } from '../dist/api/server.js';
import { parseCommand } from '../dist/cli/arguments.js';
import { loadProject } from '../dist/cli/project/load-project.js';
import { runSlo } from '../dist/cli/slo.js';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

const CONFIG = `
import { defineConfig, ratio, slo } from '@binnacle/blueprint';

const events = (name: string) => ratio({ total: name + '_total', bad: name + '_failed_total' });
const objective = (name: string, share: number) =>
  slo(name, { description: 'Is ' + name + ' well?', objective: share, events: events(name) });

export default defineConfig({
  name: 'shop',
  services: [{ name: 'web', targets: ['localhost:9464'] }],
  slos: [objective('orders', 0.99), objective('search', 0.9), objective('silence', 0.9)],
});
`;

/** What the rules have recorded, by objective. */
const RECORDED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  orders: {
    'slo:period_events:sum': 1000,
    'slo:period_bad_events:sum': 20,
    'slo:error_budget_remaining:ratio': -1,
    'slo:error:ratio_rate1h': 0.05,
  },
  search: {
    'slo:period_events:sum': 500,
    'slo:period_bad_events:sum': 5,
    'slo:error_budget_remaining:ratio': 0.9,
  },
};

let server: ApiServer;
let url = '';
const open: ProjectFolder[] = [];

beforeAll(async () => {
  const storage = new MemoryStorage();
  for (const [slo, series] of Object.entries(RECORDED))
    for (const [name, value] of Object.entries(series))
      storage.append(Labels.of({ __name__: name, slo }), NOW - 10_000, value);
  server = new ApiServer({
    routes: queryRoutes({ engine: new Engine({ yieldToLoop: setImmediate }), storage }),
    fallback: () => plainText('a page'),
    now: () => NOW,
    onError: () => {},
  });
  const { port } = await server.listen('127.0.0.1', 0);
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => server.close());
afterEach(() => {
  for (const folder of open.splice(0)) folder.remove();
});

/** What the command says, and its exit code in front. */
async function run(config: string, ...args: string[]): Promise<string[]> {
  const folder = projectFolder({ 'binnacle.config.ts': config });
  open.push(folder);
  const command = await parseCommand(['slo', '--config', folder.path, ...args], { BINNACLE_URL: url });
  if (command.name !== 'slo') throw new Error(command.name);
  const lines: string[] = [];
  const code = await runSlo(command.options, {
    fetch,
    loadProject,
    now: () => NOW,
    say: (line) => lines.push(...line.split('\n')),
    complain: (line) => lines.push(`! ${line}`),
  });
  return [String(code), ...lines];
}

it('tells what became of each objective, the least budget first, and fails where one is missed', async () => {
  const [code, head, ...rows] = await run(CONFIG);
  expect(code).toBe('1');
  expect(head).toMatch(/^objective +target +achieved +events +bad +budget left +burn 1h/);
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 7))).toEqual([
    ['orders', '99%', '98.0%', '1,000', '20', '-100.0%', '5.00'],
    ['search', '90%', '99.0%', '500', '5', '90.0%', '-'],
    ['silence', '90%', '-', '-', '-', '-', '-'],
  ]);
  expect(rows.map((row) => row.split(/ {2,}/).at(-1))).toEqual(['missed', 'met', 'unknown']);
});

it('writes Markdown and JSON', async () => {
  const markdown = await run(CONFIG, '--markdown');
  expect(markdown[1]).toMatch(/^\| objective \| target \|/);
  const [code, ...json] = await run(CONFIG, '--json');
  expect(code).toBe('1');
  expect(JSON.parse(json.join('\n'))).toMatchObject([
    { name: 'orders', state: 'missed', achieved: 0.98, budgetLeft: -1 },
    { name: 'search', state: 'met' },
    { name: 'silence', state: 'unknown' },
  ]);
});

it('is well where nothing is missed', async () => {
  const [code] = await run(CONFIG.replace("objective('orders', 0.99), ", ''));
  expect(code).toBe('0');
});

it.each([
  ['no objectives', CONFIG.replace(/slos: .*/, ''), [], /^! shop has no objectives/],
  ['no monitor', CONFIG, ['--url', 'http://127.0.0.1:1'], /^! no monitor answers at http:\/\/127\.0\.0\.1:1/],
  ['a config that throws', "throw new Error('no luck');", [], /^! .*binnacle\.config\.ts:1.*no luck/],
])('with %s it says so', async (_, config, args, message) => {
  const [code, ...lines] = await run(config, ...args);
  expect(code).toBe('1');
  expect(lines.join('\n')).toMatch(message);
});

it.each([
  [['now'], 'binnacle slo takes options only, not "now"'],
  [['--json', '--markdown'], 'binnacle slo writes --json or --markdown, not both'],
  [['--url', 'monitor'], '"monitor" is not the address of a monitor'],
])('refuses the words %j', async (args, message) => {
  await expect(parseCommand(['slo', ...args], {})).rejects.toThrow(message);
});
