/** Durations as Prometheus and Grafana write them, and ages as people say them. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** Milliseconds of `1h30m`, `15s`, `500ms`; `undefined` when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|[smhdwMy]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, size, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g))
    total += Number(size) * UNIT_MS[unit!]!;
  return total;
}

/** The shortest exact way to write a duration: `90000` is `1m30s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  if (rest === 0) return '0s';
  let out = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNIT_MS[unit]!;
    const whole = Math.floor(rest / size);
    if (whole > 0) out += `${whole}${unit}`;
    rest -= whole * size;
  }
  return out;
}

/** How long ago, in one unit: `just now`, `12 s ago`, `3 min ago`. */
export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - thenMs) / 1000);
  if (seconds < 1) return 'just now';
  return `${span(seconds)} ago`;
}

/** A length of time in one unit: `45 s`, `12 min`, `3 h`, `2 d`. */
export function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
