import { Labels } from '@binnacle/metrics/model';
import { parseHistogramLiteral } from '@binnacle/promql';
import { describe, expect, it } from 'vitest';
import { Template, type TemplateSample } from '../../dist/rules/template.js';

const VECTOR: readonly TemplateSample[] = [
  { labels: Labels.of({ __name__: 'up', instance: 'b:1' }), value: 2 },
  { labels: Labels.of({ __name__: 'up', instance: 'a:1' }), value: 1 },
];

async function check(source: string, value: number, want: string): Promise<void> {
  const data = {
    alertName: 'HighLoad',
    timeMs: 1_700_000_000_500,
    labels: Labels.of({ __name__: 'x', instance: 'web-1.example.org:8000', job: 'web' }),
    value,
    externalLabels: { site: 'eu' },
    externalUrl: 'http://localhost:9700',
  };
  const text = await Template.parse(source).expandOrExplain(data, async (expression) => {
    if (expression === 'boom') throw new Error('no such table');
    return expression === 'none' ? [] : VECTOR;
  });
  expect(text, source).toBe(want);
}

describe('templates', () => {
  it('prints $value as Go prints a float64', async () => {
    for (const [value, want] of [
      [0.05, '0.05'],
      [50, '50'],
      [123456, '123456'],
      [1234567, '1.234567e+06'],
      [1e6, '1e+06'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [-0, '-0'],
      [1 / 3, '0.3333333333333333'],
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, '+Inf'],
    ] as const)
      await check('{{ $value }}', value, want);
  });

  it.each<[string, string]>([
    ['plain text', 'plain text'],
    ['{{ $value }} jobs pending', '12.5 jobs pending'],
    ['{{ $labels.instance }} of {{ .Labels.job }}: {{ .Value }}', 'web-1.example.org:8000 of web: 12.5'],
    ['{{ $labels.missing }}|', '|'],
    ['{{ $externalLabels.site }} {{ externalURL }}', 'eu http://localhost:9700'],
    ['a {{- /* trimmed */ -}} b', 'ab'],
    ['a {{- " x " -}} b', 'a x b'],
    ['{{ "a\\tb\\u00e9" }}{{ `\\n` }}', 'a\tbé\\n'],
    ['{{ $value | printf "%.2f" }}', '12.50'],
    ['{{ printf "%s=%v %d%%" $labels.job $value 3 }}', 'web=12.5 3%'],
    [
      '{{ printf "%5.1f|%-6s|%06.2f|%+d|%q|%e" $value "ab" $value 7 "x\\"y" $value }}',
      ' 12.5|ab    |012.50|+7|"x\\"y"|1.250000e+01',
    ],
    ['{{ printf "%d" $value }}', '%!d(float64=12.5)'],
    ['{{ "hello wORLD it\'s" | title }} {{ toUpper "a" }}{{ toLower "B" }}', "Hello WORLD It's Ab"],
    ['{{ $labels.instance | stripPort }} {{ stripDomain $labels.instance }}', 'web-1.example.org web-1:8000'],
    ['{{ if gt $value 10.0 }}high{{ else if eq $labels.job "web" }}web{{ else }}low{{ end }}', 'high'],
    ['{{ if lt $value 10.0 }}low{{ else if eq $labels.job "db" "web" }}web{{ else }}x{{ end }}', 'web'],
    ['{{ if and $labels.job (not $labels.missing) }}yes{{ end }}', 'yes'],
    ['{{ or $labels.missing "none" }}', 'none'],
    ['{{ with $labels.job }}<{{ . }}>{{ else }}none{{ end }}', '<web>'],
    ['{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ end }}{{ $x }}', 'b'],
    [
      '{{ range $name, $text := $labels }}{{ $name }}={{ $text }};{{ end }}',
      '__name__=x;instance=web-1.example.org:8000;job=web;',
    ],
    [
      '{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }} {{ end }}',
      'a:1=1 b:1=2 ',
    ],
    ['{{ query "up" | first | value }} {{ query "up" | first | label "instance" }}', '2 b:1'],
    ['{{ range query "none" }}x{{ else }}nothing{{ end }}', 'nothing'],
    ['{{ range $i, $s := query "up" }}{{ if eq $i 1 }}{{ break }}{{ end }}{{ $i }}{{ end }}', '0'],
    ['{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" "x" }}', '[x]'],
    ['{{ with args 1 "b" }}{{ .arg0 }}{{ .arg1 }}{{ end }}', '1b'],
    ['{{ len "é" }} {{ index $labels "job" }} {{ match "w.b" $labels.job }}', '2 web true'],
    ['{{ parseDuration "1h30m" }}', '5400'],
    ['{{ slice $labels.job 1 3 }} {{ slice "abc" 1 }}', 'eb bc'],
    ['{{ title "a-b 3d o_k éa ßx" }}', 'A-B 3D O_k Éa Ssx'],
    [
      '{{ printf "%+v" $value }} {{ printf "%.0f" 2.5 }} {{ printf "%.1f" 1e23 }}',
      '12.5 2 99999999999999991611392.0',
    ],
  ])('%s', async (source, want) => {
    await check(source, 12.5, want);
  });

  it.each<[string, number, string]>([
    ['humanize', 0, '0'],
    ['humanize', 1234567, '1.235M'],
    ['humanize', 0.0123, '12.3m'],
    ['humanize', -42, '-42'],
    ['humanize', 999.95, '1000'],
    ['humanize', Number.NaN, 'NaN'],
    ['humanize1024', 1048576, '1Mi'],
    ['humanize1024', 0.5, '0.5'],
    ['humanizeDuration', 0, '0s'],
    ['humanizeDuration', 0.0015, '1.5ms'],
    ['humanizeDuration', 59.1234, '59.12s'],
    ['humanizeDuration', 3661, '1h 1m 1s'],
    ['humanizeDuration', -90061, '-1d 1h 1m 1s'],
    ['humanizePercentage', 0.12345, '12.35%'],
    ['humanizePercentage', 1, '100%'],
    ['humanizePercentage', 0.0723456, '7.235%'],
    ['humanizeTimestamp', 1435065584.128, '2015-06-23 13:19:44.128 +0000 UTC'],
    ['humanizeTimestamp', 1435065580, '2015-06-23 13:19:40 +0000 UTC'],
  ])('%s of %d', async (name, value, want) => {
    await check(`{{ $value | ${name} }}`, value, want);
  });

  it('says in the text why a template fails, in the words of Prometheus', async () => {
    const failed = (place: string, reason: string): string =>
      `<error expanding template: error executing template __alert_HighLoad: template: ${place}: ${reason}>`;
    await check(
      '{{ $labels.a.b }}',
      1,
      failed(
        '__alert_HighLoad:1:122',
        'executing "__alert_HighLoad" at <$labels.a.b>: can\'t evaluate field b in type string',
      ),
    );
    await check(
      '{{ query "none" | first }}',
      1,
      failed(
        '__alert_HighLoad:1:130',
        'executing "__alert_HighLoad" at <first>: error calling first: first() called on vector with no elements',
      ),
    );
    await check(
      'line\n{{ gt $value 1 }}',
      2,
      failed(
        '__alert_HighLoad:2:3',
        'executing "__alert_HighLoad" at <gt $value 1>: error calling gt: incompatible types for comparison: float64 and int',
      ),
    );
    await check(
      '{{ humanize }}',
      2,
      failed(
        '__alert_HighLoad:1:115',
        'executing "__alert_HighLoad" at <humanize>: wrong number of args for humanize: want 1 got 0',
      ),
    );
    await check(
      '{{ query "boom" }}',
      2,
      failed(
        '__alert_HighLoad:1:115',
        'executing "__alert_HighLoad" at <query "boom">: error calling query: no such table',
      ),
    );
  });

  it('shows native histograms as Prometheus does', async () => {
    const histogram = parseHistogramLiteral('{{schema:0 count:12 sum:18.4 buckets:[3 9]}}').histogram;
    const data = {
      ...{ alertName: 'T', timeMs: 0, externalLabels: {}, externalUrl: '' },
      ...{ labels: Labels.EMPTY, value: 0, histogram },
    };
    const expand = (source: string) => Template.parse(source).expandOrExplain(data, async () => [data]);
    expect(await expand('{{ $value }}|{{ .Value }}|{{ query "x" | first | value }}')).toBe(
      Array(3).fill('{count:12, sum:18.4, (0.5,1]:3, (1,2]:9}').join('|'),
    );
    expect(await expand('{{ $value | humanize }}')).toContain(
      "can't convert *histogram.FloatHistogram to float",
    );
  });

  it('knows the time of the evaluation', async () => {
    await check('{{ now }} {{ now | toTime }}', 1, '1.7000000005e+09 2023-11-14 22:13:20.5 +0000 UTC');
    await check('{{ urlQueryEscape "a b&c" }}', 1, 'a+b%26c');
  });

  it('stops what would not end, or would give too much', async () => {
    for (const [source, reason] of [
      [
        '{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}',
        'exceeded maximum template depth (100)',
      ],
      ['{{ range 1000000000 }}{{ end }}', 'the template takes more than 1000000 steps'],
      ['{{ range 1000000 }}{{ "0123456789" }}{{ end }}', 'the expansion is longer than 262144 characters'],
      [
        '{{ $x := "0123456789" }}{{ range 100 }}{{ $x = printf "%s%s" $x $x }}{{ end }}',
        'a string is longer than 262144 characters',
      ],
      [
        '{{ $x := args "0123456789" }}{{ range 100 }}{{ $x = args $x $x }}{{ end }}',
        'a value holds more than 1000000 characters',
      ],
      [
        '{{ $x := "0123456789" }}{{ range 14 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ reReplaceAll "." $x $x }}',
        'the result is longer than 1000000 characters',
      ],
      ['{{ printf "%1000001d" 1 }}', '%!(NOVERB)'],
      ['{{ $x := args }}{{ range 30000 }}{{ $x = args $x }}{{ end }}{{ $x }}', 'nested too deep'],
    ] as const) {
      const data = {
        alertName: 'T',
        labels: Labels.EMPTY,
        value: 1,
        externalLabels: {},
        externalUrl: '',
        timeMs: 0,
      };
      expect(await Template.parse(source).expandOrExplain(data, async () => []), source).toContain(reason);
    }
    const deep = '('.repeat(600);
    expect(() => Template.parse(`{{ ${deep}1${')'.repeat(600)} }}`)).toThrow('more than 500 deep');
    expect(() => Template.parse('{{ if 1 }}'.repeat(600) + '{{ end }}'.repeat(600))).toThrow(
      'more than 500 deep',
    );
  });

  it.each<[string, string]>([
    ['{{ $valeu }}', 'undefined variable "$valeu"'],
    ['{{ humanise $value }}', 'function "humanise" not defined'],
    ['{{ if $value }}', 'unexpected EOF: {{end}} is missing'],
    ['{{ $value', 'unclosed action'],
    ['{{ end }}', 'unexpected {{end}}'],
    ['{{ "a }}', 'unterminated quoted string'],
    ['{{ ($value }}', 'unclosed left paren'],
    ['{{ $value | 3 }}', 'non executable command in pipeline stage 2'],
    ['{{ }}', 'missing value for command'],
    ['{{ break }}', '{{break}} outside {{range}}'],
  ])('refuses %s', (source, message) => {
    expect(() => Template.parse(source)).toThrow(message);
  });
});
