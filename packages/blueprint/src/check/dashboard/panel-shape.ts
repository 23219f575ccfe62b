/** What several checks ask of a panel. */
import type { InventoryPanel } from '../../grafana/inventory.ts';

/** Transformations that leave values as they are. */
const KEEP_VALUES: ReadonlySet<string> = new Set([
  'organize',
  'sortBy',
  'limit',
  'filterFieldsByName',
  'filterByRefId',
  'filterByValue',
  'merge',
  'renameByRegex',
  'labelsToFields',
  'joinByField',
  'seriesToColumns',
]);

/** Whether some of its values have a unit of their own. */
export function hasUnitOverride({ json }: InventoryPanel): boolean {
  return (json.fieldConfig?.overrides ?? []).some(({ properties }) =>
    properties.some(({ id }) => id === 'unit'),
  );
}

/** Whether it shows what its queries answer, and nothing that is computed of it. */
export function keepsValues({ json }: InventoryPanel): boolean {
  return (json.transformations ?? []).every(({ id }) => KEEP_VALUES.has(id));
}
