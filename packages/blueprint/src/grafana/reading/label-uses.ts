/** Where a panel names labels, series or columns outside its queries. */
import type { LabelUse, Locate, TextPart } from '../inventory.ts';
import type { ClassicPanel } from './classic.ts';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, pointerTo, textOf } from './json.ts';

/** A name, and where it stands below what was looked at. */
interface Named {
  readonly kind: LabelUse['kind'];
  readonly name: string;
  readonly at: string;
  /** Undefined when the name is a key. */
  readonly offset?: number | undefined;
  readonly refId?: string;
}

/** The names in `{{name}}` of a text. */
export function placeholdersIn(text: string): TextPart[] {
  return [...text.matchAll(/\{\{\s*(.+?)\s*\}\}/g)].map((match) => ({
    text: match[1] ?? '',
    offset: match.index + match[0].indexOf(match[1] ?? ''),
  }));
}

/** All uses of a panel: its legends, its overrides, its transformations, its links. */
export function labelUsesOf(panel: ClassicPanel, locate: Locate, pointer: string): LabelUse[] {
  const named = [
    ...legendNames(panel),
    ...overrideNames(panel),
    ...transformationNames(panel),
    ...fieldLabels(panel.fieldConfig, '/fieldConfig'),
  ];
  return named.map(({ kind, name, at, offset, refId }) => ({
    ...locate(pointer + at),
    kind,
    name,
    offset,
    refId,
  }));
}

function* legendNames(panel: ClassicPanel): Generator<Named> {
  for (const [i, { legendFormat, refId }] of (panel.targets ?? []).entries())
    for (const { text, offset } of placeholdersIn(textOf(legendFormat) ?? ''))
      yield { kind: 'legend', name: text, at: `/targets/${i}/legendFormat`, offset, refId };
}

function* overrideNames(panel: ClassicPanel): Generator<Named> {
  for (const [i, { matcher }] of (panel.fieldConfig?.overrides ?? []).entries()) {
    const at = `/fieldConfig/overrides/${i}/matcher/options`;
    if (matcher.id === 'byName') yield* text('override', matcher.options, at);
    else if (matcher.id === 'byRegexp') yield* text('regexp', matcher.options, at);
    else if (matcher.id === 'byNames')
      yield* texts('override', objectOf(matcher.options).names, `${at}/names`);
  }
}

function* transformationNames(panel: ClassicPanel): Generator<Named> {
  for (const [i, { id, options, disabled }] of (panel.transformations ?? []).entries())
    if (disabled !== true) yield* namesIn(id, objectOf(options), `/transformations/${i}/options`);
}

/** The columns that a transformation names, by its kind; one that is not known here names none. */
function* namesIn(id: string, options: JsonObject, at: string): Generator<Named> {
  switch (id) {
    case 'organize':
      yield* keys('column', options.excludeByName, `${at}/excludeByName`);
      yield* keys('column', options.includeByName, `${at}/includeByName`);
      yield* keys('column', options.indexByName, `${at}/indexByName`);
      yield* keys('rename', options.renameByName, `${at}/renameByName`);
      break;
    case 'renameByRegex':
      yield* text('regexp', options.regex, `${at}/regex`);
      break;
    case 'filterFieldsByName':
      for (const list of ['include', 'exclude']) {
        const inner = objectOf(options[list]);
        yield* texts('column', inner.names, `${at}/${list}/names`);
        yield* text('regexp', inner.pattern, `${at}/${list}/pattern`);
      }
      break;
    case 'joinByField':
    case 'seriesToColumns':
      yield* text('column', options.byField, `${at}/byField`);
      break;
    case 'groupBy':
      yield* keys('column', options.fields, `${at}/fields`);
      break;
    case 'groupingToMatrix':
      for (const field of ['columnField', 'rowField', 'valueField'])
        yield* text('column', options[field], `${at}/${field}`);
      break;
    case 'sortBy':
      yield* fieldsOf(options.sort, 'field', `${at}/sort`);
      break;
    case 'filterByValue':
      yield* fieldsOf(options.filters, 'fieldName', `${at}/filters`);
      break;
    case 'convertFieldType':
      yield* fieldsOf(options.conversions, 'targetField', `${at}/conversions`);
      break;
    case 'labelsToFields':
      yield* texts('label', options.keepLabels, `${at}/keepLabels`);
      yield* text('label', options.valueLabel, `${at}/valueLabel`);
      break;
    case 'calculateField':
      yield* operand(objectOf(options.binary).left, `${at}/binary/left`);
      yield* operand(objectOf(options.binary).right, `${at}/binary/right`);
      yield* texts('column', objectOf(options.reduce).include, `${at}/reduce/include`);
      break;
    default:
  }
}

/** One side of a calculation: a number, the name of a column, or a matcher of one. */
function* operand(side: JsonValue | undefined, at: string): Generator<Named> {
  if (typeof side === 'string') {
    if (Number.isNaN(Number(side))) yield* text('column', side, at);
    return;
  }
  const matcher = objectOf(objectOf(side).matcher);
  if (matcher.id === 'byName') yield* text('column', matcher.options, `${at}/matcher/options`);
}

function* text(kind: LabelUse['kind'], value: JsonValue | undefined, at: string): Generator<Named> {
  if (typeof value === 'string' && value !== '') yield { kind, name: value, at, offset: 0 };
}

function* texts(kind: LabelUse['kind'], value: JsonValue | undefined, at: string): Generator<Named> {
  for (const [i, item] of listOf(value).entries()) yield* text(kind, item, `${at}/${i}`);
}

function* keys(kind: LabelUse['kind'], value: JsonValue | undefined, at: string): Generator<Named> {
  for (const name of Object.keys(objectOf(value))) yield { kind, name, at: pointerTo(at, name) };
}

/** The column that each object of a list names in its field `key`. */
function* fieldsOf(value: JsonValue | undefined, key: string, at: string): Generator<Named> {
  for (const [i, item] of listOf(value).entries())
    yield* text('column', objectOf(item)[key], `${at}/${i}/${key}`);
}

/** `${__field.labels.instance}` and `${__field.labels["instance"]}` in a link or a display name. */
const FIELD_LABEL = /\$\{__field\.labels(?:\.(\w+)|\[["']([^"'\]]+)["']\])/g;

function* fieldLabels(value: JsonValue | undefined, at: string): Generator<Named> {
  if (typeof value === 'string') {
    if (!value.includes('__field')) return;
    for (const match of value.matchAll(FIELD_LABEL)) {
      const name = match[1] ?? match[2] ?? '';
      yield { kind: 'link', name, at, offset: match.index + match[0].lastIndexOf(name) };
    }
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* fieldLabels(item, `${at}/${i}`);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) yield* fieldLabels(item, pointerTo(at, key));
  }
}
