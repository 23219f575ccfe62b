/** The `alerting` section of `prometheus.yml`: the Alertmanagers that alerts go on to. */
import type { HttpSettings } from '../http-settings.ts';
import type { RelabelRule } from '../relabel.ts';
import type { StaticConfig } from './prometheus.ts';

/** Alertmanagers that are reached in the same way. */
export interface AlertmanagerSetConfig {
  readonly scheme: 'http' | 'https';
  /** In front of `/api/v2/alerts`. */
  readonly pathPrefix: string;
  readonly timeoutMs: number;
  readonly http: HttpSettings;
  readonly staticConfigs: readonly StaticConfig[];
  /** For the addresses. */
  readonly relabelRules: readonly RelabelRule[];
  /** For the alerts, after those of all Alertmanagers. */
  readonly alertRelabelRules: readonly RelabelRule[];
}

/** Where alerts go on to, and as what. */
export interface AlertingConfig {
  readonly alertRelabelRules: readonly RelabelRule[];
  readonly alertmanagers: readonly AlertmanagerSetConfig[];
}
