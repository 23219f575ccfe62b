/** Addresses in dashboards: which may be followed, and what Grafana's own are here. */
import { hrefOf, parseRoute } from '../shell/route.ts';

/** The address if it leads to the web or into this page, and nothing that would run. */
export function safeAddress(href: string): string | undefined {
  const trimmed = href.trim();
  return ownAddress(trimmed) ?? (/^(?:https?:\/\/|mailto:|#|\/(?!\/))/i.test(trimmed) ? trimmed : undefined);
}

/** Grafana's `/d/UID/name?var-job=web` and `/explore` as addresses of this page. */
function ownAddress(href: string): string | undefined {
  const match = /^\/?(d|dashboard)\/([^/?#]+)[^?#]*(?:\?([^#]*))?/.exec(href);
  if (match === null || match[1] !== 'd') return undefined;
  const { uid, params, variables } = parseRoute(`#/d/${match[2]}?${match[3] ?? ''}`);
  return hrefOf('dashboard', uid, params, variables);
}

/** An address with parameters behind those that it has. */
export function withParams(href: string, added: string): string {
  if (added === '') return href;
  return href + (href.includes('?') ? '&' : '?') + added;
}
