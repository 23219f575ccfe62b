/** Links: from a dashboard to others of a tag, from a dashboard, a panel or a value to an address. */
import { DefinitionError } from './definition-error.ts';
import type { WithRest } from './json.ts';

/** How a link may differ from the usual. */
export interface LinkSettings {
  /** Shown on hover. Of dashboards only. */
  readonly tooltip?: string;
  /** Opens beside this page. Default false. */
  readonly newTab?: boolean;
  /** Takes the time range along; Grafana does so for links of dashboards only. Default true. */
  readonly keepTime?: boolean;
  /** Takes the choices of the variables along; of dashboards only. Default true. */
  readonly keepVariables?: boolean;
}

interface LinkCommon extends Required<LinkSettings>, WithRest {
  readonly title: string;
}

/** To an address, in which the dashboard's variables may occur. */
export interface UrlLink extends LinkCommon {
  readonly type: 'url';
  readonly url: string;
}

/** To all dashboards that have all of these tags. */
export interface TagLink extends LinkCommon {
  readonly type: 'tags';
  readonly tags: readonly string[];
  /** One button with a list, in place of a button for each. */
  readonly dropdown: boolean;
}

/** What may stand at the top of a dashboard. */
export type DashboardLink = UrlLink | TagLink;

/** To an address, or to a dashboard: `link('Runbook', 'https://…')`, `link('Details', details)`. */
export function link(
  title: string,
  to: string | { readonly uid: string },
  settings: LinkSettings = {},
): UrlLink {
  const url = typeof to === 'string' ? to : `/d/${to.uid}`;
  if (url.trim() === '') throw new DefinitionError(`link ${JSON.stringify(title)}: no address`);
  return { type: 'url', ...common(title, settings), url };
}

/** To the dashboards that have these tags: `tagLink('Related', ['shop'])`. */
export function tagLink(
  title: string,
  tags: readonly string[],
  settings: LinkSettings & { readonly dropdown?: boolean } = {},
): TagLink {
  if (tags.length === 0) throw new DefinitionError(`link ${JSON.stringify(title)}: no tags`);
  return { type: 'tags', ...common(title, settings), tags, dropdown: settings.dropdown ?? true };
}

function common(title: string, settings: LinkSettings): LinkCommon {
  if (title.trim() === '') throw new DefinitionError('a link has no title');
  const { tooltip = '', newTab = false, keepTime = true, keepVariables = true } = settings;
  return { title, tooltip, newTab, keepTime, keepVariables };
}
