/**
 * `AlertmanagerConfig`: routes and receivers for the Prometheus operator. Secrets are keys of one Secret, which whoever
 * runs the cluster makes.
 */

import { alertMatcher } from '../../alerting/alert-matcher.ts';
import {
  type Alerting,
  type AlertRoute,
  addressees,
  type Receiver,
  type SecretSource,
  type Smtp,
} from '../../alerting/alerting.ts';
import { DEFAULT_INHIBIT_RULES } from '../../alerting/inhibition.ts';
import { secretName, secretsOf } from '../../alerting/secrets.ts';
import type { Config } from '../../config/config.ts';
import { ALERT_TEMPLATE } from '../alert-template.ts';
import { GROUP_BY } from '../alertmanager.ts';
import { filled } from '../yaml-text.ts';
import { type Manifest, metadata } from './manifest.ts';

/** Reads one key of the Secret. */
type KeyOf = (source: SecretSource) => { readonly name: string; readonly key: string };

const MATCH_TYPES = ['=', '!=', '=~', '!~'] as const;

/** The name of the Secret that holds all secrets of alerting, each under its name. */
export function alertingSecretName({ name }: Config): string {
  return `${name}-alerting`;
}

/** Routes and receivers. */
export function alertmanagerConfig(config: Config, alerting: Alerting): Manifest & { readonly spec: object } {
  const secrets = secretsOf(alerting);
  const keyOf: KeyOf = (source) => ({ name: alertingSecretName(config), key: secretName(secrets, source) });
  const { receivers, route, inhibitRules = DEFAULT_INHIBIT_RULES, smtp } = alerting;
  return {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    kind: 'AlertmanagerConfig',
    metadata: metadata(config, config.name),
    spec: {
      route: {
        ...routeSpec({ ...route, groupBy: route.groupBy ?? GROUP_BY }),
        matchers: undefined,
      },
      receivers: Object.entries(receivers).map(([name, ways]) => ({ name, ...waysSpec(ways, smtp, keyOf) })),
      inhibitRules: filled(
        inhibitRules.map(({ sourceMatchers, targetMatchers, equal }) => ({
          sourceMatch: sourceMatchers.map(matcherSpec),
          targetMatch: targetMatchers.map(matcherSpec),
          equal,
        })),
      ),
    },
  };
}

function routeSpec(route: AlertRoute): Readonly<Record<string, unknown>> {
  const { receiver, matchers, groupBy, groupWait, groupInterval, repeatInterval, routes } = route;
  return {
    receiver,
    matchers: matchers?.map(matcherSpec),
    groupBy,
    groupWait,
    groupInterval,
    repeatInterval,
    continue: route.continue,
    routes: routes === undefined ? undefined : filled(routes.map(routeSpec)),
  };
}

function matcherSpec(text: string) {
  const matcher = alertMatcher(text);
  if (matcher === undefined)
    throw new TypeError(`${JSON.stringify(text)} is not a matcher such as severity = critical`);
  return { name: matcher.name, value: matcher.value, matchType: MATCH_TYPES.find((op) => op === matcher.op) };
}

function waysSpec(ways: readonly Receiver[], smtp: Smtp | undefined, keyOf: KeyOf): Record<string, object[]> {
  const lists: Record<string, object[]> = {};
  for (const way of ways) {
    for (const [list, entry] of waySpecs(way, smtp, keyOf)) lists[list] = [...(lists[list] ?? []), entry];
  }
  return lists;
}

function waySpecs(
  way: Receiver,
  smtp: Smtp | undefined,
  keyOf: KeyOf,
): (readonly [list: string, entry: object])[] {
  const sendResolved = way.sendResolved ?? true;
  switch (way.type) {
    case 'email':
      return [
        [
          'emailConfigs',
          {
            to: addressees(way),
            sendResolved,
            from: smtp?.from,
            smarthost: smtp?.smarthost,
            authUsername: smtp?.username,
            authPassword: smtp?.password === undefined ? undefined : keyOf(smtp.password),
            requireTLS: smtp?.requireTls,
          },
        ],
      ];
    case 'slack':
      return [
        [
          'slackConfigs',
          {
            apiURL: keyOf(way.webhookUrl),
            channel: way.channel,
            sendResolved,
            color: ALERT_TEMPLATE.color,
            title: '{{ .CommonLabels.alertname }} {{ .Status }} ({{ .Alerts | len }})',
            text: '{{ range .Alerts }}*{{ .Annotations.summary }}*\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}',
          },
        ],
      ];
    case 'webhook':
      return [
        [
          'webhookConfigs',
          {
            ...(typeof way.url === 'string' ? { url: way.url } : { urlSecret: keyOf(way.url) }),
            sendResolved,
          },
        ],
      ];
    case 'pagerduty':
      return [
        [
          'pagerdutyConfigs',
          {
            routingKey: keyOf(way.routingKey),
            sendResolved,
            severity: ALERT_TEMPLATE.severity,
            description: '{{ .CommonLabels.alertname }} {{ .Status }} ({{ .Alerts | len }})',
          },
        ],
      ];
  }
}
