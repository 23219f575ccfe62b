/** Alerts over a restart, in each state: what goes on, since when, and what is told. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SAVE_DELAY_MS, SAVE_INTERVAL_MS } from '../../dist/rules/alert-keeper.js';
import {
  type AlertStateStore,
  alertStateFile,
  parseAlertState,
  printAlertState,
  type SavedAlerts,
} from '../../dist/rules/alert-state.js';
import { MIN, memoryState, RuleRun, S } from './rule-run.ts';

function rule(fields: string): string {
  return `groups: [{ name: g, rules: [{ alert: A, expr: up == 0, annotations: { v: 'is {{ $value }}' }, ${fields} }] }]`;
}

/** A run that has evaluated each value; times are told from the first of them. */
async function begun(rules: string, values: readonly number[], state?: AlertStateStore): Promise<RuleRun> {
  const run = new RuleRun(rules, undefined, state === undefined ? {} : { state });
  run.manager.start();
  run.set(1);
  for (let i = 0; i < 3; i++) await run.evaluate();
  run.zeroMs = run.lastEvaluationMs + 30 * S;
  for (const value of values) {
    run.set(value);
    await run.evaluate();
  }
  return run;
}

/** Stops a run, lets time pass, and starts another. */
async function restarted(
  run: RuleRun,
  rules: string,
  downMs: number,
  state?: AlertStateStore,
  how: 'stopped' | 'killed' = 'stopped',
): Promise<RuleRun> {
  // A killed monitor does nothing more: its timers are of a clock that nobody moves.
  if (how === 'stopped') await run.manager.stop();
  run.clock.sleepUntil(run.clock.now() + downMs);
  const next = new RuleRun(rules, run, state === undefined ? {} : { state });
  await next.manager.load();
  next.manager.start();
  return next;
}

/** Evaluates with a result until the alert fires; the seconds at which it did. */
async function firesAt(run: RuleRun): Promise<number> {
  for (let i = 0; i < 60 && run.state !== 'firing'; i++) {
    run.set(0);
    await run.evaluate();
  }
  return (run.lastEvaluationMs - run.zeroMs) / S;
}

describe('a restart with what was saved', () => {
  it.each<[string, number, number]>([
    ['a short for', 5 * 60, 90],
    ['a long for', 15 * 60, 90],
  ])('goes on with %s, without the time that it was down', async (_, forSeconds, downSeconds) => {
    const state = memoryState();
    const rules = rule(`for: ${forSeconds}s`);
    const run = await begun(rules, [0, 0, 0, 0], state);
    const next = await restarted(run, rules, downSeconds * S, state);
    const at = await firesAt(next);
    // The clock stands still from the stop to the start.
    expect(at - forSeconds - downSeconds).toBeGreaterThanOrEqual(0);
    expect(at - forSeconds - downSeconds).toBeLessThan(30);
    await next.manager.stop();
  });

  it('gives an alert with little left of a long for the grace, after an outage that was as long', async () => {
    const state = memoryState();
    const rules = rule('for: 15m');
    const run = await begun(rules, Array(29).fill(0), state);
    const next = await restarted(run, rules, 20 * MIN, state);
    const startedAt = next.now;
    expect((await firesAt(next)) - startedAt).toBeGreaterThanOrEqual(10 * 60);
    await next.manager.stop();
  });

  it('keeps a firing alert firing: told at once with its start, in the series without a gap, and as nothing new', async () => {
    const state = memoryState();
    const rules = rule('for: 60s');
    const run = await begun(rules, [0, 0, 0, 0], state);
    expect(run.sent).toMatchObject([{ startsAt: 60 }]);
    const next = await restarted(run, rules, 2 * MIN, state);
    expect(next.sent).toEqual([
      { ...run.sent[0]!, at: next.now, endsAt: next.now + 4 * 60, annotations: { v: 'is 0' } },
    ]);
    expect(next.state).toBe('firing');
    next.set(0);
    await next.evaluate();
    expect(next.state).toBe('firing');
    expect(await next.ask('ALERTS')).toEqual(['ALERTS{alertname="A", alertstate="firing", job="x"} 1']);
    next.set(1);
    await next.evaluate();
    expect(next.sent.slice(1)).toMatchObject([
      { startsAt: 60, endsAt: (next.lastEvaluationMs - next.zeroMs) / S },
    ]);
    expect(await next.ask('ALERTS')).toEqual([]);
    await next.manager.stop();
  });

  it('waits for samples before it takes a firing alert for resolved, as long as an Alertmanager would believe in it', async () => {
    const state = memoryState();
    const rules = rule('for: 0s');
    const run = await begun(rules, [0], state);
    const next = await restarted(run, rules, 10 * MIN, state);
    const startedAt = next.now;
    // Ten minutes without samples: no query finds anything.
    for (let i = 0; i < 7; i++) {
      await next.evaluate();
      expect(next.state).toBe('firing');
    }
    while (next.state === 'firing') await next.evaluate();
    const resolvedAt = (next.lastEvaluationMs - next.zeroMs) / S;
    expect(resolvedAt - startedAt - 4 * 60).toBeGreaterThanOrEqual(0);
    expect(resolvedAt - startedAt - 4 * 60).toBeLessThan(30);
    expect(next.sent.at(-1)).toMatchObject({ startsAt: 0, endsAt: resolvedAt });
    await next.manager.stop();
  });

  it('goes on with keep_firing_for', async () => {
    const state = memoryState();
    const rules = rule('for: 0s, keep_firing_for: 10m');
    const run = await begun(rules, [0, 1, 1], state);
    expect(run.state).toBe('firing');
    const next = await restarted(run, rules, MIN, state);
    while (next.state === 'firing') {
      next.set(1);
      await next.evaluate();
    }
    const resolvedAt = (next.lastEvaluationMs - next.zeroMs) / S;
    // The result went at 30.
    expect(resolvedAt - 630).toBeGreaterThanOrEqual(0);
    expect(resolvedAt - 630).toBeLessThan(30);
    expect(next.sent.at(-1)).toMatchObject({ startsAt: 0, endsAt: resolvedAt });
    await next.manager.stop();
  });

  it('tells the end of an alert again that was told just before', async () => {
    const state = memoryState();
    const rules = rule('for: 0s');
    const run = await begun(rules, [0, 1], state);
    expect(run.sent.at(-1)).toMatchObject({ endsAt: 30 });
    const next = await restarted(run, rules, 10 * S, state);
    for (let i = 0; i < 4; i++) {
      next.set(1);
      await next.evaluate();
    }
    expect(next.sent.length).toBeGreaterThan(0);
    for (const sent of next.sent) expect(sent).toMatchObject({ startsAt: 0, endsAt: 30 });
    await next.manager.stop();
  });

  it('lets go of a pending alert that two evaluations do not find', async () => {
    const state = memoryState();
    const rules = rule('for: 5m');
    const run = await begun(rules, [0, 0], state);
    const next = await restarted(run, rules, MIN, state);
    next.set(1);
    await next.evaluate();
    expect(next.state).toBe('pending');
    await next.evaluate();
    await next.evaluate();
    expect(next.state).toBe('-');
    expect(next.sent).toEqual([]);
    await next.manager.stop();
  });

  it('begins anew after an outage that was too long', async () => {
    const state = memoryState();
    const rules = rule('for: 60s');
    const run = await begun(rules, [0, 0, 0], state);
    const next = await restarted(run, rules, 61 * MIN, state);
    expect(next.state).toBe('-');
    expect(next.sent).toEqual([]);
    next.set(0);
    await next.evaluate();
    expect(next.state).toBe('pending');
    await next.manager.stop();
  });

  it('has lost no more than a moment after a kill', async () => {
    const state = memoryState();
    const rules = rule('for: 30s');
    const run = await begun(rules, [0, 0], state);
    await run.clock.moveTo(run.clock.now() + SAVE_DELAY_MS);
    const next = await restarted(run, rules, 20 * S, state, 'killed');
    expect(next.sent).toMatchObject([{ startsAt: 30 }]);
    await next.manager.stop();
  });

  it('forgets rules that are no more, and finds those whose expression has changed', async () => {
    const state = memoryState();
    const run = await begun(rule('for: 0s'), [0], state);
    const other = 'groups: [{ name: g, rules: [{ alert: B, expr: up == 0 }, { alert: A, expr: up < 1 }] }]';
    const next = await restarted(run, other, 30 * S, state);
    expect(next.sent).toMatchObject([{ labels: { alertname: 'A' }, startsAt: 0 }]);
    await next.manager.stop();
  });
});

describe('a restart without what was saved', () => {
  it('is that of Prometheus: a firing alert with a long for goes on after two evaluations', async () => {
    const rules = rule('for: 10m');
    const run = await begun(rules, Array(22).fill(0));
    expect(run.state).toBe('firing');
    const next = await restarted(run, rules, MIN);
    for (const state of ['pending', 'pending', 'firing']) {
      next.set(0);
      await next.evaluate();
      expect(next.state).toBe(state);
      expect((await next.ask('ALERTS', next.lastEvaluationMs)).join()).toContain('firing');
    }
    expect(next.sent).toMatchObject([{ startsAt: (next.lastEvaluationMs - next.zeroMs) / S }]);
    await next.manager.stop();
  });

  it('starts a short for anew, and leaves the series alone meanwhile', async () => {
    const rules = rule('for: 2m');
    const run = await begun(rules, Array(6).fill(0));
    const next = await restarted(run, rules, 6 * MIN);
    next.set(0);
    await next.evaluate();
    await next.evaluate();
    expect(await next.ask('ALERTS')).toEqual([]);
    await next.evaluate();
    expect(await next.ask('ALERTS')).toEqual(['ALERTS{alertname="A", alertstate="pending", job="x"} 1']);
    await next.manager.stop();
  });
});

describe('saved alerts', () => {
  it('are written when something has become of one, and now and then', async () => {
    const state = memoryState();
    const run = await begun(rule('for: 30s'), [1, 1, 1], state);
    expect(state.saves).toBe(0);
    run.set(0);
    await run.evaluate();
    expect(state.saves).toBe(0);
    await run.clock.moveTo(run.clock.now() + SAVE_DELAY_MS);
    expect(state.saves).toBe(1);
    for (let i = 0; i < 20; i++) {
      run.set(0);
      await run.evaluate();
    }
    await run.clock.moveTo(run.clock.now() + SAVE_DELAY_MS);
    expect(state.saves).toBeLessThanOrEqual(2 + (20 * 30 * S) / SAVE_INTERVAL_MS);
    expect(state.saves).toBeGreaterThan(8);
    await run.manager.stop();
  });

  it('that cannot be read or written are told of, once, and nothing else stops', async () => {
    const problems: string[] = [];
    let isBroken = true;
    const failing = () => (isBroken ? Promise.reject(new Error('EIO')) : Promise.resolve());
    const run = new RuleRun(rule('for: 0s'), undefined, {
      state: { load: () => Promise.reject(new Error('EACCES')), save: failing },
      onProblem: (message) => problems.push(message),
    });
    await run.manager.load();
    run.manager.start();
    for (let i = 0; i < 6; i++) {
      run.set(i % 2);
      await run.evaluate();
    }
    expect(run.sent.length).toBeGreaterThan(2);
    expect(problems).toEqual([
      'the alerts before the restart cannot be read: EACCES',
      'alerts cannot be saved for a restart: EIO',
    ]);
    isBroken = false;
    await run.manager.stop();
  });

  it('are what they were, whatever they are', () => {
    const time = fc.option(fc.integer({ min: 0, max: 2 ** 45 }), { nil: undefined });
    const alert = fc.record({
      labels: fc
        .dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }))
        .map((pairs) => Labels.of(pairs)),
      annotations: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
      state: fc.constantFrom('pending' as const, 'firing' as const),
      value: fc.double().map((value) => (Object.is(value, -0) ? 0 : value)),
      activeAtMs: fc.integer(),
      firedAtMs: time,
      resolvedAtMs: time,
      keepFiringSinceMs: time,
      lastSentAtMs: time,
      validUntilMs: fc.nat(),
      heldUntilMs: fc.constant(undefined),
    });
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.tuple(fc.string(), fc.array(alert))), (savedAtMs, rules) => {
        const saved: SavedAlerts = { savedAtMs, rules: new Map(rules) };
        const read = parseAlertState(printAlertState(saved))!;
        const plain = ({ rules: byRule }: SavedAlerts) =>
          [...byRule].map(([key, alerts]) => [
            key,
            alerts.map((one) => ({ ...one, labels: one.labels.key })),
          ]);
        expect(read.savedAtMs).toBe(savedAtMs);
        expect(plain(read)).toEqual(plain(saved));
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('lie in a file that is replaced as a whole; what makes no sense is left out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'binnacle-alerts-'));
    try {
      const path = join(folder, 'deep', 'rules.json');
      const file = alertStateFile(path);
      expect(await file.load()).toBeUndefined();
      await file.save({ savedAtMs: 5, rules: new Map() });
      expect(await file.load()).toEqual({ savedAtMs: 5, rules: new Map() });
      await file.save({ savedAtMs: 6, rules: new Map() });
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, savedAtMs: 6, rules: [] });
      for (const text of ['', '{', '[]', '{"version":2,"savedAtMs":1,"rules":[]}', '{"version":1}']) {
        await writeFile(path, text);
        expect(await file.load()).toBeUndefined();
      }
      const alerts = [
        { labels: { a: 1 } },
        null,
        { labels: {}, annotations: {}, state: 'inactive', value: '1', activeAtMs: 1, validUntilMs: 1 },
      ];
      await writeFile(path, JSON.stringify({ version: 1, savedAtMs: 1, rules: [1, { rule: 'r', alerts }] }));
      expect(await file.load()).toEqual({ savedAtMs: 1, rules: new Map([['r', []]]) });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
