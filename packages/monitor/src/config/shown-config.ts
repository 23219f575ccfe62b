/**
 * The configuration as the API may show it: as it was written, without comments, and with `<secret>` wherever
 * Alertmanager writes that. Alertmanager and amtool can read the result.
 *
 * What is secret goes by the names of fields, and the names include those that Binnacle does not read: a file is
 * shown only after it was read without a problem, but a secret that slips through cannot be taken back.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
} from 'yaml';

/** What stands in place of a secret, there as here. */
export const SECRET = '<secret>';

/** Fields that are secret wherever they stand. */
const SECRET_FIELDS = new Set([
  'access_key',
  'alert_source_token',
  'api_key',
  'api_secret',
  'app_token',
  'auth_password',
  'auth_secret',
  'bearer_token',
  'bot_token',
  'client_certificate_key',
  'client_secret',
  'credentials',
  'key',
  'mattermost_webhook_url',
  'opsgenie_api_key',
  'password',
  'rocketchat_token',
  'rocketchat_token_id',
  'routing_key',
  'secret_key',
  'secrets',
  'service_key',
  'slack_api_url',
  'slack_app_token',
  'smtp_auth_password',
  'smtp_auth_secret',
  'telegram_bot_token',
  'token',
  'token_id',
  'user_key',
  'victorops_api_key',
  'webhook_url',
  'wechat_api_secret',
]);

/** Fields that are secret in the items of some lists only. */
const SECRET_FIELDS_IN: Readonly<Record<string, readonly string[]>> = {
  incidentio_configs: ['url'],
  slack_configs: ['api_url'],
  webhook_configs: ['url'],
  webhook_outputs: ['url'],
};

/** Mappings whose values are all secret, whatever they are called. */
const SECRET_MAPS = new Set(['proxy_connect_header']);

/** Mappings whose names are labels: one may well be called `key`. */
const LABEL_MAPS = new Set([
  'match',
  'match_re',
  'source_match',
  'source_match_re',
  'target_match',
  'target_match_re',
]);

const PASSWORD_IN_URL = /(\w:\/\/[^/?#\s:@]*):[^/?#\s]*@/g;

/** Shows a configuration that was read without a problem. */
export function shownConfig(text: string): string {
  const document = parseDocument(text, { stringKeys: true });
  if (document.contents === null) return '';
  new Redaction(document).node(document.contents, { secret: false, list: '' });
  document.comment = null;
  document.commentBefore = null;
  visit(document, {
    Node(_, node) {
      node.comment = null;
      node.commentBefore = null;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** Where a value stands, as far as it matters. */
interface Place {
  readonly secret: boolean;
  /** The list that it, or the mapping around it, is an item of. */
  readonly list: string;
}

/** Goes through a document and overwrites what is secret; an alias is followed, for it may stand for a secret. */
class Redaction {
  readonly #document: Document;
  /** The places in which a node was met already. */
  readonly #seen = new Map<Node, Set<string>>();

  constructor(document: Document) {
    this.#document = document;
  }

  node(node: unknown, place: Place): void {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (isScalar(target)) {
      if (place.secret && target.value !== null && target.value !== '') target.value = SECRET;
      else if (typeof target.value === 'string')
        target.value = target.value.replace(PASSWORD_IN_URL, '$1:xxxxx@');
      // Values of labels are texts: `0500` must not become 500.
      else if (target.value !== null && LABEL_MAPS.has(place.list) && String(target.value) !== target.source)
        target.value = target.source;
      return;
    }
    if (!isCollection(target) || this.#known(target, place)) return;
    if (isSeq(target)) for (const item of target.items) this.node(item, place);
    else if (isMap(target))
      for (const { key, value } of target.items) {
        const name = isScalar(key) ? String(key.value) : '';
        const same = name === '<<' || LABEL_MAPS.has(place.list);
        this.node(value, same ? place : this.#place(name, value, place));
      }
  }

  #place(name: string, value: unknown, { secret, list }: Place): Place {
    const map = isMap(isAlias(value) ? value.resolve(this.#document) : value);
    return {
      // A header may be called `token`: its mapping says itself what of it is secret.
      secret:
        secret ||
        SECRET_MAPS.has(name) ||
        (!map && (SECRET_FIELDS.has(name) || (SECRET_FIELDS_IN[list]?.includes(name) ?? false))),
      list: name,
    };
  }

  #known(node: Node, { secret, list }: Place): boolean {
    const place = `${secret} ${list}`;
    const places = this.#seen.get(node) ?? new Set();
    if (places.has(place)) return true;
    this.#seen.set(node, places.add(place));
    return false;
  }
}
