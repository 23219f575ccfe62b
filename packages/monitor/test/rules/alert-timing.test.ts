/**
 * Timing after the alert generator compliance specification of Prometheus, on a simulated clock: what is sent at which
 * second, and which series tell of it. Groups are evaluated every 30 s, news are repeated after more than a minute.
 */
import { describe, expect, it } from 'vitest';
import { MIN, RuleRun, S, START_MS } from './rule-run.ts';

const STEP = 30;

/** One evaluation: the time since the first, the alert's state, its series, and what was sent. */
interface Step {
  readonly at: number;
  readonly state: string;
  readonly series: readonly string[];
  readonly sent: string;
}

function rule(fields: string): string {
  return `groups: [{ name: g, rules: [{ alert: A, expr: up == 0, ${fields} }] }]`;
}

/**
 * Evaluates once for each value: 0 for a result, 1 for none. The times are those since the first of them; before it the
 * rules have been evaluated often enough to write `ALERTS`.
 */
async function lifeOf(rules: string, values: readonly number[]): Promise<Step[]> {
  const run = new RuleRun(rules);
  run.manager.start();
  run.set(1);
  for (let i = 0; i < 3; i++) await run.evaluate();
  run.zeroMs = run.lastEvaluationMs + STEP * S;
  const steps: Step[] = [];
  for (const value of values) {
    const before = run.sent.length;
    run.set(value);
    await run.evaluate();
    steps.push({
      at: (run.lastEvaluationMs - run.zeroMs) / S,
      state: run.state,
      series: await run.ask('ALERTS or ALERTS_FOR_STATE', run.lastEvaluationMs),
      sent: run.sent
        .slice(before)
        .map(({ startsAt, endsAt }) => `${startsAt}..${endsAt}`)
        .join(' '),
    });
  }
  await run.manager.stop();
  return steps;
}

function values(held: number, gone: number): number[] {
  return [...Array<number>(held).fill(0), ...Array<number>(gone).fill(1)];
}

const statesOf = (steps: readonly Step[]) => steps.map(({ state }) => state);
const sendingsOf = (steps: readonly Step[]) =>
  steps.filter(({ sent }) => sent !== '').map(({ at, sent }) => `${at}: ${sent}`);

describe('timing', () => {
  it('pending, firing, resolved, and both told again until the end is a quarter of an hour old', async () => {
    const steps = await lifeOf(rule('for: 90s'), values(8, 33));
    expect(statesOf(steps)).toEqual([
      ...Array(3).fill('pending'),
      ...Array(5).fill('firing'),
      ...Array(33).fill('-'),
    ]);
    // An end that is told keeps being told: at 240, every 90 s, not after 240 + 15 * 60.
    const ends = Array.from({ length: 11 }, (_, i) => 240 + i * 90);
    expect(sendingsOf(steps)).toEqual(['90: 90..330', '180: 90..420', ...ends.map((at) => `${at}: 90..240`)]);
    expect(ends.at(-1)).toBe(240 + 900);
  });

  it('the series say what the alert is, from the evaluation on', async () => {
    const steps = await lifeOf(rule('for: 60s'), [0, 0, 0, 1]);
    const seconds = Number(/ (\d+)$/.exec(steps[0]!.series[0]!)![1]);
    expect(Math.abs(seconds - START_MS / S - 3 * STEP)).toBeLessThanOrEqual(STEP);
    const series = (state: string) => [
      `ALERTS_FOR_STATE{alertname="A", job="x"} ${seconds}`,
      `ALERTS{alertname="A", alertstate="${state}", job="x"} 1`,
    ];
    expect(steps.map((step) => step.series)).toEqual([
      series('pending'),
      series('pending'),
      series('firing'),
      [],
    ]);
  });

  it('pending and gone is never told', async () => {
    const steps = await lifeOf(rule('for: 90s'), [0, 0, 0, 1, 0, 0, 0, 1]);
    expect(statesOf(steps)).toEqual([
      'pending',
      'pending',
      'pending',
      '-',
      'pending',
      'pending',
      'pending',
      '-',
    ]);
    expect(sendingsOf(steps)).toEqual([]);
  });

  it('without for an alert fires with its first result', async () => {
    const steps = await lifeOf(rule('for: 0s'), [0, 0, 1]);
    expect(statesOf(steps)).toEqual(['firing', 'firing', '-']);
    expect(sendingsOf(steps)).toEqual(['0: 0..240', '60: 0..60']);
  });

  it('for that is shorter than the interval lasts one interval', async () => {
    const steps = await lifeOf(rule('for: 10s'), [0, 0, 1]);
    expect(statesOf(steps)).toEqual(['pending', 'firing', '-']);
    expect(sendingsOf(steps)).toEqual(['30: 30..270', '60: 30..60']);
  });

  it('for that is the interval or a multiple is over when it is over, not after', async () => {
    expect(statesOf(await lifeOf(rule('for: 30s'), [0, 0]))).toEqual(['pending', 'firing']);
    expect(statesOf(await lifeOf(rule('for: 31s'), [0, 0, 0]))).toEqual(['pending', 'pending', 'firing']);
  });

  it('keep_firing_for lets it fire on, and a result meanwhile starts it anew', async () => {
    const steps = await lifeOf(rule('for: 30s, keep_firing_for: 60s'), [0, 0, 1, 1, 0, 1, 1, 1, 1]);
    expect(statesOf(steps)).toEqual(['pending', ...Array(6).fill('firing'), '-', '-']);
    expect(sendingsOf(steps)).toEqual(['30: 30..270', '120: 30..360', '210: 30..210']);
    expect(steps[3]!.series[1]).toContain('alertstate="firing"');
  });

  it('what comes back after its end is a new alert', async () => {
    const steps = await lifeOf(rule('for: 0s'), [0, 1, 0, 1]);
    expect(sendingsOf(steps)).toEqual(['0: 0..240', '30: 0..30', '60: 60..300', '90: 60..90']);
  });

  it('a rule that is seldom evaluated is believed for four intervals', async () => {
    const run = new RuleRun('groups: [{ name: g, interval: 5m, rules: [{ alert: A, expr: up == 0 }] }]');
    run.set(0);
    run.manager.start();
    await run.clock.moveTo(run.clock.now() + 5 * MIN);
    expect(run.sent).toHaveLength(1);
    expect(run.sent[0]!.endsAt - run.sent[0]!.startsAt).toBe(20 * 60);
    await run.manager.stop();
  });

  it('rules see what rules before them wrote in the same evaluation', async () => {
    const rules = `
groups:
- name: g
  rules:
  - { alert: A, expr: up == 0, for: 30s }
  - { record: firing, expr: 'count(ALERTS{alertstate="firing"})' }
  - { alert: B, expr: firing > 0 }
`;
    const run = new RuleRun(rules);
    run.manager.start();
    for (let i = 0; i < 3; i++) await run.evaluate();
    run.set(0);
    await run.evaluate();
    expect(run.sent).toEqual([]);
    await run.evaluate();
    expect(run.sent.map(({ labels, at }) => [labels.alertname, at])).toEqual([
      ['A', run.now],
      ['B', run.now],
    ]);
    await run.manager.stop();
  });

  it('query_offset looks back, and writes where it looked', async () => {
    const run = new RuleRun(`
groups:
- name: g
  query_offset: 1m
  rules:
  - { record: r, expr: up }
  - { alert: A, expr: up == 0, annotations: { now: '{{ with query "time() - 1700000000" }}{{ . | first | value | printf "%.3f" }}{{ end }}' } }
`);
    run.manager.start();
    run.set(1);
    for (let i = 0; i < 3; i++) await run.evaluate();
    run.set(0);
    await run.evaluate();
    expect(run.sent).toEqual([]);
    await run.evaluate();
    await run.evaluate();
    const at = run.lastEvaluationMs;
    expect(run.sent).toHaveLength(1);
    // Templates ask at the evaluation's time, as in Prometheus.
    expect(run.sent[0]).toMatchObject({
      startsAt: (at - run.zeroMs) / S,
      annotations: { now: ((at - START_MS) / S).toFixed(3) },
    });
    expect(await run.ask('timestamp(r)')).toEqual([`{job="x"} ${(at - MIN) / S}`]);
    expect(await run.ask('timestamp(ALERTS)')).toHaveLength(1);
    await run.manager.stop();
  });

  it('thousands of alerts let others run, and are all there', async () => {
    let turns = 0;
    const rules =
      'groups: [{ name: g, rules: [{ alert: A, expr: up == 0, annotations: { i: "{{ $labels.i }}" } }] }]';
    const run = new RuleRun(rules, undefined, {
      yieldToLoop: async () => {
        turns++;
      },
    });
    for (let i = 0; i < 1000; i++) run.set(0, { __name__: 'up', i: `${i}` });
    run.manager.start();
    await run.evaluate();
    expect(turns).toBe(4);
    expect(new Set(run.sent.map(({ annotations }) => annotations.i)).size).toBe(1000);
    await run.manager.stop();
  });
});
