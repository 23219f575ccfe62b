/** `binnacle route` and `binnacle check alerts` as their users run them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const CONFIG = `
route:
  receiver: ops
  group_by: [alertname]
  routes:
  - { matchers: [ team="db" ], receiver: db }
  - matchers: [ 'severity=~"critical|page"' ]
    receiver: pager
    continue: true
    group_wait: 5s
    mute_time_intervals: [ always, never ]
  - { matchers: [ 'job=~".+"' ], group_by: ['...'], routes: [ { match: { job: web } }, {} ] }
  - { receiver: db }
receivers: [ { name: ops }, { name: db }, { name: pager } ]
time_intervals: [ { name: always, time_intervals: [ {} ] }, { name: never } ]
inhibit_rules: [ { source_matchers: [ a=b ], target_matchers: [ a=c ] } ]
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'binnacle-route-'));
  writeFileSync(join(folder, 'alertmanager.yml'), CONFIG);
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'bad.yml'), 'route: { receiver: a }\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function binnacle(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

describe('binnacle route', () => {
  it('tells where an alert goes, when, and why', () => {
    const { status, out, err } = binnacle('route', 'alertname=Down', 'severity=critical', 'job=web', 'zone=');
    expect(err).toBe('');
    expect(status).toBe(0);
    expect(out).toBe(`pager
  route   {}/{severity=~"critical|page"}/1
  group   {}/{severity=~"critical|page"}:{alertname="Down"}  (by alertname)
  timing  first after 5s, changes after 5m, the same again after 4h
  not     in always, never
  quiet   now, because of always

ops
  route   {}/{job=~".+"}/2/{job="web"}/0
  group   {}/{job=~".+"}/{job="web"}:{alertname="Down", job="web", severity="critical"}  (each alert alone)
  timing  first after 30s, changes after 5m, the same again after 4h

✓ (every alert)
├─ ✗ {team="db"}  team="db" fails: there is no such label
├─ ✓ {severity=~"critical|page"}  → pager, and the next routes are tried too
├─ ✓ {job=~".+"}
│  ├─ ✓ {job="web"}  → ops
│  └─ · (every alert)  not tried: a route before it took the alert
└─ · (every alert)  not tried: a route before it took the alert
`);
  });

  it('answers programs in JSON', () => {
    const { status, out } = binnacle('route', '--json', '--alerts', 'alertmanager.yml', 'team=db');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      labels: { team: 'db' },
      receivers: ['db'],
      destinations: [
        {
          receiver: 'db',
          groupKey: '{}/{team="db"}:{}',
          groupBy: ['alertname'],
          groupWaitMs: 30_000,
          mutedBy: [],
        },
      ],
      tree: {
        outcome: 'passes',
        routes: [
          { outcome: 'takes', receiver: 'db' },
          { outcome: 'untried' },
          { outcome: 'untried' },
          { outcome: 'untried', routes: [] },
        ],
      },
    });
  });

  it('fails where the alert does not go where it should', () => {
    expect(binnacle('route', '--expect', 'db', 'team=db')).toMatchObject({ status: 0, err: '' });
    const { status, err } = binnacle('route', '--expect', 'pager,db', 'team=web');
    expect(status).toBe(1);
    expect(err).toBe('binnacle: goes to db, not to pager, db\n');
  });

  it.each([
    [['route', 'team'], 2, /bad matcher format: team/],
    [['route', 'team=~db'], 2, /an alert has labels, not conditions: NAME=VALUE, not team=~db/],
    [['route', 'a=b', 'a=c'], 2, /the label "a" is given twice/],
    [['route', '--alerts', 'gone.yml', 'a=b'], 1, /gone\.yml:1:1: cannot read the file/],
    [['route', '--alerts', 'bad.yml', 'a=b'], 1, /bad\.yml:1:20: the receiver "a" is not among/],
  ] as const)('refuses %j', (args, status, message) => {
    const answer = binnacle(...args);
    expect(answer.status).toBe(status);
    expect(answer.err).toMatch(message);
  });

  it('needs a file', () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'route', 'a=b'], {
      cwd: join(folder, 'empty'),
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('there is no alertmanager.yml here: name one with --alerts FILE');
  });
});

describe('binnacle check alerts', () => {
  it('tells what is in a file', () => {
    expect(binnacle('check', 'alerts', 'alertmanager.yml')).toEqual({
      status: 0,
      out: 'alertmanager.yml: valid, 7 routes, 3 receivers, 1 inhibit rule, 2 time intervals, 0 template files\n',
      err: '',
    });
  });

  it('reads templates too, and tells of the first fault in each', () => {
    mkdirSync(join(folder, 'templates'));
    writeFileSync(
      join(folder, 'templates/good.tmpl'),
      '{{ define "good" }}{{ .Status | toUpper }}{{ end }}\n',
    );
    writeFileSync(
      join(folder, 'templated.yml'),
      'route: { receiver: a }\nreceivers: [ { name: a } ]\ntemplates: [ "templates/*.tmpl" ]\n',
    );
    expect(binnacle('check', 'alerts', 'templated.yml').out).toContain(' 1 template file\n');
    writeFileSync(
      join(folder, 'templates/bad.tmpl'),
      '{{ define "bad" }}\n  {{ .Status | shout }}\n{{ end }}\n',
    );
    writeFileSync(join(folder, 'templates/worse.tmpl'), '{{ if .Alerts }}\n');
    const { status, err } = binnacle('check', 'alerts', 'templated.yml');
    expect(status).toBe(1);
    expect(err).toMatch(/templates\/bad\.tmpl:2:\d+: .*shout/);
    expect(err).toMatch(/templates\/worse\.tmpl:\d:\d+: /);
  });

  it('reads the templates in the fields of receivers, and shows no secret', () => {
    writeFileSync(
      join(folder, 'fields.yml'),
      [
        'route: { receiver: a }',
        'receivers:',
        '- name: a',
        '  slack_configs:',
        '  - api_url: http://h/planted',
        "    title: 'hello {{ .Alerts.Firing | lenn }}'",
        '    text: |',
        '      fine {{ .Status }}',
        '      not {{ if }}',
        '    fields: [{ title: t, value: \'{{ template "not.defined.here" . }}\' }]',
        '  webhook_configs:',
        "  - url: 'http://h/{{ bogus }}/planted'",
        '',
      ].join('\n'),
    );
    const { status, err } = binnacle('check', 'alerts', 'fields.yml');
    expect(status).toBe(1);
    expect(err.match(/^fields\.yml:\d+:\d+: .*$/gm)).toEqual([
      'fields.yml:6:39: the template is not valid: function "lenn" not defined',
      expect.stringMatching(/^fields\.yml:9:\d+: the template is not valid: /),
      expect.stringMatching(/^fields\.yml:12:\d+: the template is not valid: function "bogus"/),
    ]);
    expect(err).not.toContain('planted');
  });
});
