/** What is found and how it is written: for people, for GitHub, for programs. */
import { describe, expect, test } from 'vitest';
import { SourceFile } from '../../dist/check/source-file.js';
import {
  ALL_CHECK_NAMES,
  checkRepository,
  countsOf,
  fileKind,
  hasProblemsOf,
  type Problem,
  type RuleGroup,
  renderGithubProblem,
  renderJsonReport,
  renderProblem,
  renderSummary,
} from '../../dist/index.js';
import { PROMETHEUS, problemsIn, SERVICES } from './rule-suite.ts';

const PROBLEM: Problem = {
  check: 'unknown-metric',
  severity: 'info',
  place: { file: 'a,b:c.yml', line: 7, column: 9, excerpt: '  expr: x\n        ^' },
  subject: 'alert A',
  message: '100% wrong',
  reason: 'it is',
  remedy: 'correct it.',
  suggestion: 'y',
};

describe('a problem', () => {
  test('for people has its place, its line and marks', () => {
    expect(renderProblem(PROBLEM)).toBe(
      [
        'a,b:c.yml:7:9: info: alert A: 100% wrong (unknown-metric)',
        '      expr: x',
        '            ^',
        'why: it is',
        'do: correct it. Did you mean y?',
      ].join('\n'),
    );
  });

  test('without a text to show is shown without', () => {
    const { excerpt: _, ...place } = PROBLEM.place;
    expect(
      renderProblem({ ...PROBLEM, place, subject: '' })
        .split('\n')
        .slice(0, 2),
    ).toEqual(['a,b:c.yml:7:9: info: 100% wrong (unknown-metric)', 'why: it is']);
  });

  test('is painted in parts', () => {
    const painted = renderProblem(PROBLEM, (style, text) => `<${style}>${text}</>`);
    expect(painted).toContain('<place>a,b:c.yml:7:9</>: <info>info</>: ');
    expect(painted).toContain('\n    <mark>        ^</>\n');
  });

  test('for GitHub is one line, in which nothing ends it', () => {
    expect(renderGithubProblem(PROBLEM)).toBe(
      '::notice file=a%2Cb%3Ac.yml,line=7,col=9,title=unknown-metric::alert A: 100%25 wrong%0Awhy: it is%0Ado: correct it. Did you mean y?',
    );
    expect(renderGithubProblem({ ...PROBLEM, severity: 'error' })).toMatch(/^::error /);
  });
});

describe('a report', () => {
  const report = {
    problems: [PROBLEM, { ...PROBLEM, severity: 'warning' as const }],
    ignored: 1,
    rules: 2,
    files: 1,
    dashboards: 0,
    generated: 3,
    isCatalogKnown: true,
  };

  test('is counted', () => {
    expect(countsOf(report)).toEqual({ error: 0, warning: 1, info: 1 });
    expect(renderSummary(report)).toBe(
      '1 warning, 1 info in 1 file with 2 rules and 0 dashboards; 1 suppressed',
    );
    expect(renderSummary({ ...report, problems: [], ignored: 0 })).toBe(
      'nothing found in 1 file with 2 rules and 0 dashboards',
    );
  });

  test('fails from a severity on', () => {
    expect(['error', 'warning', 'info'].map((least) => hasProblemsOf(report, least as 'error'))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('for programs has a shape that stays', () => {
    const json = JSON.parse(renderJsonReport(report));
    expect(json).toEqual({
      version: 1,
      problems: [
        {
          check: 'unknown-metric',
          severity: 'info',
          file: 'a,b:c.yml',
          line: 7,
          column: 9,
          subject: 'alert A',
          message: '100% wrong',
          reason: 'it is',
          remedy: 'correct it.',
          suggestion: 'y',
        },
        expect.objectContaining({ severity: 'warning' }),
      ],
      summary: {
        error: 0,
        warning: 1,
        info: 1,
        ignored: 1,
        files: 1,
        rules: 2,
        dashboards: 0,
        generated: 3,
        catalog: true,
      },
    });
  });
});

describe('a place', () => {
  const file = new SourceFile('a.txt', 'one\r\n\ttwo three\nfour');
  test('has a line, a column and marks', () => {
    expect(file.place(10, 15)).toEqual({
      file: 'a.txt',
      line: 2,
      column: 6,
      excerpt: '\ttwo three\n\t    ^^^^^',
    });
    expect(file.place(0)).toEqual({ file: 'a.txt', line: 1, column: 1, excerpt: 'one\n^' });
    expect(file.place(17, 400)).toMatchObject({ line: 3, column: 2, excerpt: 'four\n ^^^' });
    expect(file.placeOfLine(2)).toMatchObject({ line: 2, column: 2, excerpt: '\ttwo three\n\t^^^^^^^^^' });
  });

  test('in a long line is shown with what is around it', () => {
    const long = new SourceFile('a.json', `${'x'.repeat(5000)}here${'y'.repeat(5000)}`);
    const { column, excerpt } = long.place(5000, 5004);
    const [line, marks] = excerpt!.split('\n');
    expect(column).toBe(5001);
    expect(line!.length).toBeLessThan(200);
    expect(line!.slice(marks!.indexOf('^'), marks!.lastIndexOf('^') + 1)).toBe('here');
  });
});

describe('what a file is', () => {
  const cases: readonly (readonly [path: string, text: string, kind: ReturnType<typeof fileKind>])[] = [
    ['prometheus.yml', 'global:\n  scrape_interval: 15s\nscrape_configs: []\n', 'prometheus'],
    ['conf/p.yaml', 'global: {}\nrule_files: [a.yml]\n', 'prometheus'],
    ['rules.yml', 'groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up\n', 'rules'],
    ['rules.yml', '"groups":\n- "name": a\n', undefined],
    ['grafana.yml', 'groups:\n- name: other\n  members: []\n', undefined],
    ['rules.yml', 'groups: [{name: a, rules: [{alert: A, expr: up == 0}]}]\n', 'rules'],
    ['rules.yml', '# All.\ngroups: [ {"name": "a", "rules": []} ]\n', 'rules'],
    ['grafana.yml', 'groups: [{name: other, members: []}]\n', undefined],
    ['grafana.yml', 'groups: [{name: other, description: "rules: none"}]\n', undefined],
    ['test.yml', 'rule_files: [rules.yml]\ntests: []\n', 'rule-tests'],
    ['am.yml', 'route: {}\nreceivers: []\n', 'alertmanager'],
    [
      'k8s.yml',
      'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec:\n  groups: []\n',
      'kubernetes',
    ],
    ['k8s.yml', 'apiVersion: v1\nkind: ConfigMap\n', undefined],
    ['ds.yml', 'apiVersion: 1\ndatasources: []\n', 'datasources'],
    ['db.yml', 'apiVersion: 1\nproviders: []\n', 'dashboard-providers'],
    ['docker-compose.yml', 'services:\n  a: {}\n', 'compose'],
    ['stack.yml', 'services:\n  a:\n    image: x\n', 'compose'],
    ['other.yml', 'services:\n  a: {}\n', undefined],
    ['d.json', '{"panels": [], "schemaVersion": 39}', 'dashboard'],
    ['d.json', '{"dashboard": {"panels": []}}', 'dashboard'],
    ['d.json', '{"panels": []}', undefined],
    ['panel.json', '{"title": "A", "targets": [{"expr": "up"}], "type": "stat"}', 'dashboard'],
    ['targets.json', '[{"targets": ["a:9464"], "labels": {"type": "stat"}}]', undefined],
    ['panels.json', '[{"targets": [{"expr": "up"}], "type": "stat"}]', undefined],
    ['library.json', '{"model": {"targets": [{"expr": "up"}], "type": "stat"}}', undefined],
    ['query.json', '{"type": "query", "targets": [{"expr": "up"}]}', undefined],
    ['a.ts', 'groups:', 'source'],
    ['a.md', 'groups:', undefined],
    ['templates/rules.yaml', 'groups:\n- name: {{ .Values.name }}\n  rules:\n  - alert: A\n', undefined],
  ];
  test.each(cases)('%s with %j', (path, text, kind) => {
    expect(fileKind(path, text)).toBe(kind);
  });
});

const GOOD = `groups:
  - name: api
    interval: 30s
    rules:
      - record: job:http_requests:rate5m
        expr: sum by (job) (rate(http_requests_total{job="api"}[5m]))
      - record: job:http_requests_failed:rate5m
        expr: sum by (job) (rate(http_requests_total{job="api", status=~"5.."}[5m]))
      - alert: ApiErrorRateHigh
        expr: |
          job:http_requests_failed:rate5m / job:http_requests:rate5m > 0.05
            and job:http_requests:rate5m > 0.1
        for: 5m
        keep_firing_for: 5m
        labels: { severity: critical, team: shop }
        annotations:
          summary: '{{ $labels.job }} fails'
          description: '{{ $value | humanizePercentage }} of requests to {{ $labels.job }} fail.'
          runbook_url: https://example.com/runbooks#api-error-rate-high
      - alert: ApiSlow
        expr: >-
          histogram_quantile(0.99, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket{job="api"}[5m])))
          > 1
        for: 10m
        labels: { severity: warning }
        annotations:
          summary: '{{ $labels.endpoint }} is slow'
          description: 'One of a hundred requests takes {{ $value | humanizeDuration }}.'
          runbook_url: https://example.com/runbooks#api-slow
      - alert: ApiGone
        expr: absent(up{job="api"})
        for: 5m
        labels: { severity: critical }
        annotations:
          summary: '{{ $labels.job }} is not scraped'
          description: Nothing of it is known.
          runbook_url: https://example.com/runbooks#api-gone
      - alert: BackupOld
        expr: time() - last_backup_timestamp_seconds{job="worker"} > 2 * 86400
        for: 15m
        labels: { severity: warning }
        annotations:
          summary: 'No backup since {{ $value | humanizeDuration }}'
          description: 'On {{ $labels.instance }}.'
          runbook_url: https://example.com/runbooks#backup-old
      - alert: Watchdog
        expr: vector(1)
        labels: { severity: none }
        annotations: { summary: Alerts go out }
`;

test('good rules give nothing', () => {
  expect(problemsIn(GOOD).map((problem) => renderProblem(problem))).toEqual([]);
});

describe('a repository', () => {
  test('gives each problem once, by file, line and column', () => {
    const bad = 'groups:\n- name: b\n  rules:\n  - alert: low\n    expr: up\n';
    const { problems } = checkRepository(
      {
        files: new Map([
          ['b.yml', bad],
          ['a.yml', bad],
        ]),
      },
      { nowMs: 0 },
    );
    const places = problems.map(({ place, check }) => `${place.file}:${place.line}:${place.column}:${check}`);
    expect(places).toEqual([...new Set(places)].sort());
    expect(places[0]).toMatch(/^a\.yml:/);
    expect(places.at(-1)).toMatch(/^b\.yml:/);
  });

  test('is not checked for what is switched off, and only for what there is', () => {
    const files = new Map([['rules.yml', 'groups:\n- name: b\n  rules:\n  - alert: low\n    expr: up\n']]);
    expect(checkRepository({ files }, { nowMs: 0, disabled: ALL_CHECK_NAMES }).problems).toEqual([]);
    expect(() => checkRepository({ files }, { nowMs: 0, disabled: ['low'] })).toThrow(
      /^there is no check "low"; there are /,
    );
  });

  test('has the rules of Kubernetes manifests among several documents', () => {
    const text = `apiVersion: v1
kind: Service
metadata: { name: a }
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
spec:
  groups:
    - name: a
      rules:
        - alert: low
          expr: up == 0
`;
    const { problems, rules } = checkRepository({ files: new Map([['k8s.yaml', text]]) }, { nowMs: 0 });
    expect(rules).toBe(1);
    expect(problems.find(({ check }) => check === 'alert-name')?.place).toMatchObject({
      line: 11,
      column: 18,
    });
  });

  test('shows what is defined in TypeScript where it is defined, and takes comments there', () => {
    const group: RuleGroup = {
      name: 'jobs',
      rules: [
        {
          type: 'alert',
          name: 'jobs_pending',
          expr: 'rate(jobs_pending[5m]) > 1',
          labels: { severity: 'warning' },
          annotations: { summary: 's', description: 'd', runbook_url: 'https://x/y' },
          forMs: 300_000,
          keepFiringForMs: 0,
          definedAt: { file: '/elsewhere/repo/alerts.ts', line: 3, column: 14 },
        },
      ],
    };
    const config = {
      services: [],
      dashboards: [],
      rules: [group],
      production: {},
      development: {},
    } as unknown as NonNullable<Parameters<typeof checkRepository>[0]['project']>['config'];
    const checked = (source: string) =>
      checkRepository(
        {
          files: new Map([
            ['prometheus.yml', PROMETHEUS],
            ['alerts.ts', source],
          ]),
          catalogs: SERVICES,
          root: '/elsewhere/repo',
          project: { config, path: '/elsewhere/repo/binnacle.config.ts' },
        },
        { nowMs: 0 },
      ).problems.filter(({ place }) => place.file === 'alerts.ts');
    const [name, rate] = checked(
      "import { alert } from '@binnacle/blueprint';\n\nconst jobs = alert('jobs_pending', {\n});\n",
    );
    expect([name, rate]).toMatchObject([
      { check: 'alert-name', place: { line: 3, column: 14 } },
      {
        check: 'rate-of-gauge',
        place: { line: 3, column: 14, excerpt: 'rate(jobs_pending[5m]) > 1\n^^^^^^^^^^^^^^^^^^^^^^' },
      },
    ]);
    const ignored = checked(
      "import { alert } from '@binnacle/blueprint';\n// binnacle:ignore alert-name,rate-of-gauge an old name\nconst jobs = alert('jobs_pending', {\n});\n",
    );
    expect(ignored).toEqual([]);
  });
});
