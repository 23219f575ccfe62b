/** What the notifier shows and takes: the state behind Alertmanager's API. */
import type { Labels } from '@binnacle/metrics/model';
import type { PostedAlert } from './alert.ts';

/** An alert with what holds it back. */
export interface AlertView {
  readonly alert: PostedAlert;
  readonly fingerprint: string;
  readonly updatedAtMs: number;
  /** Where its routes lead, without repetition. */
  readonly receivers: readonly string[];
  /** Identifiers of silences. */
  readonly silencedBy: readonly string[];
  /** Fingerprints of alerts. */
  readonly inhibitedBy: readonly string[];
  /** Names of time intervals. */
  readonly mutedBy: readonly string[];
}

/** A group of alerts of one route. */
export interface AlertGroupView {
  readonly key: string;
  readonly routeId: string;
  readonly labels: Labels;
  readonly receiver: string;
  readonly alerts: readonly AlertView[];
}

/** The notifier as the API sees it. */
export interface NotifierView {
  /** Without those that have ended. */
  alerts(): readonly AlertView[];
  groups(): readonly AlertGroupView[];
  /** Names, in the order of the configuration. */
  receivers(): readonly string[];
  /** The configuration with secrets left out. */
  readonly configText: string;
  readonly startTimeMs: number;
  /** Takes alerts, new ones and news of known ones. */
  post(alerts: readonly PostedAlert[]): void;
}

/** What holds alerts back beside their routes; asked right before each message. */
export interface Muting {
  /** Identifiers of the silences that hide an alert. */
  silencedBy(labels: Labels, nowMs: number): readonly string[];
  /** Fingerprints of the alerts that inhibit an alert. */
  inhibitedBy(labels: Labels, nowMs: number): readonly string[];
}
