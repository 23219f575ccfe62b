/** The links at the top of a dashboard: addresses, and the dashboards that share tags with it. */
import type { JSX } from 'preact';
import { listDashboards } from '../api/grafana.ts';
import { dashboardHref, type Link, type LinkContext, linksOf } from '../dashboard/data-links.ts';
import type { DashboardLink } from '../dashboard/links.ts';
import { LinkList, LinkTo } from '../panel/linked.tsx';
import { Dropdown } from '../shell/dropdown.tsx';
import { Chevron, External } from '../shell/icons.tsx';
import { useAnswer } from './use-answer.ts';

interface LinkBarProps {
  readonly links: readonly DashboardLink[];
  /** The dashboard that they stand on, which they do not lead to. */
  readonly uid: string;
  readonly context: LinkContext;
}

/** Draws the links. */
export function LinkBar({ links, uid, context }: LinkBarProps): JSX.Element | null {
  const asks = links.some(({ kind }) => kind === 'dashboards');
  const { value: listed = [] } = useAnswer(
    async (signal) => (asks ? listDashboards(signal) : []),
    asks ? 'dashboards' : 'none',
  );
  if (links.length === 0) return null;
  return (
    <nav class="link-bar" aria-label="Links of this dashboard">
      {links.map((one, i) => {
        if (one.kind === 'link')
          return linksOf([one.link], context).map((link) => (
            <span key={`${i} ${link.href}`} title={one.tooltip || undefined}>
              <LinkTo link={link} class="control">
                <External />
                {link.title}
              </LinkTo>
            </span>
          ));
        const found = listed
          .filter((other) => other.uid !== uid && one.tags.every((tag) => other.tags?.includes(tag) === true))
          .map(
            (other): Link => ({
              title: other.title,
              href: dashboardHref(other.uid, context, one),
              newTab: one.newTab,
            }),
          );
        if (!one.asDropdown)
          return found.map((link) => (
            <LinkTo key={link.href} link={link} class="control">
              {link.title}
            </LinkTo>
          ));
        return (
          <Dropdown
            key={`${i} ${one.title}`}
            kind="menu"
            label={
              <>
                {one.title}
                <Chevron />
              </>
            }
          >
            {() =>
              found.length > 0 ? <LinkList links={found} /> : <p>No other dashboard has these tags.</p>
            }
          </Dropdown>
        );
      })}
    </nav>
  );
}
