/** Templates of messages beside Alertmanager's own, which amtool expands. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outside } from '../../../../test/outside.ts';
import type { Notification } from '../../dist/notify/integration.js';
import { LoadedMessageTemplates } from '../../dist/notify/message-templates.js';
import { ManualClock } from '../manual-clock.js';
import {
  HTML_TEMPLATES,
  NOTIFICATION,
  REFUSED_HTML_TEMPLATES,
  TEXT_TEMPLATES,
  UNSUPPORTED_HTML_TEMPLATES,
  USER_FILE,
} from './message-cases.js';

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
/** For some hundred runs of amtool. */
const AMTOOL_MS = 600_000;

const templates = LoadedMessageTemplates.load(
  [{ path: `/etc/alertmanager/${USER_FILE.name}`, text: USER_FILE.text }],
  new ManualClock(NOW_MS),
);

/** The data of a notification as amtool reads it. */
function dataOf({ receiver, groupLabels, externalUrl, alerts, reason }: Notification): string {
  return JSON.stringify({
    receiver,
    status: alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    notification_reason: reason,
    groupLabels: groupLabels.toObject(),
    commonLabels: { alertname: 'Latency', env: 'prod', job: 'web' },
    commonAnnotations: {},
    externalURL: externalUrl,
    alerts: alerts.map((alert) => ({
      status: alert.status,
      labels: alert.labels.toObject(),
      annotations: alert.annotations,
      startsAt: new Date(alert.startsAtMs).toISOString(),
      endsAt: alert.status === 'firing' ? '0001-01-01T00:00:00Z' : new Date(alert.endsAtMs).toISOString(),
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
  });
}

interface Rendered {
  readonly text: string;
  readonly failed: boolean;
}

/** Debian keeps Alertmanager's default templates beside the program and not inside of it. */
function upstreamFiles(program: string): string[] {
  const beside = path.join(path.dirname(program), '../share/prometheus/alertmanager');
  return ['default.tmpl', 'email.tmpl']
    .map((name) => path.join(beside, name))
    .filter((name) => existsSync(name));
}

/** Expands with amtool, a few at a time. */
async function amtoolRender(
  program: string,
  type: 'text' | 'html',
  sources: readonly string[],
  notification = NOTIFICATION,
): Promise<Rendered[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'binnacle-messages-'));
  try {
    const data = path.join(folder, 'data.json');
    const file = path.join(folder, USER_FILE.name);
    await writeFile(data, dataOf(notification));
    await writeFile(file, USER_FILE.text);
    const args = [...upstreamFiles(program), file].map((glob) => `--template.glob=${glob}`);
    const rendered: Rendered[] = [];
    for (let i = 0; i < sources.length; i += 4) {
      const some = sources
        .slice(i, i + 4)
        .map((source) =>
          run(program, [
            ...['template', 'render', `--template.type=${type}`, `--template.data=${data}`, ...args],
            `--template.text=${source}`,
          ]),
        );
      rendered.push(...(await Promise.all(some)));
    }
    return rendered;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): Promise<Rendered> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) =>
      resolve({ text: error === null ? stdout : stderr.trimEnd(), failed: error !== null }),
    );
  });
}

function render(type: 'text' | 'html', source: string, loaded = templates): Rendered {
  try {
    return { text: loaded[type](source, NOTIFICATION), failed: false };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // amtool hands the data over as a value, Alertmanager as a pointer, and this does as Alertmanager does.
    return { text: `amtool: error: ${reason.replace('*template.Data', 'template.Data')}`, failed: true };
  }
}

/** Every template that Alertmanager's `default.tmpl` and `email.tmpl` define. */
const DEFAULT_NAMES: readonly string[] = [
  ...['__alertmanager', '__alertmanagerURL', '__subject', '__description'],
  ...['__text_alert_list', '__text_alert_list_markdown'],
  ...of('slack', 'title username fallback callbackid pretext titlelink iconemoji iconurl text footer color'),
  ...of('pagerduty', 'description client clientURL instances'),
  ...of('opsgenie', 'message description source'),
  ...of('wechat', 'message to_user to_party to_tag agent_id'),
  ...of('victorops', 'state_message entity_display_name monitoring_tool'),
  ...of('pushover', 'title message url'),
  ...of('sns', 'subject message'),
  ...of('telegram', 'message'),
  ...of('discord', 'content title message'),
  ...of('webex', 'message'),
  ...of('msteams', 'summary title text'),
  ...of('msteamsv2', 'title text'),
  ...of('jira', 'summary description priority'),
  ...of('rocketchat', 'title alias titlelink emoji iconurl text'),
  ...of('mattermost', 'color username title titlelink fallback text'),
  ...of('email', 'subject html'),
];

function of(receiver: string, fields: string): string[] {
  return fields.split(' ').map((field) => `${receiver}.default.${field}`);
}

/** Templates that are about a list of alerts and not about a message. */
const ABOUT_LISTS = new Set([
  '__text_alert_list',
  '__text_alert_list_markdown',
  'pagerduty.default.instances',
]);

describe('templates of messages', () => {
  it('expand to text as amtool expands them, and fail in its words', {
    timeout: AMTOOL_MS,
  }, async (context) => {
    const want = await amtoolRender(outside(context, 'amtool'), 'text', TEXT_TEMPLATES);
    const differing = TEXT_TEMPLATES.map((source, i) => ({
      source,
      want: want[i]!,
      got: render('text', source),
    })).filter((one) => one.want.text !== one.got.text || one.want.failed !== one.got.failed);
    expect(differing).toEqual([]);
    expect(want.filter(({ failed }) => failed).length).toBeGreaterThan(20);
  });

  it('expand to HTML as amtool expands them', { timeout: AMTOOL_MS }, async (context) => {
    const want = await amtoolRender(outside(context, 'amtool'), 'html', HTML_TEMPLATES);
    const got = HTML_TEMPLATES.map((source) => render('html', source));
    const differing = HTML_TEMPLATES.map((source, i) => ({
      source,
      want: want[i]!.text,
      got: got[i]!.text,
    })).filter((one) => one.want !== one.got);
    expect(differing).toEqual([]);
    expect([...want, ...got].filter(({ failed }) => failed)).toEqual([]);
  });

  it('escape whatever a label holds as amtool does', { timeout: AMTOOL_MS }, async (context) => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({
        unit: fc.constantFrom(
          ...['<', '>', '"', "'", '&', '#', '=', ' ', '/', ':', '`', '+', '%', '-', ';', '(', ')'],
        ),
        maxLength: 10,
      }),
      fc.string({
        unit: fc.constantFrom(
          ...[
            'javascript:',
            'http://',
            'data:',
            '&amp;',
            '&#',
            '%2f',
            '<!--',
            '-->',
            '</title>',
            '<b>',
            '\t',
            '\n',
            'é',
          ],
        ),
        maxLength: 5,
      }),
    );
    const alerts = fc
      .sample(hostile, { numRuns: 400, seed: 20_260 })
      .map((text) => ({ ...NOTIFICATION.alerts[0]!, annotations: { x: text } }));
    const source = `{{ range .Alerts }}{{ with .Annotations }}
<p>{{ .x }}</p><p title="{{ .x }}" class='{{ .x }}' id={{ .x }}></p><title>{{ .x }}</title>
<a href="{{ .x }}" data-url='a{{ .x }}' src="?{{ .x }}">a</a><a href={{ .x }}>b</a><b title="{{ .x | html }}">{{ .x | html }}</b>
<a href="{{ safeUrl .x }}">c</a><a href="?q={{ safeUrl .x }}&r={{ .x | urlquery }}">d</a>
<p style="color: {{ .x }}">e</p><!-- {{ .x }} -->
{{ end }}{{ end }}`;
    const notification = { ...NOTIFICATION, alerts };
    const [want] = await amtoolRender(outside(context, 'amtool'), 'html', [source], notification);
    expect(want).toMatchObject({ failed: false });
    const got = templates.html(source, notification).split('\n');
    expect(got).toEqual(want!.text.split('\n'));
  });

  it('write, within whatever HTML, what amtool writes or nothing', {
    timeout: AMTOOL_MS,
  }, async (context) => {
    const value = '(index .Alerts 0)';
    const piece = fc.constantFrom(
      ...[
        '<p>',
        '</p>',
        '<a href="',
        '<a href=',
        "<a title='",
        '">',
        '"',
        "'",
        '>',
        '<b',
        '<br/>',
        '<!--',
        '-->',
      ],
      ...[
        '<title>',
        '</title>',
        '<style>',
        '</style>',
        '<textarea>',
        '</textarea>',
        '<p style="',
        'color: ',
        ' x',
      ],
      ...[
        ' class=',
        '=',
        '<',
        '/',
        '?',
        '#',
        '&',
        'a',
        'http:',
        ';',
        '<script>',
        '</script>',
        ' onclick="',
        '</',
      ],
      ...['<!DOCTYPE html>', '<3', ' ', '\n', '<a data-x="', '<svg:a xlink:href="', '{{ .Status }}'],
      ...[`{{ ${value}.Labels.weird }}`, `{{ ${value}.Annotations.bad_url }}`, '{{ safeHtml "<i>x</i>" }}'],
      `{{ ${value}.Annotations.runbook_url }}`,
    );
    const numRuns = process.env.BINNACLE_SOAK === '1' ? 3000 : 200;
    const sources = fc
      .sample(fc.array(piece, { minLength: 2, maxLength: 9 }), { numRuns, seed: 20_260 })
      .map((pieces) => pieces.join(''))
      .filter((source) => source.includes('{{'));
    const want = await amtoolRender(outside(context, 'amtool'), 'html', sources);
    const got = sources.map((source) => render('html', source));
    const differing = sources
      .map((source, i) => ({ source, want: want[i]!, got: got[i]! }))
      .filter((one) => !one.got.failed && (one.want.failed || one.want.text !== one.got.text));
    expect(differing).toEqual([]);
    // What only this refuses are values in scripts and the like.
    const onlyHere = sources.filter((_, i) => got[i]!.failed && !want[i]!.failed);
    expect(onlyHere.filter((source) => !/script|onclick|style|<[a-z]* \{\{/.test(source))).toEqual([]);
    expect(got.filter(({ failed }) => !failed).length).toBeGreaterThan(10);
  });

  it('refuse HTML that amtool refuses, and what is not supported', {
    timeout: AMTOOL_MS,
  }, async (context) => {
    const want = await amtoolRender(outside(context, 'amtool'), 'html', REFUSED_HTML_TEMPLATES);
    expect(want.filter(({ failed }) => !failed)).toEqual([]);
    for (const source of [...REFUSED_HTML_TEMPLATES, ...UNSUPPORTED_HTML_TEMPLATES])
      expect(() => templates.html(source, NOTIFICATION), source).toThrowError(
        expect.objectContaining({ name: 'TemplateError' }),
      );
  });

  it("expand Alertmanager's own default templates as amtool does", {
    timeout: AMTOOL_MS,
  }, async (context) => {
    const program = outside(context, 'amtool');
    const files = upstreamFiles(program);
    if (files.length < 2) context.skip('the default templates are inside of this amtool');
    const loaded = LoadedMessageTemplates.load(
      await Promise.all(files.map(async (file) => ({ path: file, text: await readFile(file, 'utf8') }))),
      new ManualClock(NOW_MS),
    );
    const sources = DEFAULT_NAMES.map(
      (name) => `{{ template "${name}" ${ABOUT_LISTS.has(name) ? '.Alerts' : '.'} }}`,
    );
    for (const type of ['text', 'html'] as const) {
      const want = await amtoolRender(program, type, sources);
      // A text of the user's file, which amtool has beside them, is not of them.
      const own = sources.map((_, i) => DEFAULT_NAMES[i] !== 'slack.default.text');
      const got = sources.map((source) => render(type, source, loaded));
      expect(got.filter((_, i) => own[i])).toEqual(want.filter((_, i) => own[i]));
      expect(got.filter(({ failed }) => failed)).toEqual([]);
    }
  });

  it('have the defaults that Alertmanager has, by name', { timeout: AMTOOL_MS }, async (context) => {
    const sources = DEFAULT_NAMES.map(
      (name) => `{{ template "${name}" ${ABOUT_LISTS.has(name) ? '.Alerts' : '.'} }}`,
    );
    const rendered = await amtoolRender(outside(context, 'amtool'), 'text', sources);
    expect(rendered.filter(({ failed }) => failed)).toEqual([]);
    for (const source of sources) expect(render('text', source), source).toMatchObject({ failed: false });
    const known = templates
      .names()
      .filter((name) => !/^(?:mine\.|default\.tmpl|email\.tmpl|__binnacle)/.test(name));
    expect(known.sort()).toEqual([...DEFAULT_NAMES].sort());
  });
});

describe('the data of messages', () => {
  const text = (source: string, notification: Notification = NOTIFICATION): string =>
    templates.text(source, notification);

  it('has in common what all alerts have', () => {
    const [first, second] = NOTIFICATION.alerts;
    const pair = { ...NOTIFICATION, alerts: [first!, { ...second!, annotations: first!.annotations }] };
    expect(text('{{ .CommonLabels }}', pair)).toBe('alertname=Latency, env=prod, job=web');
    expect(text('{{ .CommonAnnotations.Names }}', pair)).toBe('[bad_url description runbook_url summary]');
    expect(text('{{ .CommonAnnotations }}')).toBe('');
  });

  it('is resolved when nothing fires', () => {
    const resolved = { ...NOTIFICATION, alerts: NOTIFICATION.alerts.slice(2) };
    expect(text('{{ .Status }} {{ template "__subject" . }}', resolved)).toBe(
      'resolved [RESOLVED] Latency prod (web-3:80 web critical)',
    );
    expect(text('{{ template "slack.default.color" . }}', resolved)).toBe('good');
  });

  it('writes the name of the receiver as a pattern, as Alertmanager does', () => {
    expect(text('{{ .Receiver }}', { ...NOTIFICATION, receiver: 'a.b+c' })).toBe('a\\.b\\+c');
  });

  it('knows the time from the clock', () => {
    expect(text('{{ now.UTC }}')).toBe('2026-11-21 12:00:00 +0000 UTC');
    expect(text('{{ since (index .Alerts 0).StartsAt }}')).toBe('2h54m52.75s');
    const { reason: _, ...without } = NOTIFICATION;
    expect(text('{{ .NotificationReason }}', without)).toBe('unknown');
  });
});

describe('files of templates', () => {
  const load = (...texts: string[]): LoadedMessageTemplates =>
    LoadedMessageTemplates.load(
      texts.map((text, i) => ({ path: `/templates/${i}.tmpl`, text })),
      new ManualClock(NOW_MS),
    );

  it('replace what is there by default, the later the stronger, unless they are blank', () => {
    const loaded = load(
      '{{ define "slack.default.text" }}one{{ end }}{{ define "__subject" }} {{ end }}',
      '{{ define "slack.default.text" }}two{{ end }}',
    );
    expect(loaded.text('{{ template "slack.default.text" . }}', NOTIFICATION)).toBe('two');
    expect(loaded.text('{{ template "__subject" . }}', NOTIFICATION)).toContain('[FIRING:2]');
    expect(
      loaded.text(
        '{{ define "__subject" }}mine{{ end }}{{ template "email.default.subject" . }}',
        NOTIFICATION,
      ),
    ).toBe('mine');
    expect(loaded.text('{{ template "email.default.subject" . }}', NOTIFICATION)).toContain('[FIRING:2]');
  });

  it('are refused with file, line and column', () => {
    expect(() => load('fine', 'line\n  {{ if .x }}\nno end')).toThrow(
      '/templates/1.tmpl:2:2: unexpected EOF: {{end}} is missing',
    );
    expect(() => load('{{ humanize 3 }}')).toThrow('/templates/0.tmpl:1:3: function "humanize" not defined');
    expect(() => load().check('{{ .Status | nope }}')).toThrow('function "nope" not defined');
    expect(() => load().text('{{ if }}', NOTIFICATION)).toThrow('missing value for if');
  });

  it('name the file of a template that fails', () => {
    const loaded = load('\n{{ define "bad" }}{{ .Nope }}{{ end }}');
    expect(() => loaded.text('{{ template "bad" . }}', NOTIFICATION)).toThrow(
      'template: 0.tmpl:2:21: executing "bad" at <.Nope>: can\'t evaluate field Nope in type *template.Data',
    );
  });
});

describe('default templates', () => {
  const many: Notification = {
    ...NOTIFICATION,
    alerts: Array.from({ length: 10_000 }, (_, i) => ({
      ...NOTIFICATION.alerts[i % 3]!,
      labels: Labels.of({ alertname: 'Latency', instance: `web-${i}` }),
    })),
  };

  it('stay short when ten thousand alerts fire at once', () => {
    const html = templates.html('{{ template "email.default.html" . }}', many);
    expect(html).toContain('The first 50 of 6667.');
    expect(html.length).toBeLessThan(300_000);
    for (const name of DEFAULT_NAMES.filter(
      (name) => !ABOUT_LISTS.has(name) && name !== 'email.default.html',
    )) {
      const text = templates.text(`{{ template "${name}" . }}`, many);
      expect(text.length, name).toBeLessThan(120_000);
    }
    expect(templates.text('{{ template "__text_alert_list" .Alerts }}', many)).toContain(
      'of 10000 alerts in all',
    );
    expect(templates.text('{{ range .Alerts.Firing }}{{ .Labels }};{{ end }}', many).split(';')).toHaveLength(
      6668,
    );
  });

  it('list alerts with all that they say', () => {
    expect(templates.text('{{ template "telegram.default.message" . }}', NOTIFICATION)).toBe(
      `Firing (2)
* Latency (critical) since 2026-11-21 09:05:07 UTC
  bad_url: javascript:alert(1)
  description: p99 is 2.5s
on web-1
  runbook_url: https://runbooks.example.org/latency?a=1&b="2"
  summary: Slow <b>pages</b> & more
  labels: alertname=Latency, env=prod, instance=web-1:80, job=web, severity=critical, weird=a "b" <c> & 'd' + é
  http://prom.example.org/graph?g0.expr=up%7Bjob%3D%22web%22%7D+%3D%3D+0&g0.tab=1
* Latency (warning) since 2026-03-01 23:59:59 UTC
  color: red; background: url(x)
  summary: Slow pages
  labels: alertname=Latency, env=prod, instance=web-2:80, job=web, severity=warning
  http://prom.example.org/graph?g0.expr=up%7Bjob%3D%22web%22%7D+%3D%3D+0&g0.tab=1

Resolved (1)
* Latency (critical) since 2026-11-20 00:00:00 UTC, until 2026-11-20 01:02:03 UTC
  summary: Slow pages
  labels: alertname=Latency, env=prod, instance=web-3:80, job=web, severity=critical
  http://prom.example.org/graph?g0.expr=up%7Bjob%3D%22web%22%7D+%3D%3D+0&g0.tab=1
`,
    );
  });

  it('write mail that no label can break', () => {
    const html = templates.html('{{ template "email.default.html" . }}', NOTIFICATION);
    expect(html).toContain('Slow &lt;b&gt;pages&lt;/b&gt; &amp; more');
    expect(html).toContain('weird=a &#34;b&#34; &lt;c&gt; &amp; &#39;d&#39; &#43; é');
    expect(html).toContain('href="https://runbooks.example.org/latency?a=1&amp;b=%222%22"');
    expect(html).toContain('href="https://monitor.example.org/#/alerts?receiver=team-web"');
    expect(html).not.toContain('href="javascript');
    expect(html).not.toContain('ZgotmplZ');
    expect(html.match(/<table/g)).toHaveLength(html.match(/<\/table>/g)!.length);
    expect(html.match(/<div/g)).toHaveLength(html.match(/<\/div>/g)!.length);
  });
});
