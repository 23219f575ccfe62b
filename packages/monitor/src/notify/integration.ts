/**
 * What a message is, and what carries it: the contract between the dispatcher, which decides what goes out and when,
 * and the receivers, each of which speaks one protocol.
 */
import type { Labels } from '@binnacle/metrics/model';
import type { NotifiedAlert } from './alert.ts';

/** Why a message goes out now, in Alertmanager's words. */
export type NotificationReason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed'
  | 'unknown';

/** One message about one group. */
export interface Notification {
  readonly receiver: string;
  /** Alertmanager's name of the group: the route's key and the group's labels. */
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** Never empty; without resolved ones where the receiver does not want them. By job, instance, other labels. */
  readonly alerts: readonly NotifiedAlert[];
  /** Where users reach the monitor, without a slash at the end. */
  readonly externalUrl: string;
  /** `unknown` where it is absent. */
  readonly reason?: NotificationReason;
}

/**
 * What became of a message. `retry` tells whether trying again can help. The reason is for people and logs: it holds
 * no secret, neither an address, nor a token, nor the words of an error that may hold one. `answer` is what the
 * receiver said, for `binnacle notify test`, without secrets as well.
 */
export type SendResult =
  | { readonly ok: true; readonly answer?: string }
  | {
      readonly ok: false;
      readonly retry: boolean;
      readonly reason: string;
      /** What a receiver that is asked too often wants to be left alone for; only where it said so. */
      readonly retryAfterMs?: number;
    };

/** One way to reach one receiver: the third webhook of `ops`, its second address of mail. */
export interface Integration {
  readonly receiver: string;
  /** `webhook`, `email`, `slack`, `pagerduty`, `discord`, `telegram`, `msteams`, `msteamsv2`: Alertmanager's names. */
  readonly kind: string;
  /** Its place among those of its kind in the receiver. */
  readonly index: number;
  readonly sendResolved: boolean;
  /** Tries once. Never rejects, except with the signal's reason when it is aborted. */
  send(notification: Notification, signal: AbortSignal): Promise<SendResult>;
}

/** Expands the templates of receivers over a message, with Alertmanager's fields, functions and default templates. */
export interface MessageTemplates {
  /** Throws a TemplateError that names what failed. */
  text(template: string, notification: Notification): string;
  /** As {@link text}, with values escaped for HTML where Go's html/template escapes them. */
  html(template: string, notification: Notification): string;
}
