/** Links at the top of a dashboard: to other dashboards that share tags, or to an address. */
import { type LinkModel, readLinks } from './data-links.ts';
import { objects, text, texts } from './json.ts';

/** One link, or the dashboards that it finds. */
export type DashboardLink =
  | {
      readonly kind: 'dashboards';
      readonly title: string;
      /** A dashboard is meant when it has all of them. */
      readonly tags: readonly string[];
      readonly asDropdown: boolean;
      readonly keepTime: boolean;
      readonly keepVariables: boolean;
      readonly newTab: boolean;
    }
  | { readonly kind: 'link'; readonly tooltip: string; readonly link: LinkModel };

/** Reads the links of a dashboard. */
export function readDashboardLinks(list: unknown): DashboardLink[] {
  return objects(list).flatMap((json): DashboardLink[] => {
    if (json.type === 'dashboards') {
      return [
        {
          kind: 'dashboards',
          title: text(json.title) || 'Dashboards',
          tags: texts(json.tags),
          asDropdown: json.asDropdown === true,
          keepTime: json.keepTime === true,
          keepVariables: json.includeVars === true,
          newTab: json.targetBlank === true,
        },
      ];
    }
    return readLinks([json]).map((link) => ({ kind: 'link', tooltip: text(json.tooltip) ?? '', link }));
  });
}
