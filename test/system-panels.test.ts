/**
 * The reference systems as `npm start` brings them up: every query of every panel has an answer, and no alert says that
 * something is wrong.
 *
 * The queries are asked by the page's own code, with the variables and macros that it fills in, of the monitor that it
 * would ask. A system that comes onto the stage is proved without a word here.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as api from '../packages/ui/src/api/prometheus.js';
import { askOptions } from '../packages/ui/src/dashboard/ask-variables.js';
import type { Choices } from '../packages/ui/src/dashboard/choices.js';
import { loadPanel } from '../packages/ui/src/dashboard/load-panel.js';
import { type DashboardModel, readDashboard } from '../packages/ui/src/dashboard/model.js';
import type { Target } from '../packages/ui/src/dashboard/panel-model.js';
import { placed } from '../packages/ui/src/dashboard/repeat.js';
import { resolveVariables, type VariableAnswer } from '../packages/ui/src/dashboard/variable-values.js';
import { scrapeIntervalMs } from '../packages/ui/src/shell/status.js';
import { resolveRange } from '../packages/ui/src/time/range.js';
import { SYSTEMS } from '../systems/stage/dist/systems.js';
import { readWatched } from '../systems/stage/dist/watched/read.js';
import { startModule, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';

/** Queries that rightly find nothing until something goes wrong, by panel and legend; of all systems. */
const EMPTY_WHILE_ALL_IS_WELL: readonly { readonly panel: string; readonly legend: string; why: string }[] = [
  { panel: 'Requests', legend: '5xx', why: 'a status of 5xx has no series before the first one' },
  { panel: 'Exceptions', legend: '{{error_type}}', why: 'an exception has no series before the first one' },
  {
    panel: 'Exceptions',
    legend: '{{job}} {{error_type}}',
    why: 'an exception has no series before the first one',
  },
  { panel: 'Held back', legend: '{{instance}}', why: 'without a processor quota it has no periods' },
  { panel: 'Memory', legend: '{{instance}} {{device}}', why: 'this machine may have no GPU' },
  { panel: 'Share of memory', legend: '{{instance}} {{device}}', why: 'this machine may have no GPU' },
  { panel: 'Requests', legend: '3xx', why: 'only the gateway and the files answer "not modified"' },
];

/** Alerts that the visitors cause, and why. */
const CAUSED_BY_VISITORS: Readonly<Record<string, string>> = {
  HighJobFailureRate:
    'some visitors bring media that is broken or not there, and of a few videos one is many',
  HighProcessingFailureRate: 'some visitors bring no G-code, and of a few jobs one is many',
  HighScrapingFailureRate: 'some orders are for a directory that is broken, and of a few jobs one is many',
  HighDownloadFailureRate:
    'some visitors ask for videos that are not there, and of a few downloads one is many',
  TranscodeFailing: 'some visitors bring broken files to have them rejected',
};

/** From the start of the stage on; until each kind of visit has come to each system, on a machine that is busy. */
const DATA_MS_MAX = 600_000;
/** Until what only a busy machine is late with is over. */
const CALM_MS_MAX = 180_000;
const PAUSE_MS = 1000;
const PANEL_WIDTH_PX = 600;
const never = new AbortController().signal;

const systems = await Promise.all(
  SYSTEMS.map(async (system) => ({ name: system.name, ...(await readWatched(system)) })),
);
const root = fileURLToPath(new URL('..', import.meta.url));
let untilMs: number;
let stage: ChildProcess;

beforeAll(async () => {
  const folder = temporaryFolder();
  // Where the tests run as root, PostgreSQL runs as nobody, who has to get there.
  fs.chmodSync(folder, 0o755);
  stage = startModule(new URL('../systems/stage/dist/main.js', import.meta.url), [], {
    BINNACLE_STAGE_DIR: folder,
    BINNACLE_PORT: String(await freePort()),
    // Another stage may come up beside this one, and look for free ports at the same moment.
    BRICKLAYERS_PORT: '0',
    API_PORT: '0',
  });
  const origin = await new Promise<string>((resolve, reject) => {
    const printed: string[] = [];
    createInterface({ input: stage.stdout! }).on('line', (line) => {
      printed.push(line);
      const address = /Open (http:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    stage.once('exit', () => reject(new Error(`it ended early:\n${printed.join('\n')}`)));
  });
  untilMs = performance.now() + DATA_MS_MAX;
  const { fetch } = globalThis;
  // The page asks at addresses that are relative to its own.
  vi.stubGlobal('fetch', (address: string, init?: RequestInit) => fetch(new URL(address, origin), init));
}, 600_000);

afterAll(async () => {
  vi.unstubAllGlobals();
  if (stage.exitCode !== null || stage.signalCode !== null) return;
  const ended = once(stage, 'exit');
  stage.kill('SIGINT');
  await ended;
});

/** A query that stands in a panel. */
interface Asked {
  /** `Dashboard / Row / Panel / legend`, and the query's letter. */
  readonly name: string;
  readonly panel: string;
  readonly target: Target;
  readonly choices: Choices;
}

async function dashboardOf(uid: string): Promise<DashboardModel> {
  return readDashboard(await api.fetchJson(`api/dashboards/uid/${uid}`, never));
}

/** The choices that the page makes when nobody has chosen. */
async function choicesOf({ variables, time }: DashboardModel, scrapeMs: number): Promise<Choices> {
  const answers = new Map<string, VariableAnswer>();
  const window = resolveRange(time, Date.now());
  const context = { intervalMs: scrapeMs, scrapeMs, rangeMs: window.toMs - window.fromMs };
  while (true) {
    const { choices, questions } = resolveVariables(variables, {}, answers, context);
    if (questions.length === 0) return choices;
    for (const question of questions)
      answers.set(question.key, { options: await askOptions(question, window, never) });
  }
}

function queriesOf({ title, sections }: DashboardModel, choices: Choices): Asked[] {
  return placed(sections, choices).flatMap((section) =>
    section.panels.flatMap(({ panel, choices: own }) =>
      panel.targets.map((target) => ({
        name: `${[title, section.title, panel.title, target.legend].join(' / ')} (${target.refId})`,
        panel: panel.title,
        target,
        choices: own,
      })),
    ),
  );
}

function isExempt({ panel, target: { legend } }: Asked): boolean {
  return EMPTY_WHILE_ALL_IS_WELL.some((one) => one.panel === panel && one.legend === legend);
}

/** Asks one query as its panel does; says what it found where that is no number. */
async function problemOf(
  { target, choices }: Pick<Asked, 'target' | 'choices'>,
  time: DashboardModel['time'],
  scrapeMs: number,
): Promise<string | undefined> {
  const asking = { window: resolveRange(time, Date.now()), widthPx: PANEL_WIDTH_PX, scrapeMs, choices };
  try {
    const { series, onlyNaN, asked } = await loadPanel([target], asking, never);
    return series.length > 0 ? undefined : `${onlyNaN ? 'nothing but NaN' : 'no series'} for ${asked[0]}`;
  } catch (error) {
    return `${(error as Error).message} for ${target.expr}`;
  }
}

/** Asks until every query of some dashboards has had data once; those that have none when the time is up, and why. */
async function queriesWithoutData(uids: readonly string[]): Promise<Record<string, string>> {
  const dashboards = await Promise.all(uids.map(dashboardOf));
  const scrapeMs = scrapeIntervalMs(await api.targets(never));
  const seen = new Set<string>();
  while (true) {
    const problems: Record<string, string> = {};
    for (const dashboard of dashboards) {
      // Values of variables come with the data, so that panels are repeated anew each time.
      const queries = queriesOf(dashboard, await choicesOf(dashboard, scrapeMs));
      expect(queries.length).toBeGreaterThan(0);
      for (const query of queries) {
        if (seen.has(query.name) || isExempt(query)) continue;
        const problem = await problemOf(query, dashboard.time, scrapeMs);
        if (problem === undefined) seen.add(query.name);
        else problems[query.name] = problem;
      }
    }
    if (Object.keys(problems).length === 0 || performance.now() > untilMs) return problems;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

test('every system that is configured is on the stage', () => {
  const configured = fs
    .readdirSync(path.join(root, 'systems'))
    .filter((name) => fs.existsSync(path.join(root, 'systems', name, 'binnacle.config.ts')));
  expect(SYSTEMS.map(({ name }) => name).sort()).toEqual(configured.sort());
});

describe.each(systems)('$name', ({ name, dashboards }) => {
  test(
    'has data for every query of every panel',
    async () => {
      expect(dashboards.length).toBeGreaterThan(0);
      expect(await queriesWithoutData(dashboards.map(({ uid }) => uid))).toEqual({});
    },
    DATA_MS_MAX + 120_000,
  );

  test(
    'has rules that can be evaluated, and no alert that fires or is about to',
    async () => {
      // Some are evaluated once a minute only.
      const failing = async () =>
        (await api.ruleGroups(never)).flatMap(({ rules }) => rules.filter(({ health }) => health !== 'ok'));
      await expect.poll(failing, { timeout: CALM_MS_MAX }).toEqual([]);
      // What a busy machine is late with for a moment is about to fire, and then it is not.
      const unexplained = async () =>
        (await api.alerts(never))
          .filter(({ labels }) => (labels.system ?? name) === name)
          .filter(({ labels }) => !Object.hasOwn(CAUSED_BY_VISITORS, labels.alertname!));
      await expect.poll(unexplained, { timeout: CALM_MS_MAX, interval: PAUSE_MS }).toEqual([]);
    },
    3 * CALM_MS_MAX,
  );
});

test('what is exempt is there', async () => {
  const dashboards = await Promise.all(
    systems.flatMap((system) => system.dashboards).map(({ uid }) => dashboardOf(uid)),
  );
  const queries = dashboards.flatMap((dashboard) => queriesOf(dashboard, {}));
  for (const { panel, legend } of EMPTY_WHILE_ALL_IS_WELL)
    expect(queries.map((query) => [query.panel, query.target.legend])).toContainEqual([panel, legend]);
  const alerts = (await api.ruleGroups(never)).flatMap(({ rules }) => rules.map((rule) => rule.name));
  expect(alerts).toEqual(expect.arrayContaining(Object.keys(CAUSED_BY_VISITORS)));
});

test.each([
  ['rate(no_such_metric_total[$__rate_interval])', /^no series for rate\(no_such_metric_total\[8s\]\)$/],
  ['up{no_such_label="value"}', /^no series/],
  ['up{system="$no_such_variable"}', /^no series/],
  ['0 * up / 0', /^nothing but NaN/],
  ['rate(up[', /for rate\(up\[$/],
])('a panel that asks for %s would be found', async (expr, problem) => {
  const target: Target = { refId: 'A', expr, legend: '', instant: false, format: 'time_series' };
  const time = { from: 'now-5m', to: 'now' };
  const scrapeMs = scrapeIntervalMs(await api.targets(never));
  expect(await problemOf({ target, choices: {} }, time, scrapeMs)).toMatch(problem);
  expect(await problemOf({ target: { ...target, expr: 'up' }, choices: {} }, time, scrapeMs)).toBeUndefined();
});
