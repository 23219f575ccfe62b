/**
 * Who is told of alerts, and how: what an `alertmanager.yml` says, as typed data. Receivers are named by the keys of
 * `receivers`, so that a route to one that does not exist does not compile.
 */
import type { DurationText } from '../config/config.ts';

/** A secret is never written down: it stands in a file or in a variable of the environment. */
export type SecretSource = { readonly file: string } | { readonly env: string };

/** Mail. Server and sender are those of {@link Alerting.smtp}. */
export interface EmailReceiver {
  readonly type: 'email';
  readonly to: string | readonly string[];
  readonly sendResolved?: boolean;
}

/** A Slack channel. */
export interface SlackReceiver {
  readonly type: 'slack';
  /** `#alerts`. */
  readonly channel: string;
  /** The address of an incoming webhook. */
  readonly webhookUrl: SecretSource;
  readonly sendResolved?: boolean;
}

/** An address that takes Alertmanager's JSON. */
export interface WebhookReceiver {
  readonly type: 'webhook';
  readonly url: string | SecretSource;
  readonly sendResolved?: boolean;
}

/** PagerDuty, through its Events API v2. */
export interface PagerdutyReceiver {
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

/** Who is told of alerts, and how; routes name receivers that exist. */
export function alerting<const Name extends string>(spec: AlertingSpec<Name>): Alerting {
  return spec;
}
