/**
 * The alerts of all rules on disk: one JSON file, replaced as a whole, so that a restart loses no alert's history.
 *
 *     { "version": 1, "savedAtMs": 1700000000000,
 *       "rules": [{ "rule": "FILE;GROUP;NAME{labels};0", "alerts": [{ "labels": {}, "annotations": {},
 *         "state": "firing", "value": "1", "activeAtMs", "firedAtMs", "resolvedAtMs", "keepFiringSinceMs",
 *         "lastSentAtMs", "validUntilMs" }] }] }
 *
 * The value is text, because JSON has no NaN. The file is written beside its place and renamed: a crash leaves the old
 * one or the new one. A file that cannot be understood is as good as none: alerts are then restored from
 * `ALERTS_FOR_STATE`, as Prometheus does (`restore-alerts.ts`).
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import type { ActiveAlert, AlertState } from './alerting-rule.ts';

/** The alerts of all rules at one time. */
export interface SavedAlerts {
  readonly savedAtMs: number;
  /** By the rule's key; rules without alerts are left out. */
  readonly rules: ReadonlyMap<string, readonly ActiveAlert[]>;
}

/** Where the alerts are kept between two runs; a test keeps them in a variable. */
export interface AlertStateStore {
  /** Undefined when there is nothing, or nothing that can be understood. Rejects when it cannot be read. */
  load(): Promise<SavedAlerts | undefined>;
  save(alerts: SavedAlerts): Promise<void>;
}

/** Alerts in a file. */
export function alertStateFile(path: string): AlertStateStore {
  return {
    async load() {
      try {
        return parseAlertState(await readFile(path, 'utf8'));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(alerts) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, printAlertState(alerts));
      await rename(`${path}.new`, path);
    },
  };
}

/** The alerts as text. */
export function printAlertState({ savedAtMs, rules }: SavedAlerts): string {
  const entries = [...rules].map(([rule, alerts]) => ({
    rule,
    alerts: alerts.map(({ heldUntilMs: _, labels, value, ...alert }) => ({
      labels: labels.toObject(),
      value: String(value),
      ...alert,
    })),
  }));
  return JSON.stringify({ version: 1, savedAtMs, rules: entries });
}

/** Reads what {@link printAlertState} wrote. An alert that makes no sense is left out. */
export function parseAlertState(text: string): SavedAlerts | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || parsed.version !== 1) return undefined;
  const { savedAtMs, rules } = parsed;
  if (typeof savedAtMs !== 'number' || !Array.isArray(rules)) return undefined;
  const byRule = new Map<string, ActiveAlert[]>();
  for (const entry of rules) {
    if (!isRecord(entry) || typeof entry.rule !== 'string' || !Array.isArray(entry.alerts)) continue;
    byRule.set(
      entry.rule,
      entry.alerts.flatMap((alert) => readAlert(alert) ?? []),
    );
  }
  return { savedAtMs, rules: byRule };
}

function readAlert(alert: unknown): ActiveAlert | undefined {
  if (!isRecord(alert)) return undefined;
  const { labels, annotations, state, value, activeAtMs, validUntilMs } = alert;
  const isWhole =
    isTexts(labels) &&
    isTexts(annotations) &&
    isState(state) &&
    typeof value === 'string' &&
    typeof activeAtMs === 'number' &&
    typeof validUntilMs === 'number';
  if (!isWhole) return undefined;
  const resolvedAtMs = optionalNumber(alert.resolvedAtMs);
  if (state === 'inactive' && resolvedAtMs === undefined) return undefined;
  return {
    labels: Labels.of(labels),
    annotations,
    state,
    value: Number(value),
    activeAtMs,
    firedAtMs: optionalNumber(alert.firedAtMs),
    resolvedAtMs,
    keepFiringSinceMs: optionalNumber(alert.keepFiringSinceMs),
    lastSentAtMs: optionalNumber(alert.lastSentAtMs),
    validUntilMs,
    heldUntilMs: undefined,
  };
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function isState(value: unknown): value is AlertState {
  return value === 'pending' || value === 'firing' || value === 'inactive';
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
