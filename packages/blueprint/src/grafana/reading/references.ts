/**
 * References to variables and macros: `$name`, `${name}`, `${name:format}`, `${name.field}`, `[[name]]` and
 * `[[name:format]]`, as Grafana itself finds them.
 */
import type { Locate, VariableReference } from '../inventory.ts';
import type { ClassicDashboard } from './classic.ts';
import { isObject, type JsonValue, pointerTo } from './json.ts';

/** A reference in a text. */
export interface Reference {
  readonly name: string;
  /** `field` of `${name.field}`. */
  readonly field: string | undefined;
  /** `regex` of `${name:regex}`. */
  readonly format: string | undefined;
  readonly text: string;
  readonly offset: number;
}

const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

/** All references of a text, in their order. */
export function referencesIn(text: string): Reference[] {
  if (!text.includes('$') && !text.includes('[[')) return [];
  return [...text.matchAll(REFERENCE)].map((match) => ({
    name: match[1] ?? match[2] ?? match[4] ?? '',
    field: match[5],
    format: match[3] ?? match[6],
    text: match[0],
    offset: match.index,
  }));
}

/** The name of the variable, when a text is nothing but a reference to one. */
export function variableNamed(text: string): string | undefined {
  const [only] = referencesIn(text);
  return only !== undefined && only.text === text ? only.name : undefined;
}

/** Names that Grafana fills in itself; any name that begins with `__` is one too. */
const OTHER_MACROS: ReadonlySet<string> = new Set(['timeFilter', 'interval_ms']);

/** Whether Grafana knows a name without the dashboard declaring it. */
export function isMacro(name: string): boolean {
  return name.startsWith('__') || OTHER_MACROS.has(name);
}

/** What was chosen when a variable was saved says nothing about what the dashboard refers to. */
const SAVED: ReadonlySet<string> = new Set(['current', 'options']);

/** Every reference in every text of a dashboard. A panel's `repeat` names a variable without a `$`. */
export function referencesOf(dashboard: ClassicDashboard, locate: Locate): VariableReference[] {
  const declared = new Set(dashboard.templating.list.map((variable) => variable.name));
  const out: VariableReference[] = [];
  const add = (pointer: string, { name, format, text, offset }: Omit<Reference, 'field'>) =>
    out.push({
      ...locate(pointer),
      name,
      format,
      part: { text, offset },
      kind: declared.has(name) ? 'variable' : isMacro(name) ? 'macro' : 'unknown',
    });
  const walk = (value: JsonValue | undefined, pointer: string, inVariable: boolean) => {
    if (typeof value === 'string') {
      for (const reference of referencesIn(value)) add(pointer, reference);
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) walk(item, `${pointer}/${i}`, inVariable);
    } else if (isObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (inVariable && SAVED.has(key)) continue;
        if (key === 'repeat' && typeof item === 'string' && /^\w+$/.test(item))
          add(`${pointer}/repeat`, { name: item, format: undefined, text: item, offset: 0 });
        else walk(item, pointerTo(pointer, key), inVariable);
      }
    }
  };
  for (const [key, value] of Object.entries(dashboard)) walk(value, pointerTo('', key), key === 'templating');
  return out;
}
