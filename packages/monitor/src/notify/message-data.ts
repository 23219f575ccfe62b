/**
 * What templates of messages see: Alertmanager's data, its types and their methods.
 *
 *     .Receiver .Status .ExternalURL .NotificationReason
 *     .GroupLabels .CommonLabels .CommonAnnotations                         KV: .SortedPairs .Remove .Names .Values
 *     .Alerts (.Firing .Resolved), each .Status .Labels .Annotations .StartsAt .EndsAt .GeneratorURL .Fingerprint
 */
import { GoTime, ZERO_TIME_NS } from '../template/go-time.ts';
import {
  compareBytes,
  GoMap,
  type GoMethod,
  GoSlice,
  GoStruct,
  type GoType,
  type GoValue,
  pointerTo,
  STRING,
  STRINGS,
  sliceOf,
  strings,
} from '../template/go-value.ts';
import type { NotifiedAlert } from './alert.ts';
import type { Notification } from './integration.ts';

const PAIR: GoType = { name: 'template.Pair', kind: 'struct', underlying: 'template.Pair' };

const PAIRS: GoType = {
  name: 'template.Pairs',
  kind: 'slice',
  underlying: `[]${PAIR.name}`,
  element: PAIR,
  toText: pairsText,
  methods: new Map<string, GoMethod>([
    ['Names', getter((pairs) => column(pairs, 'Name'))],
    ['Values', getter((pairs) => column(pairs, 'Value'))],
    ['String', getter(pairsText)],
  ]),
};

const KV: GoType = {
  name: 'template.KV',
  kind: 'map',
  underlying: 'map[string]string',
  element: STRING,
  toText: (value) => pairsText(sortedPairs(value)),
  methods: new Map<string, GoMethod>([
    ['SortedPairs', getter(sortedPairs)],
    ['Names', getter((value) => column(sortedPairs(value), 'Name'))],
    ['Values', getter((value) => column(sortedPairs(value), 'Value'))],
    ['String', getter((value) => pairsText(sortedPairs(value)))],
    ['Remove', { params: [STRINGS], call: (value, [names]) => removed(value, names!) }],
  ]),
};

const ALERT: GoType = {
  name: 'template.Alert',
  kind: 'struct',
  underlying: 'template.Alert',
  jsonNames: {
    Status: 'status',
    Labels: 'labels',
    Annotations: 'annotations',
    StartsAt: 'startsAt',
    EndsAt: 'endsAt',
    GeneratorURL: 'generatorURL',
    Fingerprint: 'fingerprint',
  },
};

const ALERT_LIST: GoType = sliceOf(ALERT);

const ALERTS: GoType = {
  ...ALERT_LIST,
  name: 'template.Alerts',
  methods: new Map<string, GoMethod>([
    ['Firing', getter((alerts) => ofStatus(alerts, 'firing'))],
    ['Resolved', getter((alerts) => ofStatus(alerts, 'resolved'))],
  ]),
};

const DATA: GoType = pointerTo({
  name: 'template.Data',
  kind: 'struct',
  underlying: 'template.Data',
  jsonNames: {
    Receiver: 'receiver',
    Status: 'status',
    Alerts: 'alerts',
    NotificationReason: 'notification_reason',
    GroupLabels: 'groupLabels',
    CommonLabels: 'commonLabels',
    CommonAnnotations: 'commonAnnotations',
    ExternalURL: 'externalURL',
  },
});

/** The data of a message. */
export function messageData(notification: Notification): GoStruct {
  const { alerts } = notification;
  return new GoStruct(
    DATA,
    new Map<string, GoValue>([
      // Alertmanager writes the name as a regular expression: its page looks for receivers with one.
      ['Receiver', notification.receiver.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')],
      ['Status', alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved'],
      ['Alerts', new GoSlice(ALERTS, alerts.map(alertValue))],
      ['NotificationReason', notification.reason ?? 'unknown'],
      ['GroupLabels', keyValues(notification.groupLabels.toObject())],
      ['CommonLabels', keyValues(common(alerts.map((alert) => alert.labels.toObject())))],
      ['CommonAnnotations', keyValues(common(alerts.map((alert) => alert.annotations)))],
      ['ExternalURL', notification.externalUrl],
    ]),
  );
}

function alertValue(alert: NotifiedAlert): GoStruct {
  const { status, labels, annotations, startsAtMs, endsAtMs, generatorUrl, fingerprint } = alert;
  return new GoStruct(
    ALERT,
    new Map<string, GoValue>([
      ['Status', status],
      ['Labels', keyValues(labels.toObject())],
      ['Annotations', keyValues(annotations)],
      ['StartsAt', timeOf(startsAtMs)],
      // The end of an alert that fires is not known: until when it is believed in is nobody's business.
      ['EndsAt', status === 'resolved' ? timeOf(endsAtMs) : new GoTime(ZERO_TIME_NS)],
      ['GeneratorURL', generatorUrl],
      ['Fingerprint', fingerprint],
    ]),
  );
}

function timeOf(timeMs: number): GoTime {
  return new GoTime(BigInt(Math.round(timeMs)) * 1_000_000n);
}

function keyValues(pairs: Readonly<Record<string, string>>): GoMap {
  return new GoMap(KV, new Map(Object.entries(pairs)));
}

function common(sets: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = sets;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((set) => (set[name] ?? '') === value)),
  );
}

function getter(call: (receiver: GoValue) => GoValue): GoMethod {
  return { params: [], call };
}

/** By name, but the alert's own comes first. */
function sortedPairs(value: GoValue): GoSlice {
  const entries = value instanceof GoMap ? [...value.entries] : [];
  const rank = (name: string): number => (name === 'alertname' ? 0 : 1);
  entries.sort(([a], [b]) => rank(a) - rank(b) || compareBytes(a, b));
  const pairs = entries.map(([name, text]) => {
    const fields: [string, GoValue][] = [
      ['Name', name],
      ['Value', text],
    ];
    return new GoStruct(PAIR, new Map(fields));
  });
  return new GoSlice(PAIRS, pairs);
}

function column(pairs: GoValue, field: 'Name' | 'Value'): GoSlice {
  const items = pairs instanceof GoSlice ? pairs.items : [];
  return strings(items.map((pair) => (pair instanceof GoStruct ? String(pair.fields.get(field)) : '')));
}

function pairsText(pairs: GoValue): string {
  const names = column(pairs, 'Name').items;
  const values = column(pairs, 'Value').items;
  return names.map((name, i) => `${String(name)}=${String(values[i])}`).join(', ');
}

function removed(value: GoValue, names: GoValue): GoMap {
  const gone = new Set(names instanceof GoSlice ? names.items : []);
  const entries = value instanceof GoMap ? [...value.entries] : [];
  return new GoMap(KV, new Map(entries.filter(([name]) => !gone.has(name))));
}

function ofStatus(alerts: GoValue, status: 'firing' | 'resolved'): GoSlice {
  const items = alerts instanceof GoSlice ? alerts.items : [];
  return new GoSlice(
    ALERT_LIST,
    items.filter((alert) => alert instanceof GoStruct && alert.fields.get('Status') === status),
  );
}
