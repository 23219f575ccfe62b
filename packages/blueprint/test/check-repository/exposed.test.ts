/** What is found in what a running service exposes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ScrapedFamily } from '../../dist/catalog/scraped-families.js';
import {
  EXPOSED_CHECKS,
  type Exposed,
  LABEL_VALUES_MAX,
} from '../../dist/check/repository/exposed-checks.js';
import { formOf, shapeOf } from '../../dist/check/repository/label-values.js';
import { ALL_CHECK_NAMES, checkRepository, type Problem } from '../../dist/index.js';

const UPDATE = process.env.BINNACLE_UPDATE_GOLDEN === '1';

/** A family of counters with these series. */
function family(
  name: string,
  series: ScrapedFamily['series'],
  type: ScrapedFamily['type'] = 'counter',
): ScrapedFamily {
  return { name, type, help: '', unit: '', series };
}

function problems(...exposed: readonly Exposed[]): readonly Problem[] {
  return checkRepository({ files: new Map(), exposed }, { nowMs: 0 }).problems;
}

function found(label: string, value: string): string[] {
  const families = [family('calls_total', [{ [label]: value }])];
  return problems({ source: 'metrics', families }).map(
    ({ check, severity, message }) => `${severity} ${check}: ${message}`,
  );
}

test.each([
  [
    'user',
    'jane.doe@example.com',
    'warning personal-label: label user of calls_total holds mail addresses, such as xxxx.xxx@xxxxxxx.xxx (1 of 1 value)',
  ],
  [
    'to',
    'Jane <jane@corp.example.org>',
    'warning personal-label: label to of calls_total holds mail addresses, such as xxxx <xxxx@xxxx.xxxxxxx.xxx> (1 of 1 value)',
  ],
  [
    'caller',
    '+49 170 1234567',
    'warning personal-label: label caller of calls_total holds telephone numbers, such as +99 999 9999999 (1 of 1 value)',
  ],
  [
    'phone',
    '0170 1234567',
    'warning personal-label: label phone of calls_total holds telephone numbers, such as 9999 9999999 (1 of 1 value)',
  ],
  [
    'client',
    '203.0.113.77',
    'warning personal-label: label client of calls_total holds network addresses, such as 999.9.999.99 (1 of 1 value)',
  ],
  [
    'client',
    '2001:db8::8a2e:370:7334',
    'warning personal-label: label client of calls_total holds network addresses, such as 9999:xx9::9x9x:999:9999 (1 of 1 value)',
  ],
  [
    'auth',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    'error personal-label: label auth of calls_total holds signed tokens, such as xxxxxxxxxxxxxxx9xxx9.xxxxxxxxxxx... (1 of 1 value)',
  ],
  [
    'key',
    'sk_live_1234567890abcdef',
    'error personal-label: label key of calls_total holds keys, such as xx_xxxx_9999999999xxxxxx (1 of 1 value)',
  ],
  [
    'db',
    'postgres://app:hunter2@db:5432/shop',
    'error personal-label: label db of calls_total holds addresses with a password, such as xxxxxxxx://xxx:xxxxxx9@xx:9999/x... (1 of 1 value)',
  ],
  [
    'session',
    '9e107d9d372bb6826bd81d3542a419d6',
    'error personal-label: label session of calls_total holds hexadecimal tokens, such as 9x999x9x999xx9999xx99x9999x999x9 (1 of 1 value)',
  ],
  [
    'job',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    'warning unbounded-label: label job of calls_total holds UUIDs, such as 9x9999x9-9x99-99x9-9x9x-9999x99x... (1 of 1 value)',
  ],
  [
    'path',
    '/users/17/orders?page=2',
    'warning unbounded-label: label path of calls_total holds addresses with a query, such as /xxxxx/99/xxxxxx?xxxx=9 (1 of 1 value)',
  ],
  [
    'page',
    'https://example.com/a/b',
    'warning unbounded-label: label page of calls_total holds addresses of pages, such as xxxxx://xxxxxxx.xxx/x/x (1 of 1 value)',
  ],
  [
    'order',
    '8471023',
    'warning unbounded-label: label order of calls_total holds long numbers, such as 9999999 (1 of 1 value)',
  ],
])('%s="%s" is found, and not repeated', (label, value, wanted) => {
  expect(found(label, value)).toEqual([wanted]);
  expect(found(label, value).join()).not.toContain(value);
});

test.each([
  ['status', '200'],
  ['method', 'GET'],
  ['endpoint', '/api/v1/status/{job_id}'],
  ['instance', '10.0.0.7:9464'],
  ['host', '10.0.0.7'],
  ['le', '1000000'],
  ['version', '1.4.0'],
  ['commit', '9e107d9d372bb6826bd81d3542a419d6deadbeef'],
  ['build', '20261121'],
  ['port', '9464'],
  ['codec', 'h264@high'],
  ['topic', 'orders.created'],
  ['package', '@binnacle/metrics'],
  ['date', '2026-11-21'],
  ['window', '12:30:00'],
  ['mode', 'deadbeef'],
  ['url', 'https://api.example.com'],
])('nothing is wrong with %s="%s"', (label, value) => {
  expect(found(label, value)).toEqual([]);
});

describe('what is said of a label', () => {
  test('many values, of which a few are bad', () => {
    const series = [{ user: 'a' }, { user: 'b@example.com' }, { user: 'c@example.com' }];
    expect(
      problems({ source: 'metrics', families: [family('x', series)] }).map(({ message }) => message),
    ).toEqual(['label user of x holds mail addresses, such as x@xxxxxxx.xxx (2 of 3 values)']);
  });

  test('more values than a label may have', () => {
    const series = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ route: `r${i}`, method: 'GET' }));
    const families = [family('few', series(LABEL_VALUES_MAX)), family('many', series(LABEL_VALUES_MAX + 1))];
    expect(
      problems({ source: 'metrics', families }).map(({ check, message }) => `${check}: ${message}`),
    ).toEqual(['unbounded-label: label route of many has 501 values']);
  });

  test('the line of the text, which is not shown', () => {
    const text = '# TYPE x counter\nx{a="1"} 1\nx{a="1",who="jane@example.com"} 1\n';
    const [problem] = problems({
      source: 'metrics',
      families: [family('x', [{ a: '1' }, { a: '1', who: 'jane@example.com' }])],
      text,
    });
    expect(problem?.place).toEqual({ file: 'metrics', line: 3, column: 1 });
    expect(JSON.stringify(problem)).not.toContain('jane');
  });

  test('info metrics may tell who a program is', () => {
    const series = [{ id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301' }];
    expect(
      problems({
        source: 'm',
        families: [family('app_info', series, 'gauge'), family('app', series, 'info')],
      }),
    ).toEqual([]);
  });

  test('forms are told fast from values that are made to be slow', () => {
    for (const part of ['a@', '1.', '+1 ', 'http://', '%-', '/0', '::', 'a.']) {
      const value = part.repeat(20_000 / part.length);
      formOf(value, 'x');
      expect(shapeOf(value).length).toBeLessThan(40);
    }
  });
});

test.each(EXPOSED_CHECKS.map(({ name }) => name))('what the page of %s says is so', (check) => {
  expect(ALL_CHECK_NAMES).toContain(check);
  const url = new URL(`../../../../docs/checks/${check}.md`, import.meta.url);
  let page = readFileSync(url, 'utf8');
  const [example, corrected] = [...page.matchAll(/```prometheus (\S+)\n([\s\S]*?)```/g)].map(
    ([, source, text]) => {
      const lines = text!.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const series = lines.map((line) =>
        Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!])),
      );
      return { source: source!, families: [family(/^\w+/.exec(lines[0]!)![0], series)], text: text! };
    },
  );
  const rendered = problems(example!)
    .filter((problem) => problem.check === check)
    .map(
      ({ place, severity, message, reason, remedy }) =>
        `${place.file}:${place.line}:${place.column}: ${severity}: ${message} (${check})\nwhy: ${reason}\ndo: ${remedy}`,
    )
    .join('\n');
  expect(rendered).not.toBe('');
  if (UPDATE) {
    page = page.replace(/```text\n[\s\S]*?```/, () => `\`\`\`text\n${rendered}\n\`\`\``);
    writeFileSync(url, page);
  }
  expect(/```text\n([\s\S]*?)\n```/.exec(page)?.[1]).toBe(rendered);
  expect(problems(corrected!)).toEqual([]);
});
