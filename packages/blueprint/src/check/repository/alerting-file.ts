/** An `alertmanager.yml`: which alerts go where, and which silence others. */
import { unquote } from '@binnacle/promql';
import type { SourceFile } from '../source-file.ts';
import type { YamlValue } from '../yaml-source.ts';
import { itemsAt, type Located, type NamedPlace, named, namesAt, valueAt } from './yaml-path.ts';

/** A condition on one label. */
export interface AlertMatcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  readonly at: Located;
}

/** One route; its children stand behind it in {@link AlertingFile.routes}. */
export interface RouteOfFile {
  readonly receiver: NamedPlace | undefined;
  readonly groupBy: readonly NamedPlace[];
  readonly matchers: readonly AlertMatcher[];
}

/** One rule of inhibition. */
export interface InhibitionOfFile {
  readonly source: readonly AlertMatcher[];
  readonly target: readonly AlertMatcher[];
  readonly equal: readonly NamedPlace[];
}

/** The whole file. */
export interface AlertingFile {
  readonly file: SourceFile;
  /** All of them, from the root on, each in front of its children. */
  readonly routes: readonly RouteOfFile[];
  readonly receivers: readonly NamedPlace[];
  readonly inhibitions: readonly InhibitionOfFile[];
}

/** An Alertmanager configuration; undefined for anything else. */
export function alertingFile(root: YamlValue): AlertingFile | undefined {
  const route = root.get('route');
  const receivers = root.get('receivers');
  if (route === undefined || receivers === undefined) return undefined;
  return {
    file: root.file,
    routes: routesOf(route),
    receivers: receivers.items().flatMap((receiver) => named(receiver.get('name'))),
    inhibitions: itemsAt(root, 'inhibit_rules').map((rule) => ({
      source: matchersOf(rule, 'source_'),
      target: matchersOf(rule, 'target_'),
      equal: namesAt(rule, 'equal'),
    })),
  };
}

function routesOf(root: YamlValue): RouteOfFile[] {
  const found: RouteOfFile[] = [];
  const open = [root];
  for (let route = open.pop(); route !== undefined; route = open.pop()) {
    found.push({
      receiver: named(route.get('receiver'))[0],
      groupBy: namesAt(route, 'group_by'),
      matchers: matchersOf(route, ''),
    });
    open.push(...[...itemsAt(route, 'routes')].reverse());
  }
  return found;
}

/** The matchers of a route or of one side of an inhibition, those of the old forms among them. */
function matchersOf(value: YamlValue, prefix: string): AlertMatcher[] {
  const old = (field: string, op: AlertMatcher['op']): AlertMatcher[] =>
    (valueAt(value, `${prefix}${field}`)?.fields() ?? []).map(({ name, place, value: wanted }) => ({
      label: name,
      op,
      value: wanted?.text()?.text ?? '',
      at: { place },
    }));
  return [
    ...namesAt(value, `${prefix}matchers`).flatMap(({ name, at }) => readMatchers(name, at)),
    ...old('match', '='),
    ...old('match_re', '=~'),
  ];
}

const MATCHER = /\s*("(?:[^"\\]|\\.)*"|[^=!~\s,{}"]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^,{}]*)/g;

/** `severity = critical`, or several in braces with commas between. What is none is left out. */
function readMatchers(text: string, at: Located): AlertMatcher[] {
  return [...text.matchAll(MATCHER)].map(([, label, op, value]) => ({
    label: plain(label!),
    op: op as AlertMatcher['op'],
    value: plain(value!.trim()),
    at,
  }));
}

function plain(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return unquote(text);
  } catch {
    return text.slice(1, -1);
  }
}
