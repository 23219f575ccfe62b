/**
 * The default message by mail: one column that a phone shows well, readable in light and dark.
 *
 *     ┌ bar: red while something fires, green after ─┐
 *     │ 2 firing, 1 resolved                         │
 *     │ Latency                                      │
 *     ├ summary, group labels, [ Open in Binnacle ] ─┤
 *     ├ a card for each alert ───────────────────────┤
 *     │ Latency  critical                            │
 *     │ summary, further annotations                 │
 *     │ since, until, source, runbook, dashboard     │
 *     │ its labels                                   │
 *     └ who sent it ─────────────────────────────────┘
 *
 * Mail programs know little CSS: tables make the layout and every colour stands at its element; the style sheet only
 * adds what programs that know it do better, the dark colours. Every colour of text has a contrast of at least 4.5
 * on its background.
 */

/** How many alerts of each kind a mail shows; of further ones it tells the number. */
export const EMAIL_ALERTS_SHOWN_MAX = 50;

const FONT = "font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;";
const MONO = 'font-family: ui-monospace, Menlo, Consolas, monospace;';

const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  body { margin: 0; padding: 0; -webkit-text-size-adjust: 100%; }
  @media (prefers-color-scheme: dark) {
    .page { background-color: #14171c !important; }
    .sheet { background-color: #1d2129 !important; border-color: #363c47 !important; }
    .card { background-color: #1d2129 !important; border-top-color: #363c47 !important; border-right-color: #363c47 !important; border-bottom-color: #363c47 !important; }
    .ink { color: #e8eaee !important; }
    .pale { color: #a6adb9 !important; }
    .link { color: #8ab4ff !important; }
    .chip { background-color: #2a303a !important; color: #d3d8e0 !important; }
    .rule { border-color: #363c47 !important; }
  }
  @media (max-width: 640px) {
    .outer { padding: 0 !important; }
    .sheet { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; }
    .pad { padding-left: 16px !important; padding-right: 16px !important; }
  }
`;

const CARD = `
{{ define "__binnacle_email_alert" }}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="card" style="border: 1px solid #dfe3e8; border-left: 4px solid {{ if eq .Status "firing" }}#d93025{{ else }}#1e8e3e{{ end }}; border-radius: 6px; margin: 0 0 12px; background-color: #ffffff;">
<tr><td style="padding: 12px 14px; ${FONT} font-size: 14px; line-height: 1.5; word-break: break-word;">
<div class="ink" style="color: #1f2328; font-size: 15px; font-weight: 600;">{{ or .Labels.alertname "Alert" }}
{{- with .Labels.severity }} <span class="chip" style="background-color: #eef1f4; color: #424a53; border-radius: 10px; padding: 1px 8px; font-size: 12px; font-weight: 500; white-space: nowrap;">{{ . }}</span>{{ end }}</div>
{{- with .Annotations.summary }}
<div class="ink" style="color: #1f2328; margin-top: 4px;">{{ . }}</div>
{{- end }}
{{- with .Annotations.description }}
<div class="ink" style="color: #1f2328; margin-top: 4px; white-space: pre-line;">{{ . }}</div>
{{- end }}
{{- range (.Annotations.Remove (stringSlice "summary" "description" "runbook_url" "dashboard_url")).SortedPairs }}
<div class="ink" style="color: #1f2328; margin-top: 4px;"><span class="pale" style="color: #5a626d;">{{ .Name }}:</span> {{ .Value }}</div>
{{- end }}
<div class="pale" style="color: #5a626d; font-size: 13px; margin-top: 8px;">since {{ .StartsAt.UTC.Format "2 Jan 2006 15:04:05 UTC" }}
{{- if eq .Status "resolved" }}, until {{ .EndsAt.UTC.Format "2 Jan 2006 15:04:05 UTC" }} ({{ .EndsAt.Sub .StartsAt | humanizeDuration }}){{ end }}
{{- with .GeneratorURL }} &middot; <a href="{{ . }}" class="link" style="color: #0b57d0;">source</a>{{ end }}
{{- with .Annotations.runbook_url }} &middot; <a href="{{ . }}" class="link" style="color: #0b57d0;">runbook</a>{{ end }}
{{- with .Annotations.dashboard_url }} &middot; <a href="{{ . }}" class="link" style="color: #0b57d0;">dashboard</a>{{ end }}</div>
{{- with (.Labels.Remove (stringSlice "alertname" "severity")).SortedPairs }}
<div style="margin-top: 8px;">
{{- range . }}<span class="chip" style="display: inline-block; background-color: #eef1f4; color: #424a53; border-radius: 4px; margin: 0 2px 4px 0; padding: 2px 6px; font-size: 12px; line-height: 1.4; ${MONO}">{{ .Name }}={{ .Value }}</span> {{ end -}}
</div>
{{- end }}
</td></tr>
</table>
{{ end }}
`;

const HEADING = `class="ink" style="color: #1f2328; ${FONT} font-size: 13px; font-weight: 600; text-transform: uppercase; letter-spacing: 0.04em; margin: 20px 0 10px;"`;

/** A list of alerts of one kind under its heading; the dot is the list. */
function section(name: string, heading: string): string {
  return `
{{ define "${name}" }}
<div ${HEADING}>${heading} ({{ len . }})</div>
{{- if gt (len .) ${EMAIL_ALERTS_SHOWN_MAX} }}
{{ range slice . 0 ${EMAIL_ALERTS_SHOWN_MAX} }}{{ template "__binnacle_email_alert" . }}{{ end }}
<div class="pale" style="color: #5a626d; ${FONT} font-size: 14px;">The first ${EMAIL_ALERTS_SHOWN_MAX} of {{ len . }}.</div>
{{- else }}
{{ range . }}{{ template "__binnacle_email_alert" . }}{{ end }}
{{- end }}
{{ end }}
`;
}

const PAGE = `
{{ define "email.default.html" }}<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ template "__subject" . }}</title>
<style>${STYLE}</style>
</head>
<body class="page" style="margin: 0; padding: 0; background-color: #f3f5f7;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="page" style="background-color: #f3f5f7;">
<tr><td class="outer" align="center" style="padding: 24px 12px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="sheet" style="max-width: 640px; background-color: #ffffff; border: 1px solid #dfe3e8; border-radius: 8px; overflow: hidden; text-align: left;">
<tr><td class="pad" style="padding: 18px 24px; background-color: {{ if eq .Status "firing" }}#b3261e{{ else }}#146c2e{{ end }}; color: #ffffff; ${FONT}">
<div style="font-size: 13px; color: #ffffff;">
{{- with .Alerts.Firing }}{{ len . }} firing{{ end }}
{{- if and .Alerts.Firing .Alerts.Resolved }}, {{ end }}
{{- with .Alerts.Resolved }}{{ len . }} resolved{{ end }}</div>
<div style="font-size: 20px; line-height: 1.3; font-weight: 600; color: #ffffff; margin-top: 2px; word-break: break-word;">
{{- or .CommonLabels.alertname (join " " .GroupLabels.Values) "Alerts" }}</div>
</td></tr>
<tr><td class="pad" style="padding: 16px 24px 24px; ${FONT}">
{{- with .CommonAnnotations.summary }}
<div class="ink" style="color: #1f2328; font-size: 15px; line-height: 1.5; word-break: break-word;">{{ . }}</div>
{{- end }}
{{- with .GroupLabels.SortedPairs }}
<div class="pale" style="color: #5a626d; font-size: 13px; line-height: 1.5; margin-top: 4px; word-break: break-word;">Grouped by {{ range $i, $pair := . }}{{ if $i }}, {{ end }}{{ $pair.Name }}={{ $pair.Value }}{{ end }}</div>
{{- end }}
<div style="margin-top: 14px;"><a href="{{ template "__alertmanagerURL" . }}" style="display: inline-block; background-color: #0b57d0; color: #ffffff; font-size: 14px; font-weight: 600; text-decoration: none; padding: 10px 16px; border-radius: 6px;">Open in {{ template "__alertmanager" . }}</a></div>
{{- with .Alerts.Firing }}{{ template "__binnacle_email_firing" . }}{{ end }}
{{- with .Alerts.Resolved }}{{ template "__binnacle_email_resolved" . }}{{ end }}
<div class="pale rule" style="color: #5a626d; font-size: 12px; line-height: 1.5; border-top: 1px solid #dfe3e8; margin-top: 20px; padding-top: 12px; word-break: break-word;">Sent by <a href="{{ .ExternalURL }}" class="link" style="color: #0b57d0;">{{ template "__alertmanager" . }}</a> to the receiver {{ reReplaceAll "\\\\\\\\(.)" "$1" .Receiver }}.</div>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
{{ end }}
`;

/** The templates of mail, all but the subject. */
export const DEFAULT_EMAIL: string = [
  CARD,
  section('__binnacle_email_firing', 'Firing'),
  section('__binnacle_email_resolved', 'Resolved'),
  PAGE,
].join('');
