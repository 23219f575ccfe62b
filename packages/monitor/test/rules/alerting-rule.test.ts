import { Labels } from '@binnacle/metrics/model';
import { describe, expect, it } from 'vitest';
import {
  type ActiveAlerts,
  alertLabels,
  alertSamples,
  RESOLVED_RETENTION_MS,
  stepAlerts,
  takeAlertsToSend,
} from '../../dist/rules/alerting-rule.js';

const S = 1000;
const MIN = 60 * S;

/** One evaluation a minute from minute 0; `present[i]` says whether the expression had a result. */
function lifeOf(
  options: { forMs?: number; keepFiringForMs?: number },
  present: readonly boolean[],
): string[] {
  let active: ActiveAlerts = new Map();
  return present.map((isPresent, minute) => {
    const result = { labels: Labels.of({ alertname: 'A', job: 'x' }), annotations: {}, value: minute };
    const timing = { forMs: 0, keepFiringForMs: 0, limit: 0, ...options };
    active = stepAlerts(timing, active, isPresent ? [result] : [], minute * MIN).active;
    const [alert] = active.values();
    return alert === undefined ? '-' : `${alert.state}@${alert.activeAtMs / MIN}`;
  });
}

describe('the life of an alert', () => {
  it.each<[string, { forMs?: number; keepFiringForMs?: number }, boolean[], string[]]>([
    ['fires at once without for', {}, [true, true], ['firing@0', 'firing@0']],
    [
      'fires when it has held for exactly as long as for',
      { forMs: 2 * MIN },
      [true, true, true, true],
      ['pending@0', 'pending@0', 'firing@0', 'firing@0'],
    ],
    [
      'fires at the second evaluation when for is shorter than the interval',
      { forMs: 1 },
      [true, true],
      ['pending@0', 'firing@0'],
    ],
    [
      'is forgotten when it goes while pending, and starts anew',
      { forMs: 2 * MIN },
      [true, true, false, true, true, true],
      ['pending@0', 'pending@0', '-', 'pending@3', 'pending@3', 'firing@3'],
    ],
    ['ends when its result goes', {}, [true, false, false], ['firing@0', 'inactive@0', 'inactive@0']],
    [
      'is a new alert when it comes back after its end',
      { forMs: 1 },
      [true, true, false, true, true],
      ['pending@0', 'firing@0', 'inactive@0', 'pending@3', 'firing@3'],
    ],
    [
      'goes on for keep_firing_for',
      { keepFiringForMs: 2 * MIN },
      [true, false, false, false],
      ['firing@0', 'firing@0', 'firing@0', 'inactive@0'],
    ],
    [
      'starts keep_firing_for again after its result was back',
      { keepFiringForMs: 2 * MIN },
      [true, false, true, false, false, false],
      ['firing@0', 'firing@0', 'firing@0', 'firing@0', 'firing@0', 'inactive@0'],
    ],
    [
      'has no use for keep_firing_for while pending',
      { forMs: 2 * MIN, keepFiringForMs: 5 * MIN },
      [true, false],
      ['pending@0', '-'],
    ],
  ])('%s', (_, options, present, states) => {
    expect(lifeOf(options, present)).toEqual(states);
  });

  it('is forgotten a quarter of an hour after its end', () => {
    const minutes = RESOLVED_RETENTION_MS / MIN;
    const life = lifeOf({}, [true, ...Array.from({ length: minutes + 2 }, () => false)]);
    expect(life.at(-2)).toBe('inactive@0');
    expect(life.at(-1)).toBe('-');
  });

  it('takes the newest value and annotations', () => {
    const labels = Labels.of({ alertname: 'A' });
    const timing = { forMs: 0, keepFiringForMs: 0, limit: 0 };
    const first = stepAlerts(timing, new Map(), [{ labels, annotations: { a: '1' }, value: 1 }], 0);
    const second = stepAlerts(timing, first.active, [{ labels, annotations: { a: '2' }, value: 2 }], MIN);
    expect([...second.active.values()]).toMatchObject([{ value: 2, annotations: { a: '2' }, activeAtMs: 0 }]);
    expect([...first.active.values()]).toMatchObject([{ value: 1 }]);
  });

  it('refuses two results of one label set and keeps what was', () => {
    const labels = Labels.of({ alertname: 'A' });
    const timing = { forMs: 0, keepFiringForMs: 0, limit: 0 };
    const result = { labels, annotations: {}, value: 1 };
    const { active } = stepAlerts(timing, new Map(), [result], 0);
    const step = stepAlerts(timing, active, [result, result], MIN);
    expect(step.error).toBe('vector contains metrics with the same labelset after applying alert labels');
    expect(step.active).toBe(active);
  });

  it('drops all alerts when there are more than the limit', () => {
    const results = ['a', 'b'].map((job) => ({ labels: Labels.of({ job }), annotations: {}, value: 1 }));
    const step = stepAlerts({ forMs: 0, keepFiringForMs: 0, limit: 1 }, new Map(), results, 0);
    expect(step.error).toBe('exceeded limit of 1 with 2 alerts');
    expect(step.active.size).toBe(0);
  });
});

describe('the labels of an alert', () => {
  it('are the result’s, overridden by the rule’s, without metric name', () => {
    const labels = alertLabels(
      Labels.of({ __name__: 'up', job: 'a', severity: 'x', alertname: 'no' }),
      { severity: 'warning', job: '' },
      'Down',
    );
    expect(labels.toObject()).toEqual({ alertname: 'Down', severity: 'warning' });
  });
});

describe('the series of alerts', () => {
  it('tell state and start of pending and firing alerts', () => {
    const labels = Labels.of({ alertname: 'A', job: 'x' });
    const timing = { forMs: MIN, keepFiringForMs: 0, limit: 0 };
    const result = { labels, annotations: {}, value: 7 };
    const pending = stepAlerts(timing, new Map(), [result], 5 * S + 400).active;
    const firing = stepAlerts(timing, pending, [result], 2 * MIN).active;
    const ended = stepAlerts(timing, firing, [], 3 * MIN).active;
    const texts = (active: ActiveAlerts) =>
      alertSamples(active).map(({ labels, value }) => `${labels} ${value}`);
    expect(texts(pending)).toEqual([
      'ALERTS{alertname="A", alertstate="pending", job="x"} 1',
      'ALERTS_FOR_STATE{alertname="A", job="x"} 5',
    ]);
    expect(texts(firing)[0]).toBe('ALERTS{alertname="A", alertstate="firing", job="x"} 1');
    expect(texts(ended)).toEqual([]);
  });
});

describe('what is sent', () => {
  it('is firing and resolved, again after the resend delay, and the end at once', () => {
    const labels = Labels.of({ alertname: 'A' });
    const timing = { forMs: 20 * S, keepFiringForMs: 0, limit: 0 };
    const send = { resendDelayMs: MIN, intervalMs: 20 * S };
    let active: ActiveAlerts = new Map();
    const sent: string[] = [];
    for (let i = 0; i <= 11; i++) {
      const results = i < 7 ? [{ labels, annotations: {}, value: 1 }] : [];
      active = stepAlerts(timing, active, results, i * 20 * S).active;
      const taken = takeAlertsToSend(send, active, i * 20 * S);
      active = taken.active;
      for (const alert of taken.send) sent.push(`${i * 20}s ${alert.state} until ${alert.validUntilMs / S}s`);
    }
    expect(sent).toEqual([
      '20s firing until 260s',
      '100s firing until 340s',
      '140s inactive until 380s',
      '220s inactive until 460s',
    ]);
  });
});
