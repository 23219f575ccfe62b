/** What came of drills: as a table for the terminal. */

/** One alert's drill, when it is over. */
export interface DrillResult {
  readonly system: string;
  readonly alert: string;
  readonly cause: string;
  readonly outcome: 'passed' | 'failed' | 'not here';
  /** Why it failed, or cannot be drilled here. */
  readonly why?: string;
  /** From when the cause began; undefined where it was not seen, or the alert waits for nothing. */
  readonly pendingSeconds?: number;
  readonly firingSeconds?: number;
  /** Until the receiver had the message. */
  readonly notifiedSeconds?: number;
  /** From when the cause ended, until the receiver had the message. */
  readonly resolvedSeconds?: number;
}

const CAUSE_CHARACTERS_MAX = 60;
const HEAD = ['system', 'alert', 'cause', 'pending', 'firing', 'notified', 'resolved', 'result'] as const;
/** The columns of numbers. */
const RIGHT = new Set([3, 4, 5, 6]);

/** All of them, with a line of totals. Seconds to `resolved` are counted from the end of the cause. */
export function renderTable(results: readonly DrillResult[]): string {
  const rows = [HEAD, ...results.map(rowOf)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (RIGHT.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return [...lines, '', totals(results)].join('\n');
}

function rowOf(result: DrillResult): readonly string[] {
  const { system, alert, cause, pendingSeconds, firingSeconds, notifiedSeconds, resolvedSeconds } = result;
  return [
    system,
    alert,
    shortened(cause),
    ...[pendingSeconds, firingSeconds, notifiedSeconds, resolvedSeconds].map(secondsText),
    result.why === undefined ? result.outcome : `${result.outcome}: ${result.why}`,
  ];
}

function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? '-' : seconds.toFixed(1);
}

function shortened(text: string): string {
  return text.length <= CAUSE_CHARACTERS_MAX ? text : `${text.slice(0, CAUSE_CHARACTERS_MAX - 1)}…`;
}

function totals(results: readonly DrillResult[]): string {
  const count = (outcome: DrillResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  const elsewhere = count('not here');
  return (
    `${count('passed')} passed, ${count('failed')} failed` +
    (elsewhere > 0 ? `, ${elsewhere} not possible on this machine` : '')
  );
}
