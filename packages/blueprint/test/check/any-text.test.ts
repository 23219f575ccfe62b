/** Whatever stands in a repository, checking it ends, and says of each problem where it is. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { ALL_CHECK_NAMES, checkRepository } from '../../dist/index.js';
import { PROMETHEUS, SERVICES } from './rule-suite.ts';

vi.setConfig({ testTimeout: 300_000 });

const RULES = `# binnacle:ignore-file record-name old names
groups:
  - name: api
    interval: 10m
    rules:
      - record: job:http_requests:rate5m
        expr: sum by (job) (rate(http_requests_total{job="api"}[5m]))
      # binnacle:ignore missing-for,missing-runbook until 2027-01-01 to be written
      - &fails
        alert: ApiErrorRateHigh
        expr: |
          sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))
            > 0.05 and absent(up{job=~"a|b"})
        labels: { severity: critical, 'where': "{{ $labels.instance }}" }
        annotations:
          summary: '{{ $value }} of {{ $labels.endpoint }} {{ with query "up" }}{{ . | first | value }}{{ end }}'
      - <<: *fails
        alert: Again
        expr: >-
          histogram_quantile(0.99, sum by (le, user) (rate(http_request_duration_seconds_bucket[10s]))) > 500
        for: 5m
`;

/** A text with stretches of it gone, doubled, or replaced by what is awkward. */
const damaged = fc
  .array(
    fc.tuple(
      fc.nat(RULES.length),
      fc.nat(12),
      fc.constantFrom(
        '',
        ' ',
        '\n',
        '\t',
        '"',
        "'",
        '{{',
        '}}',
        ': ',
        '- ',
        '&a ',
        '*a',
        '<<: ',
        '|',
        '>',
        '#',
        '\r\n',
        '語',
        '\u0000',
      ),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((cuts) =>
    cuts.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), RULES),
  );

test('places lie in the file, with the line that stands there', () => {
  fc.assert(
    fc.property(damaged, fc.boolean(), (text, isKnown) => {
      const files = new Map([
        ['prometheus.yml', PROMETHEUS],
        ['rules.yml', text],
      ]);
      const { problems } = checkRepository({ files, catalogs: isKnown ? SERVICES : [] }, { nowMs: 0 });
      const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
      for (const { place, check, message, reason, remedy } of problems) {
        expect(ALL_CHECK_NAMES).toContain(check);
        for (const said of [message, reason, remedy]) expect(said.trim()).not.toBe('');
        if (place.file !== 'rules.yml') continue;
        const line = lines[place.line - 1];
        expect(line, `line ${place.line}`).toBeDefined();
        expect(place.column).toBeGreaterThan(0);
        expect(place.column).toBeLessThanOrEqual(line!.length + 1);
        if (place.excerpt !== undefined && line!.length < 160)
          expect(place.excerpt.split('\n')[0]).toBe(line);
      }
    }),
    {
      numRuns: 400,
      // A query that goes on behind the end of a line, which is two characters.
      examples: [
        [
          RULES.replace('[5m])) / sum', '[5m]\r\n)) / sum').replace('\n          sum(', '\n{{          sum('),
          false,
        ],
      ],
    },
  );
});
