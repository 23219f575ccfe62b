/** The functions that Alertmanager 0.33 gives to the templates of messages, beside those that every Go template has. */
import type { Clock } from '../clock.ts';
import { toJson } from '../template/go-json.ts';
import { matchString, replaceAllString } from '../template/go-regexp.ts';
import { queryUnescape, titleCase, toLower, toUpper } from '../template/go-strings.ts';
import { formatTime, GoTime, goDuration, loadLocation, TIME } from '../template/go-time.ts';
import {
  ANY,
  ANY_MAP,
  ANYS,
  type GoFunction,
  GoMap,
  GoScalar,
  GoSlice,
  type GoValue,
  STRING,
  STRINGS,
  strings,
} from '../template/go-value.ts';
import { HTML, URL_TYPE } from '../template/html-output.ts';
import { humanizeDuration, numberOf } from '../template/humanize.ts';

const NS_PER_MS = 1_000_000n;

/** The functions by name. */
export function messageFunctions(clock: Clock): [string, GoFunction][] {
  const nowNs = (): bigint => BigInt(Math.round(clock.now())) * NS_PER_MS;
  return [
    ['toUpper', text(toUpper)],
    ['toLower', text(toLower)],
    ['title', text((value) => titleCase(value, true))],
    ['trimSpace', text((value) => value.trim())],
    ['join', { params: [STRING, STRINGS], call: ([separator, list]) => join(String(separator), list!) }],
    ['match', texts(2, ([pattern, value]) => matchString(pattern!, value!))],
    ['reReplaceAll', texts(3, ([pattern, to, value]) => replaceAllString(pattern!, to!, value!))],
    ['safeHtml', text((value) => new GoScalar(HTML, value))],
    ['safeUrl', text((value) => new GoScalar(URL_TYPE, value))],
    ['urlUnescape', text(queryUnescape)],
    ['stringSlice', { params: [STRING], variadic: true, call: (values) => strings(values.map(String)) }],
    [
      'date',
      { params: [STRING, TIME], call: ([layout, time]) => formatTime(time as GoTime, String(layout)) },
    ],
    [
      'tz',
      { params: [STRING, TIME], call: ([zone, time]) => (time as GoTime).in(loadLocation(String(zone))) },
    ],
    ['now', { params: [], call: () => new GoTime(nowNs(), 'Local') }],
    ['since', { params: [TIME], call: ([time]) => goDuration(nowNs() - (time as GoTime).epochNs) }],
    ['humanizeDuration', { params: [ANY], call: ([value]) => humanizeDuration(numberOf(value!)) }],
    ['toJson', { params: [ANY], call: ([value]) => toJson(value!) }],
    ['list', { params: [ANY], variadic: true, call: (values) => new GoSlice(ANYS, values) }],
    ['append', { params: [ANYS, ANY], variadic: true, call: ([list, ...more]) => append(list!, more) }],
    ['dict', { params: [ANY], variadic: true, call: dict }],
  ];
}

function text(convert: (value: string) => GoValue): GoFunction {
  return { params: [STRING], call: ([value]) => convert(String(value)) };
}

function texts(count: number, convert: (values: readonly string[]) => GoValue): GoFunction {
  return { params: Array<typeof STRING>(count).fill(STRING), call: (values) => convert(values.map(String)) };
}

function join(separator: string, list: GoValue): string {
  return list instanceof GoSlice ? list.items.map(String).join(separator) : '';
}

function append(list: GoValue, more: readonly GoValue[]): GoSlice {
  return new GoSlice(ANYS, [...(list instanceof GoSlice ? list.items : []), ...more]);
}

function dict(values: readonly GoValue[]): GoMap {
  if (values.length % 2 !== 0) throw new Error('dict requires an even number of arguments');
  const entries = new Map<string, GoValue>();
  for (let i = 0; i < values.length; i += 2) {
    const key = values[i];
    if (typeof key !== 'string') throw new Error('dict keys must be strings');
    entries.set(key, values[i + 1]!);
  }
  return new GoMap(ANY_MAP, entries);
}
