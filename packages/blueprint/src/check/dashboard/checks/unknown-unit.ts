/** Units that Grafana does not know. */
import { nearest } from '@binnacle/promql';
import { UNIT_IDS } from '../../../dashboard/unit-id.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** Units that are put together by their authors. */
const OWN = /^(?:suffix|prefix|time|si|count|currency|bool):/;
/** What people write, and how Grafana calls it. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ['seconds', 's'],
  ['sec', 's'],
  ['milliseconds', 'ms'],
  ['microseconds', 'µs'],
  ['us', 'µs'],
  ['nanoseconds', 'ns'],
  ['byte', 'bytes'],
  ['MB', 'decmbytes'],
  ['GB', 'decgbytes'],
  ['%', 'percent'],
  ['ratio', 'percentunit'],
  ['rps', 'reqps'],
  ['req/s', 'reqps'],
]);

/** Reports unit ids that are in none of Grafana's lists. */
export const unknownUnit: DashboardCheck = {
  name: 'unknown-unit',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      const check = (unit: unknown, pointer: string): void => {
        if (
          typeof unit !== 'string' ||
          unit === '' ||
          UNIT_IDS.has(unit) ||
          OWN.test(unit) ||
          unit.includes('$')
        )
          return;
        const suggestion = MEANT.get(unit) ?? MEANT.get(unit.toLowerCase()) ?? nearest(unit, UNIT_IDS);
        report(panelSubject(panel), place(pointer), {
          severity: 'warning',
          message: `there is no unit ${JSON.stringify(unit)}`,
          reason: 'Grafana writes it behind the number as a word, and does not scale the number',
          remedy: `use an id of Grafana's list, or suffix:${unit} where the word is meant.`,
          ...(suggestion !== undefined && { suggestion }),
        });
      };
      check(panel.unit, `${panel.pointer}/fieldConfig/defaults/unit`);
      const overrides = panel.json.fieldConfig?.overrides ?? [];
      overrides.forEach(({ properties }, i) => {
        properties.forEach(({ id, value }, k) => {
          if (id === 'unit')
            check(value, `${panel.pointer}/fieldConfig/overrides/${i}/properties/${k}/value`);
        });
      });
    }
  },
};
