/** PagerDuty: an event that triggers or resolves the incident of a group. */
import type { PagerdutyConfig } from '../../config/receivers.ts';
import type { JsonValue } from '../../config/yaml-reader.ts';
import type { Integration } from '../integration.ts';
import { type Attempt, AttemptFailure, type ReceiverContext } from './attempt.ts';
import {
  groupHash,
  httpIntegration,
  type IntegrationPlace,
  postJson,
  statusOf,
  withoutEmpty,
} from './http-integration.ts';
import { expandJson } from './json-template.ts';
import { truncateChars } from './truncate.ts';

/** The largest event; one that is larger loses its details. */
export const PAGERDUTY_EVENT_BYTES_MAX = 512_000;
/** The longest summary. */
export const PAGERDUTY_SUMMARY_CHARS_MAX = 1024;

const TOO_LARGE = {
  error: 'Custom details have been removed because the original event exceeds the maximum size of 512KB',
};

/** One of `pagerduty_configs`. */
export function pagerdutyIntegration(
  config: PagerdutyConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  const isV1 = config.api === 'events-v1';
  return httpIntegration(place, context, {
    kind: 'pagerduty',
    config,
    async send(attempt, client) {
      const key = await attempt.secretText(config.key, isV1 ? 'service_key' : 'routing_key');
      if (key === '') throw new AttemptFailure(`${isV1 ? 'service_key' : 'routing_key'} is empty`, false);
      const details = Object.fromEntries(
        Object.entries(config.details).map(([name, value]) => [
          name,
          expandJson(value, (template) => attempt.text(template, `details.${name}`)),
        ]),
      );
      const event = isV1 ? eventV1 : eventV2;
      let body = JSON.stringify(event(config, attempt, key, details));
      if (Buffer.byteLength(body) > PAGERDUTY_EVENT_BYTES_MAX)
        body = JSON.stringify(event(config, attempt, key, TOO_LARGE));
      const answer = await postJson(attempt, client, config.url, body);
      // Version 1 says 403 where one asks too often.
      return attempt.judge(answer, isV1 ? [403] : [429], (text) =>
        answer.status < 300 ? text : answer.status === 400 ? errorsIn(text) : '',
      );
    },
  });
}

function eventV2(
  config: PagerdutyConfig,
  attempt: Attempt,
  routingKey: string,
  details: Readonly<Record<string, JsonValue>>,
): object {
  const text = (template: string, field: string): string => attempt.text(template, field);
  const images = config.images
    .map(({ src, alt, href }) => ({
      src: text(src, 'images'),
      alt: text(alt, 'images'),
      href: text(href, 'images'),
    }))
    .filter(({ src }) => src !== '');
  const links = config.links
    .map(({ href, text: label }) => ({ href: text(href, 'links'), text: text(label, 'links') }))
    .filter(({ href }) => href !== '');
  return {
    routing_key: routingKey,
    dedup_key: groupHash(attempt.notification),
    event_action: action(attempt),
    payload: {
      summary: truncateChars(text(config.description, 'description'), PAGERDUTY_SUMMARY_CHARS_MAX),
      source: text(config.source, 'source'),
      severity: text(config.severity, 'severity'),
      custom_details: details,
      ...withoutEmpty({
        class: text(config.class, 'class'),
        component: text(config.component, 'component'),
        group: text(config.group, 'group'),
      }),
    },
    ...withoutEmpty({
      client: text(config.client, 'client'),
      client_url: text(config.clientUrl, 'client_url'),
      images,
      links,
    }),
  };
}

function eventV1(
  config: PagerdutyConfig,
  attempt: Attempt,
  serviceKey: string,
  details: Readonly<Record<string, JsonValue>>,
): object {
  const isTrigger = action(attempt) === 'trigger';
  const description = truncateChars(
    attempt.text(config.description, 'description'),
    PAGERDUTY_SUMMARY_CHARS_MAX,
  );
  return {
    service_key: serviceKey,
    incident_key: groupHash(attempt.notification),
    event_type: action(attempt),
    details,
    // Fields of version 2 that Alertmanager sends here too.
    event_action: '',
    payload: null,
    ...withoutEmpty({
      description,
      client: isTrigger ? attempt.text(config.client, 'client') : '',
      client_url: isTrigger ? attempt.text(config.clientUrl, 'client_url') : '',
    }),
  };
}

function action(attempt: Attempt): 'trigger' | 'resolve' {
  return statusOf(attempt.notification) === 'resolved' ? 'resolve' : 'trigger';
}

/** What PagerDuty says is wrong with an event. */
function errorsIn(text: string): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return '';
  }
  if (typeof body !== 'object' || body === null) return '';
  const message = 'message' in body ? String(body.message) : '';
  const errors = 'errors' in body && Array.isArray(body.errors) ? body.errors.map(String) : [];
  return `${message}: ${errors.join(',')}`;
}
