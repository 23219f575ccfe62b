/** Opsgenie: an alert that is made, changed and closed under the name of its group. */
import type { OpsgenieConfig } from '../../config/receivers.ts';
import type { HttpSend } from '../../http-exchange.ts';
import type { Integration, SendResult } from '../integration.ts';
import type { Attempt, ReceiverContext } from './attempt.ts';
import {
  groupHash,
  httpIntegration,
  type IntegrationPlace,
  postJson,
  statusOf,
  withoutEmpty,
} from './http-integration.ts';
import { truncateChars } from './truncate.ts';
import { common } from './webhook.ts';

/** The longest message of an alert. */
export const OPSGENIE_MESSAGE_CHARS_MAX = 130;

interface OpsgenieRequest {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: object;
}

/** One of `opsgenie_configs`. */
export function opsgenieIntegration(
  config: OpsgenieConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'opsgenie',
    config,
    async send(attempt, client) {
      const key = await attempt.secretText(config.apiKey, 'api_key');
      const requests =
        statusOf(attempt.notification) === 'resolved'
          ? [closeRequest(config, attempt)]
          : createRequests(config, attempt);
      return await sendAll(requests, config, key, attempt, client);
    },
  });
}

async function sendAll(
  requests: readonly OpsgenieRequest[],
  config: OpsgenieConfig,
  key: string,
  attempt: Attempt,
  client: HttpSend,
): Promise<SendResult> {
  let result: SendResult = { ok: true };
  for (const { method, path, body } of requests) {
    const url = new URL(config.apiUrl);
    const [pathname, query = ''] = path.split('?');
    url.pathname += pathname;
    if (query !== '') url.search = url.search === '' ? query : `${url.search}&${query}`;
    const headers = { authorization: `GenieKey ${key}` };
    result = attempt.judge(await postJson(attempt, client, url.href, body, { method, headers }), [429]);
    if (!result.ok) return result;
  }
  return result;
}

function closeRequest(config: OpsgenieConfig, attempt: Attempt): OpsgenieRequest {
  return {
    method: 'POST',
    path: `v2/alerts/${groupHash(attempt.notification)}/close?identifierType=alias`,
    body: { source: attempt.text(config.source, 'source') },
  };
}

function createRequests(config: OpsgenieConfig, attempt: Attempt): OpsgenieRequest[] {
  const { notification } = attempt;
  const text = (template: string, field: string): string => attempt.text(template, field);
  const alias = groupHash(notification);
  const message = truncateChars(text(config.message, 'message'), OPSGENIE_MESSAGE_CHARS_MAX);
  const description = text(config.description, 'description');
  const details = common(notification.alerts.map((alert) => alert.labels.toObject()));
  for (const [name, template] of Object.entries(config.details))
    details[name] = text(template, `details.${name}`);
  const create: OpsgenieRequest = {
    method: 'POST',
    path: 'v2/alerts',
    body: {
      alias,
      message,
      details,
      source: text(config.source, 'source'),
      ...withoutEmpty({
        description,
        responders: responders(config, attempt),
        tags: listOf(text(config.tags, 'tags')),
        note: text(config.note, 'note'),
        priority: text(config.priority, 'priority'),
        entity: text(config.entity, 'entity'),
        actions: listOf(text(config.actions, 'actions')),
      }),
    },
  };
  if (!config.updateAlerts) return [create];
  const update = (part: string, body: object): OpsgenieRequest => ({
    method: 'PUT',
    path: `v2/alerts/${alias}/${part}?identifierType=alias`,
    body,
  });
  return [
    create,
    update('message', withoutEmpty({ message })),
    update('description', withoutEmpty({ description })),
  ];
}

function responders(config: OpsgenieConfig, attempt: Attempt): object[] {
  return config.responders.flatMap((responder) => {
    const [id, name, username, type] = [responder.id, responder.name, responder.username, responder.type].map(
      (template) => attempt.text(template, 'responders'),
    );
    // Responders can come from labels, and then be none.
    if (id === '' && name === '' && username === '' && type === '') return [];
    if (type === 'teams') return listOf(name ?? '').map((team) => ({ name: team, type: 'team' }));
    return [{ ...withoutEmpty({ id, name, username }), type }];
  });
}

/** The parts of a text between commas, without the empty ones. */
function listOf(text: string): string[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '');
}
