import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertMatcher, matchesAll, parseMatchers } from '../../dist/alert-matcher.js';
import type { InhibitRuleConfig } from '../../dist/config/alertmanager.js';
import { fingerprintOf, type PostedAlert } from '../../dist/notify/alert.js';
import { INHIBITOR_GC_MS, Inhibitor } from '../../dist/notify/inhibition.js';

function alert(labels: Record<string, string>, endsAtMs = 1000): PostedAlert {
  return { labels: Labels.of(labels), annotations: {}, startsAtMs: 0, endsAtMs, generatorUrl: '' };
}

function rule(source: string, target: string, equal: readonly string[] = []): InhibitRuleConfig {
  const [sourceMatchers, targetMatchers] = [parseMatchers(source), parseMatchers(target)];
  return { name: '', sourceMatchers, targetMatchers, equal };
}

function inhibitorOf(rules: readonly InhibitRuleConfig[], alerts: readonly PostedAlert[]): Inhibitor {
  const inhibitor = new Inhibitor(rules);
  for (const one of alerts) inhibitor.set(one);
  return inhibitor;
}

describe('an alert is inhibited', () => {
  const critical = alert({ alertname: 'Down', severity: 'critical', job: 'web' });
  const rules = [rule('severity=critical', 'severity=~"warning|info"', ['job'])];

  it('by one that matches the sources and is equal in the labels', () => {
    const inhibitor = inhibitorOf(rules, [critical]);
    expect(inhibitor.inhibitedBy(Labels.of({ severity: 'warning', job: 'web' }), 0)).toEqual([
      fingerprintOf(critical.labels),
    ]);
    expect(inhibitor.inhibitedBy(Labels.of({ severity: 'warning', job: 'db' }), 0)).toEqual([]);
    expect(inhibitor.inhibitedBy(Labels.of({ severity: 'page', job: 'web' }), 0)).toEqual([]);
  });

  it('while that fires, and again when it fires again', () => {
    const inhibitor = inhibitorOf(rules, [critical]);
    const target = Labels.of({ severity: 'info', job: 'web' });
    expect(inhibitor.inhibitedBy(target, 999)).toHaveLength(1);
    expect(inhibitor.inhibitedBy(target, 1000)).toEqual([]);
    inhibitor.set({ ...critical, endsAtMs: 3000 });
    expect(inhibitor.inhibitedBy(target, 1000)).toHaveLength(1);
    inhibitor.set({ ...critical, endsAtMs: 1500 });
    expect(inhibitor.inhibitedBy(target, 1600)).toEqual([]);
  });

  it('when another of the sources has ended', () => {
    const second = alert({ alertname: 'Slow', severity: 'critical', job: 'web' }, 500);
    const inhibitor = inhibitorOf(rules, [second, critical]);
    inhibitor.set({ ...critical, endsAtMs: 100 });
    const target = Labels.of({ severity: 'info', job: 'web' });
    expect(inhibitor.inhibitedBy(target, 200)).toEqual([fingerprintOf(second.labels)]);
    inhibitor.gc(200);
    expect(inhibitor.inhibitedBy(target, 200)).toEqual([fingerprintOf(second.labels)]);
    inhibitor.gc(500);
    expect(inhibitor.inhibitedBy(target, 200)).toEqual([]);
  });

  it('where both lack a label that must be equal', () => {
    const inhibitor = inhibitorOf(rules, [alert({ severity: 'critical' })]);
    expect(inhibitor.inhibitedBy(Labels.of({ severity: 'warning' }), 0)).toHaveLength(1);
    expect(inhibitor.inhibitedBy(Labels.of({ severity: 'warning', job: 'web' }), 0)).toEqual([]);
  });

  it('not by itself, nor by another that matches both sides as it does', () => {
    const both = [rule('team=a', 'team=a,job!=web'), rule('alertname=~".+"', 'job=web')];
    const first = alert({ alertname: 'A', team: 'a' });
    const second = alert({ alertname: 'B', team: 'a' });
    const inhibitor = inhibitorOf(both, [first, second]);
    expect(inhibitor.inhibitedBy(first.labels, 0)).toEqual([]);
    expect(inhibitor.inhibitedBy(second.labels, 0)).toEqual([]);
    // A source that is no target is.
    inhibitor.set(alert({ alertname: 'C', team: 'a', job: 'web' }));
    expect(inhibitor.inhibitedBy(first.labels, 0)).toHaveLength(1);
  });

  it('by values that are equal, not by values that look equal when put together', () => {
    const inhibitor = inhibitorOf([rule('s=1', 't=1', ['a', 'b'])], [alert({ s: '1', a: 'x', b: '1:y' })]);
    expect(inhibitor.inhibitedBy(Labels.of({ t: '1', a: 'x1', b: ':y' }), 0)).toEqual([]);
    expect(inhibitor.inhibitedBy(Labels.of({ t: '1', a: 'x', b: '1:y' }), 0)).toHaveLength(1);
  });
});

it('alerts that have ended are forgotten now and then', () => {
  const inhibitor = new Inhibitor([rule('a=~".+"', 'b=c'), rule('a=x', 'b=c', ['d'])]);
  inhibitor.take([alert({ a: 'x' }, 100), alert({ a: 'y' }, 5000), alert({ b: 'c' }, 5000)], 0);
  expect(inhibitor.size).toBe(3);
  inhibitor.take([], INHIBITOR_GC_MS - 1);
  expect(inhibitor.size).toBe(3);
  inhibitor.take([], INHIBITOR_GC_MS);
  expect(inhibitor.size).toBe(0);
  // The clock is set back by an hour.
  inhibitor.take([alert({ a: 'x' }, -4_000_000)], -3_600_000);
  expect(inhibitor.size).toBe(0);
});

describe('inhibition agrees with looking at all alerts', () => {
  const labels = fc
    .record({
      a: fc.constantFrom('', 'x', 'y'),
      b: fc.constantFrom('', 'x', 'y'),
      c: fc.constantFrom('', 'x'),
    })
    .map((values) => Labels.of(values));
  const side = fc
    .array(fc.constantFrom('a=x', 'a!=x', 'b=~"x|y"', 'b!~x', 'c=x', 'c=""'), { maxLength: 2 })
    .map((matchers) => parseMatchers(matchers.join(',')));
  const rules = fc.array(
    fc.record({
      name: fc.constant(''),
      sourceMatchers: side,
      targetMatchers: side,
      equal: fc.subarray(['a', 'b', 'c', 'd']),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const steps = fc.array(
    fc.oneof(fc.record({ labels, endsInMs: fc.integer({ min: -5, max: 20 }) }), fc.constant<'gc'>('gc')),
    { maxLength: 30 },
  );

  function naive(
    all: readonly InhibitRuleConfig[],
    alerts: readonly PostedAlert[],
    target: Labels,
    nowMs: number,
  ) {
    const inhibiting = new Set<string>();
    for (const { sourceMatchers, targetMatchers, equal } of all) {
      if (!matchesAll(targetMatchers, target)) continue;
      for (const source of alerts) {
        if (source.endsAtMs <= nowMs || !matchesAll(sourceMatchers, source.labels)) continue;
        if (matchesAll(sourceMatchers, target) && matchesAll(targetMatchers, source.labels)) continue;
        if (equal.every((name) => source.labels.get(name) === target.get(name)))
          inhibiting.add(fingerprintOf(source.labels));
      }
    }
    return inhibiting;
  }

  it('whatever comes and goes', () => {
    fc.assert(
      fc.property(rules, steps, fc.array(labels, { minLength: 1, maxLength: 5 }), (all, history, targets) => {
        const inhibitor = new Inhibitor(all);
        const known = new Map<string, PostedAlert>();
        for (const [nowMs, step] of history.entries()) {
          if (step === 'gc') inhibitor.gc(nowMs);
          else {
            const posted = { ...alert({}, nowMs + step.endsInMs), labels: step.labels };
            inhibitor.set(posted);
            known.set(posted.labels.key, posted);
          }
          for (const target of targets) {
            const wanted = naive(all, [...known.values()], target, nowMs);
            const found = inhibitor.inhibitedBy(target, nowMs);
            expect(found.length).toBe(Math.min(wanted.size, 1));
            for (const fingerprint of found) expect(wanted).toContain(fingerprint);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

it('asking takes no longer with many alerts than with few', () => {
  let asked = 0;
  const counting = (name: string, value: string): AlertMatcher => ({
    name,
    op: '=',
    value,
    matches: (labels) => {
      asked++;
      return labels.get(name) === value;
    },
  });
  const rules = Array.from({ length: 50 }, (_, i) => ({
    name: '',
    sourceMatchers: [counting('severity', 'critical')],
    targetMatchers: [counting('team', `${i}`)],
    equal: ['job'],
  }));
  const costs = [10, 10_000].map((count) => {
    const inhibitor = new Inhibitor(rules);
    for (let i = 0; i < count; i++)
      inhibitor.set(alert({ severity: 'critical', job: 'web', instance: `${i}`, team: `${i % 100}` }));
    asked = 0;
    expect(inhibitor.inhibitedBy(Labels.of({ team: '49', job: 'web' }), 0)).toHaveLength(1);
    return asked;
  });
  expect(costs[1]).toBe(costs[0]);
});
