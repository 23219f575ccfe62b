/** Rule files that change while the rules run, and the watchdog, which is in none. */
import { describe, expect, it } from 'vitest';
import type { RuleGroupConfig } from '../../dist/rules/rule-file.js';
import { WATCHDOG_ALERT, watchdogGroup } from '../../dist/rules/watchdog.js';
import { INTERVAL_MS, MIN, RuleRun, ruleFile, S } from './rule-run.ts';

const SETTINGS = { evaluationIntervalMs: INTERVAL_MS, queryOffsetMs: 0, externalLabels: {} };
const RECORDING = '{ record: r, expr: up, labels: { kind: old } }';
const ALERTING = '{ alert: A, expr: up == 0, for: 2m }';

function group(name: string, ...rules: string[]): string {
  return `{ name: ${name}, rules: [${rules.join(', ')}] }`;
}

function groups(...texts: string[]): string {
  return `groups: [${texts.join(', ')}]`;
}

async function begun(rules: string, evaluations: number): Promise<RuleRun> {
  const run = new RuleRun(rules);
  run.manager.start();
  run.set(0);
  for (let i = 0; i < evaluations; i++) {
    run.set(0);
    await run.evaluate();
  }
  return run;
}

describe('an update', () => {
  it('leaves a group alone that is the same', async () => {
    const text = groups(group('g', RECORDING, ALERTING));
    const run = await begun(text, 4);
    const before = run.manager.status()[0]!;
    await run.manager.update([ruleFile(`# a comment\n${text}`)], SETTINGS);
    expect(run.manager.status()[0]).toEqual(before);
    await run.evaluate();
    expect(run.lastEvaluationMs).toBe(before.lastEvaluationMs + INTERVAL_MS);
    await run.manager.stop();
  });

  it('lets a group that has changed go on with its alerts, and ends the series of rules that are gone', async () => {
    const run = await begun(groups(group('g', RECORDING, ALERTING)), 5);
    const { activeAtMs } = run.manager.status()[0]!.rules[1]!.alerts[0]!;
    const changed = groups(group('g', '{ record: s, expr: up }', ALERTING.replace('== 0', '< 1')));
    await run.manager.update([ruleFile(changed)], SETTINGS);
    expect(run.state).toBe('-');
    run.set(0);
    await run.evaluate();
    const status = run.manager.status()[0]!;
    expect(status.rules[1]!.alerts).toMatchObject([{ state: 'firing', activeAtMs }]);
    expect(await run.ask('ALERTS', run.lastEvaluationMs)).toHaveLength(1);
    expect(await run.ask('{__name__=~"r|s"}', run.lastEvaluationMs)).toEqual(['s{job="x"} 0']);
    expect(run.sent.filter(({ labels }) => labels.alertname === 'A')).toHaveLength(1);
    await run.manager.stop();
  });

  it('ends the series of a group that is gone after two intervals, as of the time when it went', async () => {
    const run = await begun(groups(group('gone', RECORDING), group('stays', ALERTING)), 4);
    await run.manager.update([ruleFile(groups(group('stays', ALERTING)))], SETTINGS);
    const goneAtMs = run.clock.now();
    expect(run.manager.status()).toHaveLength(1);
    await run.clock.moveTo(goneAtMs + 2 * INTERVAL_MS - 1);
    expect(await run.ask('r', goneAtMs + 1)).toEqual(['r{job="x", kind="old"} 0']);
    await run.clock.moveTo(goneAtMs + 2 * INTERVAL_MS);
    expect(await run.ask('r', goneAtMs)).toEqual([]);
    expect(await run.ask('ALERTS')).toHaveLength(1);
    await run.manager.stop();
  });

  it('does not end what another group goes on with', async () => {
    const run = await begun(groups(group('before', RECORDING)), 4);
    await run.manager.update([ruleFile(groups(group('behind', RECORDING)))], SETTINGS);
    const renamedAtMs = run.clock.now();
    for (let i = 0; i < 6; i++) {
      run.set(0);
      await run.clock.moveTo(run.clock.now() + INTERVAL_MS);
    }
    expect(await run.ask('r')).toEqual(['r{job="x", kind="old"} 0']);
    expect(await run.ask('count_over_time(r[5m])')).toHaveLength(1);
    expect(run.clock.now() - renamedAtMs).toBeGreaterThan(2 * INTERVAL_MS);
    await run.manager.stop();
  });

  it('ends nothing when the monitor stops', async () => {
    const run = await begun(
      groups(group('gone', RECORDING), group('stays', RECORDING.replace('r,', 's,'))),
      4,
    );
    await run.manager.update([ruleFile(groups(group('stays', RECORDING.replace('r,', 's,'))))], SETTINGS);
    await run.manager.stop();
    await run.clock.moveTo(run.clock.now() + MIN);
    expect(await run.ask('{__name__=~"r|s"}')).toHaveLength(2);
  });

  it('takes another interval, and groups that are new', async () => {
    const run = await begun(groups(group('g', ALERTING)), 3);
    await run.manager.update(
      [ruleFile(groups(group('g', ALERTING), group('new', '{ alert: N, expr: vector(1) }')))],
      { ...SETTINGS, evaluationIntervalMs: 10 * S },
    );
    expect(run.manager.status().map(({ name, intervalMs }) => [name, intervalMs])).toEqual([
      ['g', 10 * S],
      ['new', 10 * S],
    ]);
    await run.clock.moveTo(run.clock.now() + 11 * S);
    expect(
      run.manager.status().every(({ lastEvaluationMs }) => lastEvaluationMs > run.clock.now() - 11 * S),
    ).toBe(true);
    // No restart: what is new writes its series at once.
    expect(await run.ask('ALERTS{alertname="N"}')).toHaveLength(1);
    await run.manager.stop();
  });
});

describe('other external labels', () => {
  it('are those of alerts that go on, which nobody takes for new ones', async () => {
    const run = await begun(groups(group('g', ALERTING)), 6);
    const [alert] = run.manager.status()[0]!.rules[0]!.alerts;
    expect(alert?.state).toBe('firing');
    const files = [ruleFile(groups(group('g', ALERTING)))];
    await run.manager.update(files, { ...SETTINGS, externalLabels: { site: 'eu' } });
    const before = run.sent.length;
    run.set(0);
    for (let i = 0; i < 3; i++) {
      run.set(0);
      await run.evaluate();
    }
    const sent = run.sent.slice(before).map(({ labels, startsAt }) => [labels.site, startsAt]);
    expect(new Set(sent.map(String))).toEqual(new Set([`eu,${run.sent[0]!.startsAt}`]));
    // The same again is no change.
    const [group1] = run.manager.status();
    await run.manager.update(files, { ...SETTINGS, externalLabels: { site: 'eu' } });
    expect(run.manager.status()[0]).toEqual(group1);
    await run.manager.stop();
  });
});

describe('the watchdog', () => {
  it('fires with its first evaluation and is told again and again', async () => {
    const run = new RuleRun('groups: []');
    const file = {
      path: 'built in',
      groups: [watchdogGroup({ intervalMs: 30 * S, labels: { site: 'eu' } })],
      warnings: [],
    };
    await run.manager.update([file], SETTINGS);
    run.manager.start();
    await run.clock.moveTo(run.clock.now() + 10 * MIN);
    expect(run.sent.length).toBeGreaterThanOrEqual(6);
    expect(new Set(run.sent.map(({ startsAt }) => startsAt)).size).toBe(1);
    expect(run.sent[0]!.labels).toEqual({ alertname: WATCHDOG_ALERT, severity: 'none', site: 'eu' });
    await run.manager.stop();
  });

  it('is a group as a file would have it', () => {
    const [written] = ruleFile(`
groups:
- name: watchdog
  query_offset: 0s
  rules:
  - alert: Watchdog
    expr: vector(1)
    labels: { severity: none }
    annotations: ${JSON.stringify((watchdogGroup().rules[0] as { annotations: object }).annotations)}
`).groups;
    expect(watchdogGroup()).toEqual(written satisfies RuleGroupConfig | undefined);
  });
});
