/** The links of a panel, at its head. */
import type { JSX } from 'preact';
import { type LinkContext, type LinkModel, linksOf } from '../dashboard/data-links.ts';
import { Dropdown } from '../shell/dropdown.tsx';
import { External } from '../shell/icons.tsx';
import { LinkList, LinkTo } from './linked.tsx';

/** Draws one link, or a menu of several. */
export function PanelLinks({
  title,
  models,
  context,
}: {
  /** Of the panel. */
  readonly title: string;
  readonly models: readonly LinkModel[];
  readonly context: LinkContext;
}): JSX.Element | null {
  const links = linksOf(models, context);
  const [first] = links;
  if (first === undefined) return null;
  if (links.length === 1)
    return (
      <LinkTo link={first} class="panel-link lasting">
        <External />
      </LinkTo>
    );
  return (
    <Dropdown
      kind="menu"
      name={`Links of ${title}`}
      title="Links"
      buttonClass="panel-link lasting"
      label={<External />}
    >
      {() => <LinkList links={links} />}
    </Dropdown>
  );
}
