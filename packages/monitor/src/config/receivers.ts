/** Receivers as `alertmanager.yml` says them: whom a message goes to, and how. */

/** One webhook of a receiver. Exactly one of `url` and `urlFile` is given; both are secrets. */
export interface WebhookConfig {
  readonly url?: string;
  /** Absolute; read at each notification, so that a secret can be changed without a restart. */
  readonly urlFile?: string;
  readonly sendResolved: boolean;
  /** 0 for all alerts of a group. */
  readonly maxAlerts: number;
  /** 0 for no limit of its own: the group's interval is the limit. */
  readonly timeoutMs: number;
}

export interface ReceiverConfig {
  readonly name: string;
  readonly webhookConfigs: readonly WebhookConfig[];
}
