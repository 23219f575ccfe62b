/**
 * The secrets of alerting: where each comes from, and the file in which Alertmanager finds it.
 *
 * Alertmanager reads secrets from files, so every one becomes a file of one folder, whatever its source: a compose
 * secret made from a variable of the environment, or a file of the host. The text of a secret passes through nothing
 * that is generated.
 */
import { compare } from '../order.ts';
import type { Alerting, SecretSource } from './alerting.ts';

/** Where Alertmanager finds its secrets, in its container. */
export const SECRETS_FOLDER = '/etc/alertmanager/secrets';

/** A secret with the name that it goes by. */
export interface NamedSecret {
  /** Lower case, digits and `_`; of one secret in one configuration. */
  readonly name: string;
  readonly source: SecretSource;
  /** What it is for, for people who fill it in. */
  readonly purpose: string;
}

/** All secrets, each once, by name. */
export function secretsOf(alerting: Alerting | undefined): readonly NamedSecret[] {
  const named = new Map<string, NamedSecret>();
  const taken = new Set<string>();
  for (const { source, purpose } of sourcesOf(alerting)) {
    const key = keyOf(source);
    if (named.has(key)) continue;
    const wanted = nameOf(source);
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    named.set(key, { name, source, purpose });
  }
  return [...named.values()].sort((a, b) => compare(a.name, b.name));
}

/** The name of a source's secret among those of a configuration. */
export function secretName(secrets: readonly NamedSecret[], source: SecretSource): string {
  const key = keyOf(source);
  return secrets.find((secret) => keyOf(secret.source) === key)?.name ?? nameOf(source);
}

function sourcesOf(
  alerting: Alerting | undefined,
): { readonly source: SecretSource; readonly purpose: string }[] {
  const found: { readonly source: SecretSource; readonly purpose: string }[] = [];
  if (alerting?.smtp?.password !== undefined)
    found.push({
      source: alerting.smtp.password,
      purpose: `password of ${alerting.smtp.smarthost}, for mail`,
    });
  for (const [name, ways] of Object.entries(alerting?.receivers ?? {})) {
    for (const way of ways) {
      switch (way.type) {
        case 'email':
          break;
        case 'slack':
          found.push({ source: way.webhookUrl, purpose: `incoming webhook of Slack for ${way.channel}` });
          break;
        case 'webhook':
          if (typeof way.url !== 'string')
            found.push({ source: way.url, purpose: `address of the webhook of receiver ${name}` });
          break;
        case 'pagerduty':
          found.push({ source: way.routingKey, purpose: `routing key of PagerDuty for receiver ${name}` });
          break;
      }
    }
  }
  return found;
}

function keyOf(source: SecretSource): string {
  return 'env' in source ? `env ${source.env}` : `file ${source.file}`;
}

function nameOf(source: SecretSource): string {
  const text = 'env' in source ? source.env : (source.file.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '');
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '') || 'secret'
  );
}
