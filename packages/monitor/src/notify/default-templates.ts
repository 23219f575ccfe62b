/**
 * The templates that are there without any file: those that receivers use where the configuration says nothing.
 *
 * Their names are Alertmanager's, all of them, since people's own templates call them and redefine them. The words
 * are ours, except where other programs read them: subjects and titles (`__subject`) are Alertmanager's letter by
 * letter, as are colours and priorities.
 *
 *     __subject                     [FIRING:2] Latency (web prod)
 *     __binnacle_sections           what fires and what has ended, an alert after the other
 *     __text_alert_list(_markdown)  the alerts of a list, the first {@link ALERTS_SHOWN_MAX} of them
 */
import { DEFAULT_EMAIL } from './default-email.ts';

/** How many alerts a default template shows; of further ones it tells the number. */
export const ALERTS_SHOWN_MAX = 100;

const SHORT = `
{{ define "__alertmanager" }}Binnacle{{ end }}
{{ define "__alertmanagerURL" }}{{ print .ExternalURL "/#/alerts?receiver=" }}{{ urlquery .Receiver }}{{ end }}
{{ define "__description" }}{{ end }}
{{ define "__subject" -}}
[{{ toUpper .Status }}{{ if eq .Status "firing" }}{{ len .Alerts.Firing | printf ":%d" }}{{ end }}] {{ join " " .GroupLabels.Values }}
{{- $others := .CommonLabels.Remove .GroupLabels.Names -}}
{{ if le (len .CommonLabels) (len .GroupLabels) }} {{ else }} ({{ join " " $others.Values }}){{ end }}
{{- end }}
{{ define "__binnacle_color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end }}
{{ define "__binnacle_fallback" }}{{ template "__subject" . }} | {{ template "__alertmanagerURL" . }}{{ end }}
`;

const LISTS = `
{{ define "__binnacle_times" -}}
since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}
{{- if eq .Status "resolved" }}, until {{ .EndsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}{{ end }}
{{- end }}

{{ define "__binnacle_name" }}{{ or .Labels.alertname "alert" }}{{ with .Labels.severity }} ({{ . }}){{ end }}{{ end }}

{{ define "__binnacle_text_alert" -}}
* {{ template "__binnacle_name" . }} {{ template "__binnacle_times" . }}
{{- range .Annotations.SortedPairs }}
  {{ .Name }}: {{ .Value }}
{{- end }}
  labels: {{ .Labels }}
{{- with .GeneratorURL }}
  {{ . }}
{{- end }}
{{ end }}

{{ define "__text_alert_list" -}}
{{ $more := len . }}
{{- if gt (len .) ${ALERTS_SHOWN_MAX} }}
{{- range slice . 0 ${ALERTS_SHOWN_MAX} }}{{ template "__binnacle_text_alert" . }}{{ end -}}
... of {{ $more }} alerts in all
{{ else }}
{{- range . }}{{ template "__binnacle_text_alert" . }}{{ end }}
{{- end }}
{{- end }}

{{ define "__binnacle_markdown_alert" }}
**{{ template "__binnacle_name" . }}** {{ template "__binnacle_times" . }}
{{ range .Annotations.SortedPairs }}
- {{ .Name }}: {{ .Value }}
{{- end }}
- labels: {{ range $i, $pair := .Labels.SortedPairs }}{{ if $i }}, {{ end }}\`{{ $pair.Name }}={{ $pair.Value }}\`{{ end }}
{{- with .GeneratorURL }}
- [Source]({{ . }})
{{- end }}
{{ end }}

{{ define "__text_alert_list_markdown" -}}
{{ $more := len . }}
{{- if gt (len .) ${ALERTS_SHOWN_MAX} }}
{{- range slice . 0 ${ALERTS_SHOWN_MAX} }}{{ template "__binnacle_markdown_alert" . }}{{ end }}
... of {{ $more }} alerts in all
{{ else }}
{{- range . }}{{ template "__binnacle_markdown_alert" . }}{{ end }}
{{- end }}
{{- end }}

{{ define "__binnacle_sections" -}}
{{ with .CommonAnnotations.summary }}{{ . }}

{{ end }}
{{- with .Alerts.Firing }}Firing ({{ len . }})
{{ template "__text_alert_list" . }}{{ end }}
{{- if and .Alerts.Firing .Alerts.Resolved }}
{{ end }}
{{- with .Alerts.Resolved }}Resolved ({{ len . }})
{{ template "__text_alert_list" . }}{{ end }}
{{- end }}

{{ define "__binnacle_sections_markdown" -}}
{{ with .CommonAnnotations.summary }}{{ . }}

{{ end }}
{{- with .Alerts.Firing }}## Firing ({{ len . }})
{{ template "__text_alert_list_markdown" . }}{{ end }}
{{- if and .Alerts.Firing .Alerts.Resolved }}
{{ end }}
{{- with .Alerts.Resolved }}## Resolved ({{ len . }})
{{ template "__text_alert_list_markdown" . }}{{ end }}
{{- end }}
`;

/** The priority of an issue: by the gravest alert that fires, or else that fired. */
const PRIORITY = `
{{ define "jira.default.priority" -}}
{{- $priority := "" -}}
{{- range $alerts := list .Alerts.Firing .Alerts.Resolved -}}
  {{- range $step := list (list "critical" "High") (list "warning" "Medium") (list "info" "Low") -}}
    {{- range $alerts -}}
      {{- if and (eq $priority "") (eq .Labels.severity (index $step 0)) -}}{{- $priority = index $step 1 -}}{{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $priority -}}
{{- end }}
`;

const EMPTY = '';
const SUBJECT = '{{ template "__subject" . }}';
const SENDER = '{{ template "__alertmanager" . }}';
const LINK = '{{ template "__alertmanagerURL" . }}';
const FALLBACK = '{{ template "__binnacle_fallback" . }}';
const COLOR = '{{ template "__binnacle_color" . }}';
const SECTIONS = '{{ template "__binnacle_sections" . }}';
const MARKDOWN = '{{ template "__binnacle_sections_markdown" . }}';

/** The fields of receivers: the name without its receiver, and what it is. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  slack: {
    title: SUBJECT,
    username: SENDER,
    fallback: FALLBACK,
    callbackid: EMPTY,
    pretext: EMPTY,
    titlelink: LINK,
    iconemoji: EMPTY,
    iconurl: EMPTY,
    text: EMPTY,
    footer: EMPTY,
    color: COLOR,
  },
  pagerduty: {
    description: SUBJECT,
    client: SENDER,
    clientURL: LINK,
    instances: '{{ template "__text_alert_list" . }}',
  },
  opsgenie: { message: SUBJECT, description: SECTIONS, source: LINK },
  wechat: {
    message: `${SUBJECT}\n${SECTIONS}\n${LINK}`,
    to_user: EMPTY,
    to_party: EMPTY,
    to_tag: EMPTY,
    agent_id: EMPTY,
  },
  victorops: { state_message: SECTIONS, entity_display_name: SUBJECT, monitoring_tool: SENDER },
  pushover: { title: SUBJECT, message: SECTIONS, url: LINK },
  sns: { subject: SUBJECT, message: SECTIONS },
  telegram: { message: SECTIONS },
  discord: { content: EMPTY, title: SUBJECT, message: MARKDOWN },
  webex: { message: SECTIONS },
  msteams: { summary: SUBJECT, title: SUBJECT, text: MARKDOWN },
  msteamsv2: { title: SUBJECT, text: MARKDOWN },
  jira: { summary: SUBJECT, description: MARKDOWN },
  rocketchat: { title: SUBJECT, alias: SENDER, titlelink: LINK, emoji: EMPTY, iconurl: EMPTY, text: EMPTY },
  mattermost: {
    color: COLOR,
    username: SENDER,
    title: SUBJECT,
    titlelink: LINK,
    fallback: FALLBACK,
    text: MARKDOWN,
  },
  email: { subject: SUBJECT },
};

function fieldTemplates(): string {
  return Object.entries(FIELDS)
    .flatMap(([receiver, fields]) =>
      Object.entries(fields).map(
        ([field, text]) => `{{ define "${receiver}.default.${field}" }}${text}{{ end }}\n`,
      ),
    )
    .join('');
}

/** The default templates, as if they came from files of these names. */
export const DEFAULT_TEMPLATES: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'default.tmpl', text: SHORT + LISTS + PRIORITY + fieldTemplates() },
  { name: 'email.tmpl', text: DEFAULT_EMAIL },
];
