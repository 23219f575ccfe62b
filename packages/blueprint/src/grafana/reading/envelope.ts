/**
 * Takes the dashboard out of what surrounds it: the body of Grafana's API (`{"dashboard": …}`), a resource of
 * Kubernetes' kind (`apiVersion`, `metadata`, `spec`), in the classic model or in V2; or puts one around a
 * panel that stands alone.
 */
import { isObject, type JsonObject, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { fromV2, isV2 } from './v2.ts';

/** What only a dashboard has. One of these tells it from any other JSON. */
const DASHBOARD_FIELDS = ['panels', 'rows', 'templating', 'schemaVersion', 'annotations', 'elements'];

/** What only a panel has, beside its title. */
const PANEL_FIELDS = ['type', 'targets', 'gridPos', 'fieldConfig'];

/** How many envelopes may stand around each other: a resource's spec in an API's body, and one to spare. */
const ENVELOPES_MAX = 3;

/**
 * The dashboard in what was read.
 * @throws DashboardFormatError when there is none
 */
export function unwrap(ledger: Ledger): JsonObject {
  const { root } = ledger;
  if (!isObject(root)) return ledger.fail([], undefined, `is ${kindOf(root)} and not a dashboard`);
  let inner = root;
  for (let i = 0; i < ENVELOPES_MAX; i++) {
    if (isV2(inner)) return fromV2(inner, undefined, ledger);
    const next = isObject(inner.dashboard) ? 'dashboard' : isResource(inner) ? 'spec' : undefined;
    if (next === undefined) break;
    const content = inner[next];
    if (!isObject(content)) return ledger.fail(inner, next, `is ${kindOf(content)} and not a dashboard`);
    if (isV2(content)) return fromV2(content, isObject(inner.metadata) ? inner.metadata : undefined, ledger);
    ledger.note('envelope', `the dashboard stands in "${next}"`, {
      from: { in: content },
      to: { in: content },
    });
    if (next === 'spec' && isObject(inner.metadata)) named(content, inner.metadata, ledger);
    inner = content;
  }
  if (DASHBOARD_FIELDS.some((field) => inner[field] !== undefined)) return inner;
  if (PANEL_FIELDS.some((field) => inner[field] !== undefined)) return around(inner, ledger);
  if (textOf(inner.title) !== undefined) return inner;
  return ledger.fail(inner, undefined, 'has no panels, no rows and no title, so it is not a dashboard');
}

function isResource(value: JsonObject): boolean {
  return isObject(value.spec) && (typeof value.apiVersion === 'string' || isObject(value.metadata));
}

/** A resource's name is what its dashboard is known by. */
function named(dashboard: JsonObject, metadata: JsonObject, ledger: Ledger): void {
  if (dashboard.uid !== undefined || typeof metadata.name !== 'string') return;
  ledger.move(
    'envelope',
    "the resource's name is the uid",
    { in: metadata, key: 'name' },
    { in: dashboard, key: 'uid' },
  );
}

/** A panel alone, as documents show it: a dashboard with this one panel. */
function around(panel: JsonObject, ledger: Ledger): JsonObject {
  const dashboard: JsonObject = { title: textOf(panel.title) ?? '', panels: [panel] };
  ledger.note('envelope', 'a panel alone stands in a dashboard of its own', {
    from: { in: panel },
    to: { in: panel },
  });
  return dashboard;
}

/** What a value is, in words. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
