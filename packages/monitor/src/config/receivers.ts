/**
 * Receivers as `alertmanager.yml` says them: whom a message goes to, and how. Defaults are filled in, those of
 * `global` too.
 *
 * Texts named "template" below are expanded over each message; an empty one is the empty text.
 */
import type { HttpSettings, TlsSettings } from '../http-settings.ts';
import type { Secret } from '../secret.ts';
import type { JsonValue } from './yaml-reader.ts';

/** What every way to reach a receiver has. */
interface NotifierConfig {
  readonly sendResolved: boolean;
}

interface HttpNotifierConfig extends NotifierConfig {
  readonly http: HttpSettings;
}

/** A webhook with Alertmanager's payload, or one of its own. */
export interface WebhookConfig extends HttpNotifierConfig {
  /** A template. */
  readonly url: Secret;
  /** 0 for all alerts of a group. */
  readonly maxAlerts: number;
  /** 0 for no limit of its own: the group's interval is the limit. */
  readonly timeoutMs: number;
  /** Sent instead of Alertmanager's payload; its texts and names are templates. */
  readonly payload?: JsonValue;
}

/** Mail to one or more addresses. */
export interface EmailConfig extends NotifierConfig {
  /** A template; addresses with commas between them. */
  readonly to: string;
  /** A template; one address. */
  readonly from: string;
  /** What the client calls itself. */
  readonly hello: string;
  readonly host: string;
  readonly port: string;
  /** Empty for no authentication. */
  readonly authUsername: string;
  /** For PLAIN and LOGIN. */
  readonly authPassword?: Secret;
  /** For CRAM-MD5. */
  readonly authSecret?: Secret;
  readonly authIdentity: string;
  /** Templates by canonical name (`Reply-To`); `Subject`, `To` and `From` stand here or have their defaults. */
  readonly headers: Readonly<Record<string, string>>;
  /** A template; empty for no part of that kind. */
  readonly html: string;
  /** A template; empty for no part of that kind. */
  readonly text: string;
  readonly requireTls: boolean;
  /** Undefined: as the port says, 465 is TLS from the start. */
  readonly forceImplicitTls?: boolean;
  readonly tls: TlsSettings;
  /** Whether messages of a group refer to each other, all of them or those of one day. */
  readonly threading: 'off' | 'all' | 'daily';
}

/** A button below a Slack message. Templates. */
export interface SlackActionConfig {
  readonly type: string;
  readonly text: string;
  readonly url: string;
  readonly style: string;
  readonly name: string;
  readonly value: string;
  readonly confirm?: {
    readonly title: string;
    readonly text: string;
    readonly okText: string;
    readonly dismissText: string;
  };
}

/** A row or half a row of a table below a Slack message. Templates. */
export interface SlackFieldConfig {
  readonly title: string;
  readonly value: string;
  readonly short: boolean;
}

/** A message in Slack, or in what speaks its language. Templates, where they are texts. */
export interface SlackConfig extends HttpNotifierConfig {
  /** An incoming webhook, or the API's method where a token authorizes. */
  readonly apiUrl: Secret;
  readonly channel: string;
  readonly username: string;
  readonly color: string;
  readonly title: string;
  readonly titleLink: string;
  readonly pretext: string;
  readonly text: string;
  readonly messageText: string;
  readonly fields: readonly SlackFieldConfig[];
  readonly footer: string;
  readonly fallback: string;
  readonly callbackId: string;
  readonly iconEmoji: string;
  readonly iconUrl: string;
  readonly imageUrl: string;
  readonly thumbUrl: string;
  readonly linkNames: boolean;
  readonly mrkdwnIn: readonly string[];
  readonly actions: readonly SlackActionConfig[];
  /** Whether the message of a group is changed instead of a new one being written. */
  readonly updateMessage: boolean;
  readonly timeoutMs: number;
}

/** An event for PagerDuty. Templates, where they are texts. */
export interface PagerdutyConfig extends HttpNotifierConfig {
  /** `events-v2` with a routing key, `events-v1` with a service key. Both keys are templates. */
  readonly api: 'events-v2' | 'events-v1';
  readonly key: Secret;
  readonly url: string;
  readonly client: string;
  readonly clientUrl: string;
  readonly description: string;
  readonly details: Readonly<Record<string, JsonValue>>;
  readonly images: readonly { readonly src: string; readonly alt: string; readonly href: string }[];
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly source: string;
  readonly severity: string;
  readonly class: string;
  readonly component: string;
  readonly group: string;
  readonly timeoutMs: number;
}

/** A message in a channel of Discord. */
export interface DiscordConfig extends HttpNotifierConfig {
  readonly webhookUrl: Secret;
  /** A template. */
  readonly content: string;
  /** A template. */
  readonly title: string;
  /** A template. */
  readonly message: string;
  readonly username: string;
  readonly avatarUrl: string;
}

/** A message of a Telegram bot. */
export interface TelegramConfig extends HttpNotifierConfig {
  readonly apiUrl: string;
  readonly botToken: Secret;
  /** An integer; from a file it is read at each message. */
  readonly chatId: Secret;
  /** 0 for the chat itself. */
  readonly messageThreadId: number;
  /** A template; with HTML, values are escaped. */
  readonly message: string;
  readonly disableNotifications: boolean;
  readonly parseMode: '' | 'HTML' | 'Markdown' | 'MarkdownV2';
}

/** A card in Microsoft Teams, by the older connectors. */
export interface MsteamsConfig extends HttpNotifierConfig {
  readonly webhookUrl: Secret;
  /** A template. */
  readonly title: string;
  /** A template. */
  readonly summary: string;
  /** A template. */
  readonly text: string;
}

/** An adaptive card in Microsoft Teams, by flows (Power Automate). */
export interface Msteamsv2Config extends HttpNotifierConfig {
  readonly webhookUrl: Secret;
  /** A template. */
  readonly title: string;
  /** A template. */
  readonly text: string;
}

/** An alert in Opsgenie. Templates, where they are texts. */
export interface OpsgenieConfig extends HttpNotifierConfig {
  /** A template. */
  readonly apiKey: Secret;
  /** Ends with a slash. */
  readonly apiUrl: string;
  readonly message: string;
  readonly description: string;
  readonly source: string;
  readonly details: Readonly<Record<string, string>>;
  readonly entity: string;
  readonly responders: readonly {
    readonly id: string;
    readonly name: string;
    readonly username: string;
    readonly type: string;
  }[];
  readonly actions: string;
  readonly tags: string;
  readonly note: string;
  readonly priority: string;
  readonly updateAlerts: boolean;
}

/** A message by Pushover. Templates, where they are texts. */
export interface PushoverConfig extends HttpNotifierConfig {
  /** A template. */
  readonly userKey: Secret;
  /** A template. */
  readonly token: Secret;
  readonly title: string;
  readonly message: string;
  readonly url: string;
  readonly urlTitle: string;
  readonly device: string;
  readonly sound: string;
  readonly priority: string;
  readonly retryMs: number;
  readonly expireMs: number;
  readonly ttlMs: number;
  readonly html: boolean;
  readonly monospace: boolean;
}

/** An incident in VictorOps (Splunk On-Call). Templates, where they are texts. */
export interface VictoropsConfig extends HttpNotifierConfig {
  readonly apiKey: Secret;
  /** Ends with a slash. */
  readonly apiUrl: string;
  readonly routingKey: string;
  readonly messageType: string;
  readonly stateMessage: string;
  readonly entityDisplayName: string;
  readonly monitoringTool: string;
  readonly customFields: Readonly<Record<string, string>>;
}

/** Whom messages go to; a list that is absent is empty. */
export interface ReceiverConfig {
  readonly name: string;
  readonly webhookConfigs?: readonly WebhookConfig[];
  readonly emailConfigs?: readonly EmailConfig[];
  readonly pagerdutyConfigs?: readonly PagerdutyConfig[];
  readonly opsgenieConfigs?: readonly OpsgenieConfig[];
  readonly slackConfigs?: readonly SlackConfig[];
  readonly victoropsConfigs?: readonly VictoropsConfig[];
  readonly pushoverConfigs?: readonly PushoverConfig[];
  readonly telegramConfigs?: readonly TelegramConfig[];
  readonly discordConfigs?: readonly DiscordConfig[];
  readonly msteamsConfigs?: readonly MsteamsConfig[];
  readonly msteamsv2Configs?: readonly Msteamsv2Config[];
}
