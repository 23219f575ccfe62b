/**
 * The notifier's memory on disk: one small JSON file, replaced as a whole.
 *
 *     { "version": 1, "savedAtMs",
 *       "notifications": [{ "key", "firing": ["fingerprint"], "resolved": [], "sentAtMs" }],
 *       "alerts": [{ "labels": {}, "annotations": {}, "startsAtMs", "endsAtMs", "generatorUrl" }] }
 *
 * With it a restart neither repeats what was sent nor forgets to tell the end of an alert. The file is written
 * beside its place and renamed, so a crash leaves the old one or the new one.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import type { PostedAlert } from './alert.ts';
import type { NotificationEntry } from './notification-log.ts';

/** What the notifier remembers. */
export interface NotifierState {
  /** When it was remembered: an alert whose end was still to come then was firing. */
  readonly savedAtMs: number;
  readonly notifications: readonly NotificationEntry[];
  readonly alerts: readonly PostedAlert[];
}

/** Where the notifier's memory lies; a test keeps it in a variable. */
export interface NotifierStateStore {
  /** Undefined when there is none, or none that can be read. */
  load(): Promise<NotifierState | undefined>;
  save(state: NotifierState): Promise<void>;
}

/** The memory in a file. */
export function notifierStateFile(path: string): NotifierStateStore {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
      return parseState(text);
    },
    async save(state) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, printState(state));
      await rename(`${path}.new`, path);
    },
  };
}

/** The memory as text. */
export function printState(state: NotifierState): string {
  return JSON.stringify({
    version: 1,
    savedAtMs: state.savedAtMs,
    notifications: state.notifications,
    alerts: state.alerts.map((alert) => ({ ...alert, labels: alert.labels.toObject() })),
  });
}

/** Reads what {@link printState} wrote. A damaged text is no memory: then messages may be repeated, none is lost. */
export function parseState(text: string): NotifierState | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || parsed.version !== 1 || typeof parsed.savedAtMs !== 'number') return undefined;
  const notifications = list(parsed.notifications).filter(isEntry);
  const alerts = list(parsed.alerts)
    .filter(isStoredAlert)
    .map((alert) => ({ ...alert, labels: Labels.of(alert.labels) }));
  return { savedAtMs: parsed.savedAtMs, notifications, alerts };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isEntry(value: unknown): value is NotificationEntry {
  return (
    isRecord(value) &&
    typeof value.key === 'string' &&
    typeof value.sentAtMs === 'number' &&
    [value.firing, value.resolved].every(
      (names) => Array.isArray(names) && names.every((name) => typeof name === 'string'),
    )
  );
}

function isStoredAlert(
  value: unknown,
): value is Omit<PostedAlert, 'labels'> & { readonly labels: Record<string, string> } {
  return (
    isRecord(value) &&
    isTexts(value.labels) &&
    isTexts(value.annotations) &&
    typeof value.startsAtMs === 'number' &&
    typeof value.endsAtMs === 'number' &&
    typeof value.generatorUrl === 'string'
  );
}
