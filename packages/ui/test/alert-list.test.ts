import { expect, test } from 'vitest';
import { familiesOf, isHeld, joinAlerts, type ShownAlert } from '../src/alert/alert-list.js';
import { matcherOf, matchersFor, matcherText, OPERATORS, operatorOf } from '../src/alert/silence-text.js';
import type { NotifiedAlert } from '../src/api/alertmanager.js';
import type { RuleGroup } from '../src/api/prometheus.js';

const START = '2026-01-01T00:00:00Z';

function notified(
  labels: Record<string, string>,
  more: Partial<NotifiedAlert['status']> = {},
): NotifiedAlert {
  return {
    fingerprint: JSON.stringify(labels),
    labels,
    annotations: {},
    startsAt: START,
    generatorURL: 'http://x/graph?g0.expr=up+%3D%3D+0',
    receivers: [],
    status: { silencedBy: [], inhibitedBy: [], mutedBy: [], ...more },
  };
}

function rules(name: string, alerts: readonly (readonly ['firing' | 'pending', Record<string, string>])[]) {
  const group: RuleGroup = {
    name: 'g',
    file: 'f',
    interval: 15,
    rules: [
      {
        type: 'alerting',
        name,
        query: `query of ${name}`,
        health: 'ok',
        alerts: alerts.map(([state, labels]) => ({
          labels: { alertname: name, ...labels },
          annotations: {},
          state,
          activeAt: START,
          value: '1.5e+00',
        })),
      },
    ],
  };
  return group;
}

const said = (alerts: readonly ShownAlert[]) =>
  alerts.map(({ labels, state, value, expr, receivers }) =>
    [labels.alertname, labels.job, state, value, expr, receivers.join('+')].join(' '),
  );

test('what the notifier has is joined with what the rules have, by labels that agree', () => {
  const groups = [
    { receiver: { name: 'ops' }, alerts: [notified({ alertname: 'Down', job: 'web', region: 'eu' })] },
    { receiver: { name: 'pager' }, alerts: [notified({ alertname: 'Down', job: 'web', region: 'eu' })] },
    { receiver: { name: 'ops' }, alerts: [notified({ alertname: 'Foreign', job: 'x' })] },
  ];
  const known = [
    // External labels came on top of these, and a rewriting may have taken `pod` away.
    rules('Down', [
      ['firing', { job: 'web', pod: '1' }],
      ['firing', { job: 'db' }],
      ['pending', { job: 'queue' }],
    ]),
  ];
  expect(said(joinAlerts(groups, known))).toEqual([
    'Down web firing 1.5 query of Down ops+pager',
    'Foreign x firing  up == 0 ops',
    'Down db firing 1.5 query of Down ',
    'Down queue pending 1.5 query of Down ',
  ]);
  expect(said(joinAlerts(undefined, known))).toEqual([
    'Down web firing 1.5 query of Down ',
    'Down db firing 1.5 query of Down ',
    'Down queue pending 1.5 query of Down ',
  ]);
});

test('an alert is held back by a silence, an inhibition, or when all of its groups are muted', () => {
  const labels = { alertname: 'A' };
  const held = (...alerts: NotifiedAlert[]) =>
    joinAlerts(
      alerts.map((alert, i) => ({ receiver: { name: String(i) }, alerts: [alert] })),
      [],
    ).map(isHeld);
  expect(held(notified(labels))).toEqual([false]);
  expect(held(notified(labels, { silencedBy: ['id'] }))).toEqual([true]);
  expect(held(notified(labels, { inhibitedBy: ['id'] }))).toEqual([true]);
  expect(held(notified(labels, { mutedBy: ['night'] }))).toEqual([true]);
  expect(held(notified(labels, { mutedBy: ['night'] }), notified(labels))).toEqual([false]);
  expect(held(notified(labels), notified(labels, { mutedBy: ['night'] }))).toEqual([false]);
});

test('families come firing first, then the gravest, then the newest', () => {
  const alert = (
    alertname: string,
    severity: string,
    minutes: number,
    state: 'firing' | 'pending' = 'firing',
  ) => ({
    ...joinAlerts(
      [{ receiver: { name: 'r' }, alerts: [notified({ alertname, severity, n: String(minutes) })] }],
      [],
    )[0]!,
    state,
    sinceMs: -minutes,
  });
  const families = familiesOf([
    alert('Waiting', 'critical', 1, 'pending'),
    alert('Note', 'info', 1),
    alert('Odd', 'purple', 1),
    alert('Slow', 'warning', 9),
    alert('Slow', 'critical', 3),
    alert('Grave', 'page', 5),
    alert('Later', 'warning', 1),
  ]);
  expect(families.map(({ name, severity, sinceMs }) => `${name} ${severity} ${sinceMs}`)).toEqual([
    'Grave page -5',
    'Slow critical -9',
    'Later warning -1',
    'Odd purple -1',
    'Note info -1',
    'Waiting critical -1',
  ]);
  expect(families[1]!.common).toEqual({ alertname: 'Slow' });
  expect(families[1]!.alerts.map(({ labels }) => labels.n)).toEqual(['9', '3']);
});

test('matchers are written as Alertmanager writes them, and taken apart again', () => {
  expect(matchersFor({ a: '1', alertname: 'X "y"' }).map(matcherText)).toEqual([
    'alertname="X \\"y\\""',
    'a="1"',
  ]);
  for (const operator of OPERATORS) expect(operatorOf(matcherOf('a', operator, 'b'))).toBe(operator);
});
