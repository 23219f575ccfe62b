import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { outside } from '../../../../test/outside.ts';
import { alertMatcher, formatMatcher, formatMatchers } from '../../dist/alert-matcher.js';
import type { RouteConfig } from '../../dist/config/alertmanager.js';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import {
  explainRoutes,
  groupKeyOf,
  groupLabelsOf,
  matchRoutes,
  type RouteTrace,
} from '../../dist/notify/routing.js';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'binnacle-routes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A route as a file says it. */
interface RouteText {
  readonly receiver: string;
  readonly routes?: readonly RouteText[];
  readonly [field: string]: unknown;
}

let files = 0;

/** Writes a file with the tree and all receivers that it names, and reads it. */
async function treeOf(route: RouteText): Promise<{ path: string; top: RouteConfig }> {
  const names = new Set<string>();
  const collect = ({ receiver, routes = [] }: RouteText): void => {
    names.add(receiver);
    routes.forEach(collect);
  };
  collect(route);
  const path = join(folder, `${files++}.yml`);
  writeFileSync(path, JSON.stringify({ route, receivers: [...names].map((name) => ({ name })) }));
  return { path, top: (await loadAlertmanagerConfig(path)).route };
}

const receiversOf = (top: RouteConfig, labels: Labels): string[] =>
  matchRoutes(top, labels).map(({ receiver }) => receiver);

function takers({ route, outcome, below }: RouteTrace): RouteConfig[] {
  return [...(outcome === 'takes' ? [route] : []), ...below.flatMap(takers)];
}

/** The receivers and the routes on the way, as `amtool config routes test --tree` prints them. */
function askAmtool(amtool: string, path: string, labels: Labels): { receivers: string[]; tree: string[] } {
  const given = labels.entries().map(([name, value]) => formatMatcher(alertMatcher(name, '=', value)));
  const args = ['config', 'routes', 'test', '--tree', '--config.file', path, ...given];
  const answer = execFileSync(amtool, args, { encoding: 'utf8', stdio: 'pipe' }).trimEnd().split('\n');
  const tree = answer.flatMap((line) => /^[│ ]*[├└]── (.*)$/.exec(line)?.[1] ?? []);
  return { receivers: answer.at(-1)!.split(','), tree };
}

/** The same tree from our explanation. */
function treeLines({ route, outcome, below }: RouteTrace): string[] {
  if (outcome !== 'takes' && outcome !== 'passes') return [];
  const shown = route.matchers.length === 0 ? 'default-route' : formatMatchers(route.matchers);
  const line = outcome === 'takes' ? `${shown}  receiver: ${route.receiver}` : shown;
  return [line, ...below.flatMap(treeLines)];
}

const TREES: readonly RouteText[] = [
  { receiver: 'all' },
  {
    receiver: 'ops',
    routes: [
      { receiver: 'blackhole', matchers: ['alertname = Watchdog'] },
      { receiver: 'pager', matchers: ['severity = critical'], continue: true },
      { receiver: 'mail', matchers: ['severity =~ "critical|warning"'] },
      { receiver: 'chat', match: { team: 'web' }, match_re: { job: 'web.*' } },
    ],
  },
  {
    receiver: 'top',
    routes: [
      {
        receiver: 'db',
        match: { team: 'db' },
        routes: [
          { receiver: 'db-page', matchers: ['severity="critical"'], continue: true },
          { receiver: 'db-log', matchers: ['severity!=""'] },
        ],
      },
      {
        receiver: 'db-too',
        matchers: ['team=~"db|web"', 'job!~"test-.*"'],
        continue: true,
        routes: [{ receiver: 'nobody', matchers: ['nothing=here'] }],
      },
      { receiver: 'missing', matchers: ['job=""'] },
      { receiver: 'rest' },
      { receiver: 'never' },
    ],
  },
];

const LABELS = ['critical', 'warning', ''].flatMap((severity) =>
  ['db', 'web', ''].flatMap((team) =>
    ['web-1', 'test-1', ''].map((job) =>
      Labels.of({ alertname: job === '' ? 'Watchdog' : 'Down', severity, team, job }),
    ),
  ),
);

describe('routes take an alert', () => {
  it('the deepest that match, or else the route above them', async () => {
    const { top } = await treeOf(TREES[2]!);
    expect(receiversOf(top, Labels.of({ team: 'db', severity: 'critical' }))).toEqual(['db-page', 'db-log']);
    expect(receiversOf(top, Labels.of({ team: 'db' }))).toEqual(['db']);
    expect(receiversOf(top, Labels.of({ team: 'web', job: 'x' }))).toEqual(['db-too', 'rest']);
    expect(receiversOf(top, Labels.of({ team: 'web' }))).toEqual(['db-too', 'missing']);
    expect(receiversOf(top, Labels.EMPTY)).toEqual(['missing']);
  });

  it('none where the route itself does not match', async () => {
    const { top } = await treeOf(TREES[2]!);
    expect(matchRoutes(top.routes[0]!, Labels.EMPTY)).toEqual([]);
  });

  it('and tell what they did with it', async () => {
    const { top } = await treeOf(TREES[2]!);
    const trace = explainRoutes(top, Labels.of({ team: 'web', job: 'x' }));
    const lines: string[] = [];
    const write = ({ route, outcome, failed, below }: RouteTrace, depth: number): void => {
      lines.push(
        `${' '.repeat(depth)}${route.receiver} ${outcome}${failed === undefined ? '' : ` ${formatMatcher(failed)}`}`,
      );
      for (const one of below) write(one, depth + 1);
    };
    write(trace, 0);
    expect(lines).toEqual([
      'top passes',
      ' db fails team="db"',
      ' db-too takes',
      '  nobody fails nothing="here"',
      ' missing fails job=""',
      ' rest takes',
      ' never untried',
    ]);
  });

  it('under a key of the route and the labels of the group', async () => {
    const { top } = await treeOf({
      receiver: 'a',
      group_by: ['team', 'job'],
      routes: [
        {
          receiver: 'b',
          match_re: { x: 'y|z' },
          routes: [{ receiver: 'c', matchers: ['q="\\"w"'], group_by: ['...'] }],
        },
      ],
    });
    const labels = Labels.of({ job: 'say "é"', x: 'y', q: '"w' });
    const [route] = matchRoutes(top, labels);
    expect(route).toMatchObject({
      key: '{}/{x=~"^(?:y|z)$"}/{q="\\"w"}',
      id: '{}/{x=~"^(?:y|z)$"}/0/{q="\\"w"}/0',
      groupBy: 'all',
    });
    expect(groupKeyOf(top, groupLabelsOf(top, labels))).toBe('{}:{job="say \\"é\\""}');
    expect(groupKeyOf(route!, groupLabelsOf(route!, labels))).toBe(
      '{}/{x=~"^(?:y|z)$"}/{q="\\"w"}:{job="say \\"é\\"", q="\\"w", x="y"}',
    );
  });
});

describe('amtool leads alerts the same way', () => {
  test('through hand-made trees, over 81 pairs of tree and labels', async (context) => {
    const amtool = outside(context, 'amtool');
    let asked = 0;
    for (const tree of TREES) {
      const { path, top } = await treeOf(tree);
      for (const labels of LABELS) {
        const { receivers, tree } = askAmtool(amtool, path, labels);
        expect(receiversOf(top, labels), labels.key).toEqual(receivers);
        expect(treeLines(explainRoutes(top, labels)), labels.key).toEqual(tree);
        asked++;
      }
    }
    expect(asked).toBe(81);
  });

  const LABEL_NAMES = ['a', 'b', 'on call'];
  const labels = fc
    .record({
      a: fc.constantFrom('', 'x', 'y'),
      b: fc.constantFrom('', 'x', 'y"'),
      'on call': fc.constantFrom('', 'é'),
    })
    .map((values) => Labels.of(values));
  const op = fc.constantFrom('=', '!=', '=~', '!~');
  const matchers = fc.array(
    fc
      .tuple(fc.constantFrom(...LABEL_NAMES), op, fc.constantFrom('', 'x', 'x|y', '.+', 'y"', 'é'))
      .map(([name, sign, value]) => `${JSON.stringify(name)}${sign}${JSON.stringify(value)}`),
    { maxLength: 2 },
  );
  const older = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('', 'x', 'x|y'), { maxKeys: 1 });
  const { tree } = fc.letrec<{ tree: Omit<RouteText, 'receiver'> }>((tie) => ({
    tree: fc.record({
      matchers,
      match: older,
      match_re: older,
      continue: fc.boolean(),
      routes: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('tree'), { maxLength: 4 })),
    }),
  }));
  /** Each route has a receiver of its own, so that receivers tell routes apart. */
  const named = (route: object, counter = { next: 0 }): RouteText => {
    const receiver = `r${counter.next++}`;
    const { routes } = route as { routes: object[] };
    return { ...route, receiver, routes: routes.map((one) => named(one, counter)) };
  };

  test('through random trees', async (context) => {
    const amtool = outside(context, 'amtool');
    await fc.assert(
      fc.asyncProperty(
        fc.array(tree, { minLength: 1, maxLength: 4 }),
        fc.array(labels, { minLength: 4, maxLength: 4 }),
        async (routes, sets) => {
          const { path, top } = await treeOf(named({ routes }));
          for (const set of sets) {
            const answer = askAmtool(amtool, path, set);
            expect(receiversOf(top, set)).toEqual(answer.receivers);
            expect(treeLines(explainRoutes(top, set))).toEqual(answer.tree);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('and the explanation names the routes that take an alert', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { maxLength: 4 }), labels, async (routes, set) => {
        const { top } = await treeOf(named({ routes }));
        expect(takers(explainRoutes(top, set))).toEqual(matchRoutes(top, set));
      }),
    );
  });
});
