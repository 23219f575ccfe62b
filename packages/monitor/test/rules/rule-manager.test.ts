import { Labels } from '@binnacle/metrics/model';
import { Engine, MemoryStorage } from '@binnacle/promql';
import { describe, expect, it } from 'vitest';
import { parseRuleFile } from '../../dist/rules/rule-file.js';
import type { OutgoingAlert } from '../../dist/rules/rule-group.js';
import { RuleManager } from '../../dist/rules/rule-manager.js';
import { engineRuleQuery, type RuleQuery } from '../../dist/rules/rule-query.js';
import type { AppendResult, Sample } from '../../dist/storage.js';
import { ManualClock } from '../manual-clock.ts';

const S = 1000;
const MIN = 60 * S;
const START_MS = 1_700_000_000_000;

/** Memory that takes batches, and fails them on demand. */
class BatchStorage extends MemoryStorage {
  failure: Error | undefined;

  async appendBatch(timestampMs: number, samples: readonly Sample[]): Promise<AppendResult> {
    if (this.failure !== undefined) throw this.failure;
    for (const { labels, value, stale } of samples)
      this.append(labels, timestampMs, stale === true ? 'stale' : value);
    return { appended: samples.length, outOfOrder: 0 };
  }
}

function setUp(
  rules: string,
  options: { storage?: BatchStorage; clock?: ManualClock; query?: RuleQuery } = {},
) {
  const storage = options.storage ?? new BatchStorage();
  const clock = options.clock ?? new ManualClock(START_MS);
  const sent: OutgoingAlert[] = [];
  const engine = new Engine();
  const query = options.query ?? engineRuleQuery(engine, storage);
  const manager = new RuleManager([parseRuleFile('/etc/r.yml', rules)], {
    query,
    storage: {
      select: (requests, signal) => storage.select(requests, signal),
      append: (_, timestampMs, samples) => storage.appendBatch(timestampMs, samples),
    },
    sink: (alerts) => sent.push(...alerts),
    externalLabels: { site: 'eu' },
    externalUrl: 'http://localhost:9700',
    evaluationIntervalMs: 15 * S,
    resendDelayMs: MIN,
    queryOffsetMs: 0,
    restore: { graceMs: 3 * MIN, outageToleranceMs: 60 * MIN },
    clock,
  });
  const ask = async (text: string): Promise<string[]> => {
    const { value } = await engine.instant(storage, text, clock.now());
    if (value.type !== 'vector') throw new Error('no vector');
    return value.samples.map(({ labels, value }) => `${labels} ${value}`).sort();
  };
  return { storage, clock, manager, sent, ask };
}

describe('a rule group', () => {
  it('evaluates in order, each rule seeing its predecessors, and marks series that end', async () => {
    const { storage, clock, manager, ask } = setUp(`
groups:
- name: g
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: { kind: sum }
  - record: jobs
    expr: count(job:up:sum)
  - record: fixed
    expr: 42
`);
    storage.append(Labels.of({ __name__: 'up', job: 'a', i: '1' }), START_MS, 1);
    storage.append(Labels.of({ __name__: 'up', job: 'a', i: '2' }), START_MS, 1);
    storage.append(Labels.of({ __name__: 'up', job: 'b', i: '1' }), START_MS, 1);
    manager.start();
    await clock.moveTo(START_MS + 15 * S);
    expect(await ask('{__name__=~"job.*|fixed"}')).toEqual([
      'fixed 42',
      'job:up:sum{job="a", kind="sum"} 2',
      'job:up:sum{job="b", kind="sum"} 1',
      'jobs 2',
    ]);
    storage.append(Labels.of({ __name__: 'up', job: 'b', i: '1' }), START_MS + 16 * S, 'stale');
    await clock.moveTo(START_MS + 31 * S);
    expect(await ask('job:up:sum')).toEqual(['job:up:sum{job="a", kind="sum"} 2']);
    await manager.stop();
  });

  it('fires, tells, and resolves an alert', async () => {
    const { storage, clock, manager, sent, ask } = setUp(`
groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    for: 30s
    labels: { severity: page, target: '{{ $labels.job }}' }
    annotations: { summary: '{{ $labels.job }} is {{ $value }}', broken: '{{ $labels.job.x }}' }
`);
    storage.append(Labels.of({ __name__: 'up', job: 'web' }), START_MS, 0);
    manager.start();
    await clock.moveTo(START_MS + 31 * S);
    expect(manager.status()[0]!.rules[0]).toMatchObject({ health: 'ok', alerts: [{ state: 'pending' }] });
    expect(await ask('ALERTS')).toEqual([]);
    await clock.moveTo(START_MS + 46 * S);
    expect(await ask('ALERTS')).toEqual([
      'ALERTS{alertname="Down", alertstate="firing", job="web", severity="page", target="web"} 1',
    ]);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.labels.toObject()).toEqual({
      alertname: 'Down',
      job: 'web',
      severity: 'page',
      target: 'web',
      site: 'eu',
    });
    expect(sent[0]).toMatchObject({
      annotations: {
        summary: 'web is 0',
        broken:
          '<error expanding template: error executing template __alert_Down: template: __alert_Down:1:122: executing "__alert_Down" at <$labels.job.x>: can\'t evaluate field x in type string>',
      },
      generatorUrl: 'http://localhost:9700/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    });
    expect(sent[0]!.endsAtMs - sent[0]!.startsAtMs).toBe(4 * MIN);
    expect(await ask('ALERTS{alertstate="firing"}')).toHaveLength(1);
    expect(await ask('ALERTS{alertstate="pending"}')).toEqual([]);

    storage.append(Labels.of({ __name__: 'up', job: 'web' }), START_MS + 50 * S, 1);
    await clock.moveTo(START_MS + 61 * S);
    expect(sent).toHaveLength(2);
    expect(sent[1]!.endsAtMs).toBeLessThanOrEqual(clock.now());
    expect(await ask('ALERTS')).toEqual([]);
    await manager.stop();
  });

  it('lets a label of the alert beat an external one', async () => {
    const { clock, manager, sent } = setUp(
      'groups: [{ name: g, rules: [{ alert: A, expr: vector(1), labels: { site: own } }] }]',
    );
    manager.start();
    await clock.moveTo(START_MS + 15 * S);
    expect(sent.map(({ labels }) => labels.toObject())).toEqual([{ alertname: 'A', site: 'own' }]);
    await manager.stop();
  });

  it('goes on behind a rule that fails, and says why it failed', async () => {
    const { storage, clock, manager, ask } = setUp(`
groups:
- name: g
  rules:
  - record: bad
    expr: a + on(x) b
  - alert: Twice
    expr: a
    labels: { i: same }
  - record: good
    expr: vector(1)
`);
    for (const i of ['1', '2'])
      for (const name of ['a', 'b']) storage.append(Labels.of({ __name__: name, i }), START_MS, 1);
    manager.start();
    await clock.moveTo(START_MS + 15 * S);
    const [bad, twice, good] = manager.status()[0]!.rules;
    expect(bad).toMatchObject({ health: 'err', lastError: expect.stringContaining('duplicate') });
    expect(twice).toMatchObject({
      health: 'err',
      lastError: 'vector contains metrics with the same labelset after applying alert labels',
    });
    expect(good).toMatchObject({ health: 'ok', lastError: '' });
    expect(await ask('good')).toEqual(['good 1']);

    storage.failure = new Error('the disk is full');
    await clock.moveTo(START_MS + 30 * S);
    expect(manager.status()[0]!.rules[2]).toMatchObject({ health: 'err', lastError: 'the disk is full' });
    storage.failure = undefined;
    await clock.moveTo(START_MS + 45 * S);
    expect(manager.status()[0]!.rules[2]).toMatchObject({ health: 'ok', lastError: '' });
    await manager.stop();
  });
});

describe('the loops', () => {
  const GROUPS = `
groups:
- { name: slow, interval: 10s, rules: [{ record: s, expr: slow }] }
- { name: quick, interval: 10s, rules: [{ record: q, expr: quick }] }
`;

  it('keep their rhythm, leave out what was missed, and hold up no other group', async () => {
    const asked: Record<string, number[]> = { slow: [], quick: [] };
    let release: () => void = () => {};
    const { clock, manager } = setUp(GROUPS, {
      query: async (expression, timeMs) => {
        asked[expression]!.push(timeMs);
        if (expression === 'slow')
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        return [];
      },
    });
    manager.start();
    await clock.moveTo(START_MS + 35 * S);
    expect(asked.slow).toHaveLength(1);
    const gaps = asked.quick!.slice(1).map((time, i) => time - asked.quick![i]!);
    expect(gaps.length).toBeGreaterThanOrEqual(2);
    expect(new Set(gaps)).toEqual(new Set([10 * S]));
    release();
    await clock.moveTo(START_MS + 36 * S);
    expect(asked.slow).toHaveLength(2);
    expect((asked.slow![1]! - asked.slow![0]!) % (10 * S)).toBe(0);
    expect(manager.status()[0]!.missedEvaluations).toBeGreaterThanOrEqual(1);
    expect(manager.status()[1]!.missedEvaluations).toBe(0);
    release();
    await manager.stop();
  });

  it('go on when the clock is set back', async () => {
    const asked: number[] = [];
    const { clock, manager } = setUp(GROUPS, {
      query: async (_, timeMs) => {
        asked.push(timeMs);
        return [];
      },
    });
    manager.start();
    await clock.moveTo(START_MS + 15 * S);
    clock.sleepUntil(START_MS - 60 * MIN);
    clock.wake();
    await clock.moveTo(START_MS - 60 * MIN + 25 * S);
    expect(asked.filter((time) => time < START_MS).length).toBeGreaterThanOrEqual(4);
    await manager.stop();
  });

  it('cancel their queries when they stop', async () => {
    const { clock, manager } = setUp(GROUPS, {
      query: (_, __, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    manager.start();
    await clock.moveTo(START_MS + 10 * S);
    await manager.stop();
    expect(manager.status()[0]!.rules[0]).toMatchObject({ health: 'unknown', lastError: '' });
  });
});

describe('a restart', () => {
  it.each<[string, number, number]>([
    ['goes on with what remained of for', 1 * MIN, 4 * MIN],
    ['gives an alert that had nearly fired the grace', 4.5 * MIN, 3 * MIN],
    ['fires soon when for had passed', 6 * MIN, 0],
  ])('%s', async (_, heldMs, wantMs) => {
    const rules = 'groups:\n- { name: g, rules: [{ alert: A, expr: bad, for: 5m }] }\n';
    const storage = new BatchStorage();
    const clock = new ManualClock(START_MS);
    const downAt = START_MS;
    const state = Labels.of({ __name__: 'ALERTS_FOR_STATE', alertname: 'A', job: 'x' });
    storage.append(state, downAt, (downAt - heldMs) / S);
    clock.sleepUntil(START_MS + 10 * MIN);
    storage.append(Labels.of({ __name__: 'bad', job: 'x' }), clock.now(), 1);
    const { manager, sent } = setUp(rules, { storage, clock });
    manager.start();
    await clock.moveTo(clock.now() + 40 * S);
    const began = clock.now();
    for (let i = 0; i < 40 && sent.length === 0; i++) {
      storage.append(Labels.of({ __name__: 'bad', job: 'x' }), clock.now(), 1);
      await clock.moveTo(clock.now() + 15 * S);
    }
    expect(sent).not.toEqual([]);
    // Two evaluations before the times come back, and the evaluation's own rhythm.
    expect(Math.abs(clock.now() - began - wantMs)).toBeLessThanOrEqual(30 * S);
    await manager.stop();
  });
});
