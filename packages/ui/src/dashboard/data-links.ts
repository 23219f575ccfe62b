/** Links of panels and of values: where a reader goes from what is shown, with what is shown along. */
import { hrefOf } from '../shell/route.ts';
import { safeAddress, withParams } from './address.ts';
import { ALL, type Choices, type Chosen, choiceOf, replaceReferences, writeChoice } from './choices.ts';
import { objects, text } from './json.ts';

/** A link as it is defined; title and address refer to variables. */
export interface LinkModel {
  readonly title: string;
  readonly url: string;
  readonly newTab: boolean;
  /** Only of panels and dashboards: gives the time range and the variables along. */
  readonly keepTime?: boolean;
  readonly keepVariables?: boolean;
}

/** A link that can be followed. */
export interface Link {
  readonly title: string;
  readonly href: string;
  readonly newTab: boolean;
}

/** What of the view a link takes along. */
export interface LinkContext {
  readonly range: { readonly from: string; readonly to: string };
  readonly window: { readonly fromMs: number; readonly toMs: number };
  readonly choices: Choices;
}

/** What a link of a value knows of it. */
export interface LinkSubject {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: number | null;
  readonly text?: string;
  readonly timeMs?: number;
}

/** Reads the links of a panel, or of values. */
export function readLinks(list: unknown): LinkModel[] {
  return objects(list).flatMap((json) => {
    const url = text(json.url);
    if (url === undefined || url.trim() === '') return [];
    const keeps = { keepTime: json.keepTime === true, keepVariables: json.includeVars === true };
    return { title: text(json.title) || url, url, newTab: json.targetBlank === true, ...keeps };
  });
}

/** The links that can be followed from a place of the view; those that lead nowhere safe are left out. */
export function linksOf(models: readonly LinkModel[], context: LinkContext, subject?: LinkSubject): Link[] {
  return models.flatMap((model) => {
    const title = fill(model.title, context, subject, false);
    const kept = [
      model.keepTime === true ? timeParams(context) : '',
      model.keepVariables === true ? variableParams(context.choices) : '',
    ].filter((part) => part !== '');
    const href = safeAddress(withParams(fill(model.url, context, subject, true), kept.join('&')));
    return href === undefined ? [] : [{ title, href, newTab: model.newTab }];
  });
}

/** The address of another dashboard, with what is kept of this one. */
export function dashboardHref(
  uid: string,
  { range, choices }: LinkContext,
  { keepTime, keepVariables }: { readonly keepTime: boolean; readonly keepVariables: boolean },
): string {
  const values = Object.entries(choices).map(([name, chosen]) => [name, addressValues(chosen)] as const);
  return hrefOf(
    'dashboard',
    uid,
    keepTime ? { from: range.from, to: range.to } : {},
    keepVariables ? Object.fromEntries(values) : {},
  );
}

function addressValues({ all, values }: Chosen): readonly string[] {
  return all === true ? [ALL] : values;
}

function timeParams({ range }: LinkContext): string {
  return new URLSearchParams({ from: range.from, to: range.to }).toString();
}

function variableParams(choices: Choices): string {
  return Object.entries(choices)
    .map(([name, chosen]) => writeChoice(name, chosen, 'queryparam'))
    .filter((part) => part !== '')
    .join('&');
}

/** Fills references in. What stands within an address is encoded, but not what it begins with. */
function fill(
  template: string,
  context: LinkContext,
  subject: LinkSubject | undefined,
  isAddress: boolean,
): string {
  return replaceReferences(template, ({ name, path, format, before }) => {
    const chosen = choiceOf(context.choices, name);
    const isWithin = isAddress && before !== '';
    if (chosen !== undefined) {
      if (format !== '') return writeChoice(name, chosen, format);
      return writeChoice(name, chosen, !isAddress ? 'text' : isWithin ? 'percentencode' : 'raw');
    }
    const { window, choices } = context;
    if (name === '__url_time_range') return timeParams(context);
    if (name === '__all_variables') return variableParams(choices);
    if (name === '__from') return String(Math.round(window.fromMs));
    if (name === '__to') return String(Math.round(window.toMs));
    const found = subject === undefined ? undefined : subjectText(subject, name, path);
    return found === undefined || !isWithin || format === 'raw' ? found : encodeURIComponent(found);
  });
}

/** `${__field.labels.job}`, `${__series.name}`, `${__value.raw}`, `${__data.fields.job}`. */
function subjectText(subject: LinkSubject, name: string, path: string): string | undefined {
  const { labels, value, timeMs } = subject;
  const label = /^(?:labels|fields)(?:\.|\[)["']?([^"'\]]+)["']?\]?$/.exec(path)?.[1];
  switch (name) {
    case '__series':
    case '__field':
      if (path === 'name' || path === 'displayName') return subject.name;
      return label !== undefined && Object.hasOwn(labels, label) ? labels[label] : undefined;
    case '__labels':
      return Object.hasOwn(labels, path) ? labels[path] : undefined;
    case '__data':
      return label === undefined ? undefined : (labels[label] ?? (label === 'Value' ? String(value) : ''));
    case '__value':
      if (path === 'time') return timeMs === undefined ? undefined : String(Math.round(timeMs));
      return path === 'text' ? (subject.text ?? String(value ?? '')) : String(value ?? '');
    default:
      return undefined;
  }
}

/** A name of a series with its references filled in. */
export function displayNameOf(template: string, subject: LinkSubject, choices: Choices): string {
  return replaceReferences(template, ({ name, path, format }) => {
    const chosen = choiceOf(choices, name);
    if (chosen !== undefined) return writeChoice(name, chosen, format || 'text');
    return subjectText(subject, name, path);
  });
}
