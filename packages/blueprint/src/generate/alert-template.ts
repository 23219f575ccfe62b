/**
 * The texts of notifications, as a template file of Alertmanager.
 *
 * They are our own and every receiver names them: the defaults differ between versions and distributions, and a default
 * that is missing blanks the fields behind it without a word.
 */

import { GENERATED_HEADER } from './generated-file.ts';

/** Relative to `alertmanager.yml`. */
export const ALERT_TEMPLATE_PATH = 'templates/binnacle.tmpl';

/** What `alertmanager.yml` names. */
export const ALERT_TEMPLATE = {
  title: '{{ template "binnacle.title" . }}',
  text: '{{ template "binnacle.text" . }}',
  slack: '{{ template "binnacle.slack" . }}',
  html: '{{ template "binnacle.html" . }}',
  /** Slack's own words for red and green, with the warnings between. */
  color:
    '{{ if ne .Status "firing" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}',
  /** One of the four that PagerDuty knows. */
  severity:
    '{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "info" }}info{{ else }}warning{{ end }}',
} as const;

/** The file. */
export const ALERT_TEMPLATE_TEXT = `{{/* ${GENERATED_HEADER} */}}
{{/* The line that is read on a telephone: how many, what, where. */}}
{{ define "binnacle.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.alertname }}{{ with .CommonLabels.job }} in {{ . }}{{ end }}{{ with .CommonLabels.severity }} ({{ . }}){{ end }}
{{- end }}

{{/* Each alert in plain text: what is wrong, and where it says what to do. */}}
{{ define "binnacle.text" -}}
{{ range $i, $alert := .Alerts }}{{ if $i }}

{{ end }}{{ .Status | toUpper }}: {{ or .Annotations.summary .Labels.alertname }}
{{ with .Annotations.description }}{{ . }}
{{ end }}{{ with .Annotations.runbook_url }}Runbook: {{ . }}
{{ end }}{{ with .Annotations.dashboard_url }}Dashboard: {{ . }}
{{ end }}{{ range $j, $label := .Labels.SortedPairs }}{{ if $j }} {{ end }}{{ .Name }}={{ .Value }}{{ end }}{{ end }}
{{- end }}

{{/* The same with the marks that Slack knows. */}}
{{ define "binnacle.slack" -}}
{{ range $i, $alert := .Alerts }}{{ if $i }}

{{ end }}*{{ or .Annotations.summary .Labels.alertname }}*{{ if ne .Status "firing" }} (resolved){{ end }}
{{ with .Annotations.description }}{{ . }}
{{ end }}{{ with .Annotations.runbook_url }}<{{ . }}|Runbook>  {{ end }}{{ with .Annotations.dashboard_url }}<{{ . }}|Dashboard>  {{ end }}{{ with .GeneratorURL }}<{{ . }}|Query>{{ end }}
{{ range $j, $label := .Labels.SortedPairs }}{{ if $j }} {{ end }}\`{{ .Name }}={{ .Value }}\`{{ end }}{{ end }}
{{- end }}

{{/* Mail, for readers that show HTML. */}}
{{ define "binnacle.html" -}}
<!doctype html>
<html>
<body style="font-family: sans-serif">
<h2>{{ template "binnacle.title" . }}</h2>
{{ range .Alerts }}
<h3>{{ or .Annotations.summary .Labels.alertname }}{{ if ne .Status "firing" }} (resolved){{ end }}</h3>
{{ with .Annotations.description }}<p>{{ . }}</p>{{ end }}
<p>{{ with .Annotations.runbook_url }}<a href="{{ . }}">Runbook</a> {{ end }}{{ with .Annotations.dashboard_url }}<a href="{{ . }}">Dashboard</a> {{ end }}{{ with .GeneratorURL }}<a href="{{ . }}">Query</a>{{ end }}</p>
<table>
{{ range .Labels.SortedPairs }}<tr><td>{{ .Name }}</td><td>{{ .Value }}</td></tr>
{{ end }}</table>
{{ end }}
{{ with .ExternalURL }}<p><a href="{{ . }}">All alerts</a></p>{{ end }}
</body>
</html>
{{ end }}
`;
