/**
 * The alerts of the ready-made watches, run as the monitor runs them: each fires over series that show its trouble, and
 * neither just below its limit, nor without any events, nor without any series, unless it is about just that. Prometheus's
 * own runner of rule tests says the same of all of it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MetricDefinition } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import {
  MONITOR_METRICS,
  renderRuleFile,
  runtimeInstrument,
  type Watch,
} from '../packages/blueprint/dist/index.js';
import { RUNTIME_FAMILIES } from '../packages/metrics/dist/runtime/families.js';
import { type OwnState, ownFamilies } from '../packages/monitor/dist/cli/own-metrics.js';
import { parseRuleFile } from '../packages/monitor/dist/rules/rule-file.js';
import { type ComparedAlert, runUnitTest } from '../packages/monitor/dist/rules/unit-test.js';
import { parseUnitTestFile } from '../packages/monitor/dist/rules/unit-test-file.js';
import { outside } from './outside.ts';
import { ALERT_CASES, type AlertCase } from './watch-cases.ts';
import { FALSE_ALARMS } from './watch-false-alarms.ts';

const AT_MINUTE = 60;

/** Splits `name{labels} values`; a label's value may have spaces. */
function split(series: string): { readonly series: string; readonly values: string } {
  const end = series.indexOf('} ') + 1;
  return { series: series.slice(0, end), values: series.slice(end + 1) };
}

function testFile(watchCase: AlertCase, input: readonly string[], expected: readonly ComparedAlert[] = []) {
  const { alert, atMinute = AT_MINUTE } = watchCase;
  return {
    rule_files: ['rules.yml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: input.map(split),
        alert_rule_test: [
          {
            alertname: alert,
            eval_time: `${atMinute}m`,
            exp_alerts: expected.map(({ labels, annotations }) => ({
              exp_labels: Object.fromEntries(labels.filter(([name]) => name !== 'alertname')),
              exp_annotations: Object.fromEntries(annotations),
            })),
          },
        ],
      },
    ],
  };
}

/** The rule file of a case: its watch's other alerts would only take time. */
function rulesOf({ watch, alert }: AlertCase): string {
  return renderRuleFile(
    watch.groups.map((group) => ({ ...group, rules: group.rules.filter(({ name }) => name === alert) })),
  );
}

/** The alerts of the case's name that fire over some series. */
async function firing(watchCase: AlertCase, input: readonly string[]): Promise<readonly ComparedAlert[]> {
  const rules = parseRuleFile('rules.yml', rulesOf(watchCase));
  const file = parseUnitTestFile('tests.yml', JSON.stringify(testFile(watchCase, input)));
  expect(file.tests[0]!.problems).toEqual([]);
  const { failures } = await runUnitTest(file, file.tests[0]!, [rules]);
  return failures.flatMap((failure) => {
    if (failure.type !== 'alerts') throw new Error(JSON.stringify(failure));
    return failure.got;
  });
}

/** The same series, each of them always 0. */
function atZero(input: readonly string[]): string[] {
  return input.map((series) => `${split(series).series} 0x${MINUTES_MAX}`);
}

/** A monitor of which only the shape matters. */
const MONITOR_STATE = {
  version: '0',
  startTimeMs: 0,
  residentBytes: 0,
  reload: { isSuccessful: true, lastSuccessMs: 0 },
  ingest: { database: {}, scraper: {} },
  ruleGroups: [],
  notifier: {
    integrations: [],
    alerts: {},
    received: {},
    suppressed: {},
  },
  silences: {},
  alertmanagers: [],
  requests: [],
} as unknown as OwnState;

const MINUTES_MAX = 500;

describe.each(
  ALERT_CASES.map((watchCase) => ({ ...watchCase, title: `${watchCase.watch.name}: ${watchCase.alert}` })),
)('$title', (watchCase) => {
  test('fires over trouble, and says what it is about', async () => {
    const alerts = await firing(watchCase, watchCase.fires);
    expect(alerts).toHaveLength(watchCase.count ?? 1);
    for (const [name, value] of alerts.flatMap(({ annotations }) => annotations)) {
      expect(value, name).not.toMatch(/\{\{|NaN|<no value>|<error/);
      expect(value, name).not.toMatch(/ {2}| [,.;]|\(\)/);
    }
  });

  test('is silent just below its limit', async () => {
    expect(await firing(watchCase, watchCase.below)).toEqual([]);
  });

  test('without any events and without any series it says what it should', async () => {
    const zero = await firing(watchCase, atZero(watchCase.fires));
    expect(zero.length > 0).toBe(watchCase.atZero === 'fires');
    const none = await firing(watchCase, []);
    expect(none.length > 0).toBe(watchCase.withoutSeries === 'fires');
  });
});

test.each(FALSE_ALARMS)('$alert is silent where $why', async ({ why: _, series, ...watchCase }) => {
  expect(await firing({ ...watchCase, fires: [], below: [] }, series)).toEqual([]);
});

test('the watchdog always fires', async () => {
  const monitor = ALERT_CASES.find(({ alert }) => alert === 'MonitorRulesFailing')!;
  const [alert] = await firing({ ...monitor, alert: 'Watchdog', atMinute: 0 }, []);
  expect(Object.fromEntries(alert!.labels)).toMatchObject({ severity: 'none' });
});

test('every alert of every watch has a case', () => {
  const watches = new Set<Watch>(ALERT_CASES.map(({ watch }) => watch));
  const alerts = [...watches].flatMap(({ groups }) =>
    groups.flatMap(({ rules }) => rules.map(({ name }) => name)),
  );
  const tested = new Set(ALERT_CASES.map(({ alert }) => alert));
  expect([...new Set(alerts)].filter((name) => !tested.has(name))).toEqual(['Watchdog']);
});

test('promtool accepts all rules, and its runner finds the same alerts', async (context) => {
  const promtool = outside(context, 'promtool');
  const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-watches-'));
  const write = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  try {
    const watches = [...new Set(ALERT_CASES.map(({ watch }) => watch))];
    const whole = watches.map(({ groups }, i) => write(`watch-${i}.yml`, renderRuleFile(groups)));
    execFileSync(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', ...whole], { stdio: 'pipe' });
    const tests: string[] = [];
    for (const [i, watchCase] of ALERT_CASES.entries()) {
      write(`rules-${i}.yml`, rulesOf(watchCase));
      for (const part of ['fires', 'below'] as const) {
        const file = testFile(watchCase, watchCase[part], await firing(watchCase, watchCase[part]));
        tests.push(
          write(`test-${i}-${part}.yml`, JSON.stringify({ ...file, rule_files: [`rules-${i}.yml`] })),
        );
      }
    }
    execFileSync(promtool, ['test', 'rules', ...tests], { stdio: 'pipe', encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 600_000);

test('the definitions of the monitor are those that it shows', () => {
  const shown = new Map(ownFamilies(MONITOR_STATE).map((family) => [family.name, family]));
  for (const given of Object.values(MONITOR_METRICS)) {
    const { name, type, labels = {}, buckets } = given as MetricDefinition;
    const family = shown.get(name)!;
    expect({ name, type, labels: Object.keys(labels), buckets }).toEqual({
      name,
      type: family.type,
      labels: [...family.labelNames],
      buckets: family.type === 'histogram' ? [...family.bounds] : undefined,
    });
    const rows = shown.get(name)!.series as readonly { readonly labelValues: readonly string[] }[];
    for (const [i, domain] of Object.values(labels).entries())
      if (Array.isArray(domain))
        expect(rows.map(({ labelValues }) => labelValues[i]).toSorted(), name).toEqual(domain.toSorted());
  }
});

test('the definitions of the runtime are those that are reported', () => {
  for (const { name, type, mode, labels } of Object.values(runtimeInstrument()) as {
    readonly name: string;
    readonly type: string;
    readonly mode?: string;
    readonly labels: object;
  }[]) {
    const family = RUNTIME_FAMILIES[name as keyof typeof RUNTIME_FAMILIES];
    expect({ name, type, mode, labels: Object.keys(labels) }).toEqual({
      name,
      type: family.type,
      mode: family.mode,
      labels: [...family.labelNames],
    });
  }
});
