/** Makers of series for the alerts of watches, in the notation of rule unit tests, a value a minute. */

/** Labels of two instances of a service. */
export const A = 'job="shop",instance="a"';
export const B = 'job="shop",instance="b"';

/** A classic histogram that sees `perMinute` values, all of them in the bucket up to `le`. */
export function observed(name: string, le: '0.1' | '1' | '10', perMinute: number, labels = ''): string[] {
  const all = ['0.1', '1', '10', '+Inf'];
  const own = labels === '' ? '' : `,${labels}`;
  return [
    ...all.map((bound, i) => {
      const rate = i >= all.indexOf(le) ? perMinute : 0;
      return `${name}_bucket{${A}${own},le="${bound}"} 0+${rate}x200`;
    }),
    `${name}_count{${A}${own}} 0+${perMinute}x200`,
    `${name}_sum{${A}${own}} 0+${perMinute}x200`,
  ];
}

/** Events of two endings a minute, over two instances, so that sums are asked for. */
export function ended(
  name: string,
  labels: string,
  ok: string,
  okPerMinute: number,
  bad: string,
  badPerMinute: number,
) {
  const own = labels === '' ? '' : `,${labels}`;
  return [
    `${name}{${A}${own},${ok}} 0+${okPerMinute}x200`,
    `${name}{${A}${own},${bad}} 0+${badPerMinute}x200`,
    `${name}{${B}${own},${ok}} 0+${okPerMinute}x200`,
    `${name}{${B}${own},${bad}} 0+${badPerMinute}x200`,
  ];
}

/** A gauge at one value, and a counter that stands still: work, and nothing that ends. */
export const standing = (work: string, value: number, counters: readonly string[], perMinute = 0) => [
  `${work} ${value}x200`,
  ...counters.map((series) => `${series} 5+${perMinute}x200`),
];

/** The counters of one queue's endings. */
export const JOB_ENDS = ['completed', 'failed', 'timeout'].map(
  (status) => `jobs_total{${A},queue="mail",status="${status}"}`,
);
/** How many wait in that queue. */
export const WAITING = `jobs_pending{${A},queue="mail"}`;
