/**
 * Which alerts the tests are about: a table of all alerts of the rules that were tested, with how many expectations say
 * that each fires, and how many that it does not.
 *
 *     alert               fires  silent
 *     HighErrorRate           2       1
 *     JobQueueBacklog         1       -  never tested to be silent
 *     CleanupFailures         -       -  not tested
 *     3 alerts: 2 are tested to fire, 1 to be silent
 */
import type { RuleFile } from '../rules/rule-file.ts';
import type { AlertTest } from '../rules/unit-test-file.ts';

/** One expectation about an alert. */
export interface AlertExpectation {
  readonly alert: string;
  readonly fires: boolean;
}

/** The alerts that a file of tests has rules of, and what it expects of them. */
export interface AlertCoverage {
  readonly alerts: readonly string[];
  readonly tests: readonly AlertExpectation[];
}

/** The names of the alerts of rule files, each once, in their order. */
export function alertsOf(files: readonly RuleFile[]): string[] {
  const rules = files.flatMap(({ groups }) => groups).flatMap((group) => group.rules);
  return [...new Set(rules.flatMap((rule) => (rule.type === 'alerting' ? [rule.name] : [])))];
}

/** What tests expect of alerts. */
export function alertTestsOf(tests: readonly AlertTest[]): AlertExpectation[] {
  return tests.map(({ alertname, expected }) => ({ alert: alertname, fires: expected.length > 0 }));
}

/** All coverage as a table, and the alerts of which something is not tested. */
export function coverageTable(parts: readonly AlertCoverage[]): {
  readonly text: string;
  readonly untested: readonly string[];
} {
  const counts = new Map<string, { fires: number; silent: number }>();
  for (const name of parts.flatMap(({ alerts }) => alerts)) counts.set(name, { fires: 0, silent: 0 });
  for (const { alert, fires } of parts.flatMap(({ tests }) => tests)) {
    const count = counts.get(alert);
    if (count === undefined) continue; // Of a rule that nobody loaded: the test itself says so.
    if (fires) count.fires++;
    else count.silent++;
  }
  const width = Math.max('alert'.length, ...[...counts.keys()].map((name) => name.length));
  const row = (name: string, fires: string, silent: string, note = ''): string =>
    `${name.padEnd(width)}  ${fires.padStart(5)}  ${silent.padStart(6)}${note === '' ? '' : `  ${note}`}\n`;
  const rows = [...counts].map(([name, { fires, silent }]) =>
    row(name, fires === 0 ? '-' : String(fires), silent === 0 ? '-' : String(silent), noteOf(fires, silent)),
  );
  const all = [...counts.values()];
  const firing = all.filter(({ fires }) => fires > 0).length;
  const quiet = all.filter(({ silent }) => silent > 0).length;
  const alerts = `${counts.size} alert${counts.size === 1 ? '' : 's'}`;
  return {
    text: `${row('alert', 'fires', 'silent')}${rows.join('')}${alerts}: ${firing} tested to fire, ${quiet} to be silent\n`,
    untested: [...counts].flatMap(([name, { fires, silent }]) => (fires === 0 || silent === 0 ? [name] : [])),
  };
}

function noteOf(fires: number, silent: number): string {
  if (fires === 0 && silent === 0) return 'not tested';
  if (fires === 0) return 'never tested to fire';
  return silent === 0 ? 'never tested to be silent' : '';
}
