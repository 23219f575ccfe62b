/** Where values lead: one link is followed by a click on the value, several are offered. */
import type { ComponentChildren, JSX } from 'preact';
import type { Link } from '../dashboard/data-links.ts';
import { Dropdown } from '../shell/dropdown.tsx';

/** Draws something that leads somewhere; without a link it is drawn as it is. */
export function Linked({
  links,
  children,
}: {
  readonly links: readonly Link[];
  readonly children: ComponentChildren;
}): JSX.Element {
  const [first, second] = links;
  if (first === undefined) return <>{children}</>;
  if (second === undefined)
    return (
      <LinkTo link={first} class="value-link">
        {children}
      </LinkTo>
    );
  return (
    <Dropdown kind="menu" buttonClass="value-link" label={children}>
      {() => <LinkList links={links} />}
    </Dropdown>
  );
}

/** Draws links below each other. */
export function LinkList({ links }: { readonly links: readonly Link[] }): JSX.Element {
  return (
    <ul class="link-list">
      {links.map((link, i) => (
        <li key={`${i} ${link.href}`}>
          <LinkTo link={link}>{link.title}</LinkTo>
        </li>
      ))}
    </ul>
  );
}

/** Draws one link. Another page does not learn where its reader comes from. */
export function LinkTo({
  link: { href, title, newTab },
  children,
  class: className,
}: {
  readonly link: Link;
  readonly children: ComponentChildren;
  readonly class?: string;
}): JSX.Element {
  return (
    <a href={href} title={title} class={className} rel="noreferrer" target={newTab ? '_blank' : undefined}>
      {children}
    </a>
  );
}
