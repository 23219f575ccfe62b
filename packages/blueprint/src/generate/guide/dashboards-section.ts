/** The dashboards: what each panel shows and means. Read from what Grafana gets, so that nothing else can stand here. */
import type { Config } from '../../config/config.ts';
import type { Dashboard } from '../../dashboard/dashboard.ts';
import { stringifyDashboard } from '../../grafana/render.ts';
import { code, inline, paragraphs, table } from '../../markdown.ts';

/** The parts of a panel that people read; any may be missing. */
interface ShownPanel {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr?: string }[];
  readonly panels?: readonly ShownPanel[];
}

/** One part for each dashboard, one table for each row. */
export function dashboardsSection(config: Config): string {
  return paragraphs(...config.dashboards.map(dashboardText));
}

function dashboardText(dashboard: Dashboard): string {
  const { panels = [] } = JSON.parse(stringifyDashboard(dashboard)) as {
    readonly panels?: readonly ShownPanel[];
  };
  const rows: { title: string; panels: ShownPanel[] }[] = [];
  for (const panel of panels) {
    if (panel.type === 'row') rows.push({ title: panel.title ?? '', panels: [...(panel.panels ?? [])] });
    else {
      if (rows.length === 0) rows.push({ title: '', panels: [] });
      rows.at(-1)?.panels.push(panel);
    }
  }
  return paragraphs(
    `### Dashboard ${inline(dashboard.title)}`,
    `In Grafana: ${code(`/d/${dashboard.uid}`)}. ${inline(dashboard.description)}`.trim(),
    ...rows.flatMap(({ title, panels: shown }) => [
      title === '' ? '' : `**${inline(title)}**`,
      table(
        ['Panel', 'What it means', 'Unit', 'Queries'],
        shown.map(({ title: name = '', description = '', fieldConfig, targets = [] }) => [
          inline(name),
          inline(description),
          inline(fieldConfig?.defaults?.unit ?? ''),
          targets.flatMap(({ expr }) => (expr === undefined ? [] : [code(expr)])).join('<br>'),
        ]),
      ),
    ]),
  );
}
