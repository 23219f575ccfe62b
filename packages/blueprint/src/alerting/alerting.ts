/**
 * Who is told of alerts, and how: what an `alertmanager.yml` says, as typed data. Receivers are named by the keys of
 * `receivers`, so that a route to one that does not exist does not compile.
 */
import { parseDuration } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { alertMatcher } from './alert-matcher.ts';

/** A secret is never written down: it stands in a file or in a variable of the environment. */
export type SecretSource = { readonly file: string } | { readonly env: string };

/** Mail. Server and sender are those of {@link Alerting.smtp}. */
export interface EmailReceiver {
  readonly type: 'email';
  readonly to: string | readonly string[];
  readonly sendResolved?: boolean;
}

/** The addresses of a receiver, as mail headers have them. */
export function addressees({ to }: EmailReceiver): string {
  return typeof to === 'string' ? to : to.join(', ');
}

/** A Slack channel. */
interface SlackReceiver {
  readonly type: 'slack';
  /** `#alerts`. */
  readonly channel: string;
  /** The address of an incoming webhook. */
  readonly webhookUrl: SecretSource;
  readonly sendResolved?: boolean;
}

/** An address that takes Alertmanager's JSON. */
interface WebhookReceiver {
  readonly type: 'webhook';
  readonly url: string | SecretSource;
  readonly sendResolved?: boolean;
}

/** PagerDuty, through its Events API v2. */
interface PagerdutyReceiver {
  readonly type: 'pagerduty';
  readonly routingKey: SecretSource;
  readonly sendResolved?: boolean;
}

/** Everybody who can be told. */
export type Receiver = EmailReceiver | SlackReceiver | WebhookReceiver | PagerdutyReceiver;

/** The server that takes mail. */
export interface Smtp {
  /** `host:port`. */
  readonly smarthost: string;
  readonly from: string;
  readonly username?: string;
  readonly password?: SecretSource;
  /** Default true. */
  readonly requireTls?: boolean;
}

/** Which alerts go where. The first child that matches takes an alert, unless it says `continue`. */
export interface AlertRoute<Name extends string = string> {
  readonly receiver?: Name;
  /** Matchers as Alertmanager writes them: `severity = critical`. */
  readonly matchers?: readonly string[];
  readonly groupBy?: readonly string[];
  readonly groupWait?: DurationText;
  readonly groupInterval?: DurationText;
  readonly repeatInterval?: DurationText;
  readonly continue?: boolean;
  readonly routes?: readonly AlertRoute<Name>[];
}

/** Alerts that silence others with the same values of some labels. */
export interface InhibitRule {
  readonly sourceMatchers: readonly string[];
  readonly targetMatchers: readonly string[];
  readonly equal?: readonly string[];
}

/** What the author writes. */
export interface AlertingSpec<Name extends string> {
  readonly smtp?: Smtp;
  /** By name; an empty list is a receiver that tells nobody. */
  readonly receivers: Readonly<Record<Name, readonly Receiver[]>>;
  readonly route: AlertRoute<NoInfer<Name>> & { readonly receiver: NoInfer<Name> };
  /** Default: `critical` silences `warning` and `info` of the same alert, job and instance. */
  readonly inhibitRules?: readonly InhibitRule[];
}

/** Who is told of alerts, and how. */
export interface Alerting {
  readonly smtp?: Smtp;
  readonly receivers: Readonly<Record<string, readonly Receiver[]>>;
  readonly route: AlertRoute & { readonly receiver: string };
  readonly inhibitRules?: readonly InhibitRule[];
}

const MATCHING_FIRST_ROUTE = 'route.matchers: the first route takes every alert; match in its routes';

/**
 * Who is told of alerts, and how; routes name receivers that exist.
 * @throws DefinitionError with everything that Alertmanager would refuse
 */
export function alerting<const Name extends string>(spec: AlertingSpec<Name>): Alerting {
  const checked: Alerting = spec;
  const problems = [
    ...receiverProblems(checked),
    ...(checked.route.matchers?.length ? [MATCHING_FIRST_ROUTE] : []),
    ...routeProblems('route', checked.route, checked.receivers),
    ...(checked.inhibitRules ?? []).flatMap(inhibitProblems),
  ];
  if (problems.length > 0) throw new DefinitionError(problems.map((text) => `alerting: ${text}`).join('\n'));
  return checked;
}

function receiverProblems({ receivers, smtp }: Alerting): string[] {
  const problems: string[] = [];
  if (smtp?.password !== undefined) problems.push(...secretProblems('smtp.password', smtp.password));
  if (smtp !== undefined && !/^[^\s:]+:\d+$|^\[[^\]]+\]:\d+$/.test(smtp.smarthost))
    problems.push(`smtp.smarthost ${JSON.stringify(smtp.smarthost)} is not host:port`);
  for (const [name, ways] of Object.entries(receivers)) {
    ways.forEach((way, i) => {
      const where = `receivers.${name}[${i}]`;
      switch (way.type) {
        case 'email':
          if (smtp === undefined) problems.push(`${where} sends mail, and there is no smtp to send it with`);
          if (way.to.length === 0) problems.push(`${where}.to is empty`);
          break;
        case 'slack':
          problems.push(...secretProblems(`${where}.webhookUrl`, way.webhookUrl));
          break;
        case 'webhook':
          if (typeof way.url !== 'string') problems.push(...secretProblems(`${where}.url`, way.url));
          else if (!/^https?:\/\/[^\s/?#]+\S*$/.test(way.url))
            problems.push(`${where}.url ${JSON.stringify(way.url)} is not an address`);
          break;
        case 'pagerduty':
          problems.push(...secretProblems(`${where}.routingKey`, way.routingKey));
          break;
      }
    });
  }
  return problems;
}

function secretProblems(where: string, source: SecretSource): string[] {
  if ('env' in source)
    return /^[A-Za-z_]\w*$/.test(source.env)
      ? []
      : [`${where}.env is not the name of a variable; the secret itself must not stand here`];
  return source.file.startsWith('/')
    ? []
    : [`${where}.file ${JSON.stringify(source.file)} is not an absolute path`];
}

function routeProblems(where: string, route: AlertRoute, receivers: Alerting['receivers']): string[] {
  const problems: string[] = [];
  if (route.receiver !== undefined && !Object.hasOwn(receivers, route.receiver))
    problems.push(`${where}.receiver ${JSON.stringify(route.receiver)} is not one of receivers`);
  problems.push(...matcherProblems(`${where}.matchers`, route.matchers ?? []));
  for (const field of ['groupWait', 'groupInterval', 'repeatInterval'] as const) {
    const text = route[field];
    if (text !== undefined && !isDuration(text))
      problems.push(`${where}.${field} ${JSON.stringify(text)} is not a duration such as 5m`);
  }
  const nested = (route.routes ?? []).flatMap((child, i) =>
    routeProblems(`${where}.routes[${i}]`, child, receivers),
  );
  return [...problems, ...nested];
}

function inhibitProblems(rule: InhibitRule, index: number): string[] {
  const where = `inhibitRules[${index}]`;
  return [
    ...matcherProblems(`${where}.sourceMatchers`, rule.sourceMatchers),
    ...matcherProblems(`${where}.targetMatchers`, rule.targetMatchers),
  ];
}

function matcherProblems(where: string, texts: readonly string[]): string[] {
  return texts
    .filter((text) => alertMatcher(text) === undefined)
    .map((text) => `${where}: ${JSON.stringify(text)} is not a matcher such as severity = critical`);
}

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0;
  } catch {
    return false;
  }
}
