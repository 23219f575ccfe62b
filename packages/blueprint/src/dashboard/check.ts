/** What is checked when a dashboard is defined: that it means something, and that its parts know each other. */
import type { Annotation } from './annotation.ts';
import type { Dashboard, Row } from './dashboard.ts';
import { DefinitionError } from './definition-error.ts';
import type { DashboardLink } from './link.ts';
import type { Panel } from './panel.ts';
import { checkExpression, checkText } from './query.ts';
import type { Variable } from './variable.ts';

/** The longest uid that Grafana takes. */
export const UID_CHARACTERS_MAX = 40;

/** `now`, with steps away from it and down to a unit (`now-1d/d`), milliseconds of the Unix epoch, or a date. */
const TIME = /^(?:now(?:[+-]\d+[smhdwMQy])*(?:\/f?[smhdwMQy])?|\d+|\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?)$/;

/**
 * Checks a dashboard.
 * @throws DefinitionError naming the panel, variable, link or annotation, and for an expression the place
 */
export function checkDashboard(dashboard: Dashboard): void {
  const { title, uid, refresh, variables } = dashboard;
  const where = `dashboard ${JSON.stringify(title)}`;
  if (title.trim() === '') throw new DefinitionError('a dashboard has no title');
  if (!/^[\w-]+$/.test(uid) || uid.length > UID_CHARACTERS_MAX)
    throw new DefinitionError(
      `${where}: uid ${JSON.stringify(uid)} is not 1 to ${UID_CHARACTERS_MAX} of a-z A-Z 0-9 - _`,
    );
  if (!/^(\d+(ms|[smhd]))?$/.test(refresh))
    throw new DefinitionError(`${where}: refresh ${JSON.stringify(refresh)} is not a duration such as 10s`);
  for (const time of [dashboard.time.from, dashboard.time.to])
    if (!TIME.test(time))
      throw new DefinitionError(`${where}: time ${JSON.stringify(time)} is neither like now-1h nor a date`);
  checkVariables(where, variables);
  for (const link of dashboard.links) checkLink(where, link, variables);
  for (const annotation of dashboard.annotations) checkAnnotation(annotation, variables);
  const headings = new Set<string>();
  for (const row of dashboard.rows) {
    if (!row.headless && headings.has(row.title))
      throw new DefinitionError(`${where}: row ${JSON.stringify(row.title)} is there twice`);
    headings.add(row.title);
    checkRow(row, variables);
  }
}

function checkVariables(where: string, variables: readonly Variable[]): void {
  const seen = new Set<string>();
  for (const [i, variable] of variables.entries()) {
    const { name, type } = variable;
    if (!/^[a-zA-Z]\w*$/.test(name))
      throw new DefinitionError(
        `${where}: variable ${JSON.stringify(name)} is not a letter, then letters, digits, _`,
      );
    if (name === 'datasource' && type !== 'datasource')
      throw new DefinitionError(`${where}: the variable "datasource" is there already`);
    if (seen.has(name))
      throw new DefinitionError(`${where}: variable ${JSON.stringify(name)} is there twice`);
    seen.add(name);
    checkChain(variable, variables.slice(0, i), variables);
  }
}

/** A variable may name those in front of it, since Grafana asks for them in this order. */
function checkChain(variable: Variable, before: readonly Variable[], all: readonly Variable[]): void {
  const where = `variable ${JSON.stringify(variable.name)}`;
  const text = variable.type === 'label' ? variable.metric : variable.type === 'query' ? variable.query : '';
  checkText(where, text, all);
  for (const { name } of all.slice(before.length))
    if (new RegExp(`\\$(?:${name}\\b|\\{${name}\\b)|\\[\\[${name}\\b`).test(text))
      throw new DefinitionError(
        name === variable.name
          ? `${where} names itself`
          : `${where} names $${name}, which is declared behind it: put it in front`,
      );
  const asked = variable.type === 'query' ? /^query_result\((.*)\)$/s.exec(text)?.[1] : text;
  if (asked !== undefined && asked.trim() !== '') checkExpression(where, asked, all);
}

function checkLink(where: string, link: DashboardLink, variables: readonly Variable[]): void {
  const at = `${where}: link ${JSON.stringify(link.title)}`;
  checkText(at, link.title, variables);
  if (link.type === 'url') checkText(at, link.url, variables);
}

function checkAnnotation(annotation: Annotation, variables: readonly Variable[]): void {
  const { name, expr, title, text } = annotation;
  const where = `annotation ${JSON.stringify(name)}`;
  if (expr.trim() !== '') checkExpression(where, expr, variables);
  checkText(where, title, variables);
  checkText(where, text, variables);
}

function checkRow({ title, panels, repeat, headless }: Row, variables: readonly Variable[]): void {
  const at = `row ${JSON.stringify(title)}`;
  checkText(at, title, variables);
  checkRepeat(at, repeat, variables);
  const seen = new Set<string>();
  for (const panel of panels) {
    const where = `panel ${JSON.stringify(headless ? panel.title : `${title} / ${panel.title}`)}`;
    if (seen.has(panel.title)) throw new DefinitionError(`${where} is there twice`);
    seen.add(panel.title);
    checkPanel(where, panel, variables);
  }
}

function checkPanel(where: string, panel: Panel, variables: readonly Variable[]): void {
  checkText(where, panel.title, variables);
  checkRepeat(where, panel.repeat?.variable, variables);
  for (const { expr, legend, instant } of panel.queries) {
    if (expr.trim() !== '') checkExpression(where, expr, variables, instant);
    checkText(where, legend, variables);
  }
  const links = [...(panel.links ?? []), ...('valueLinks' in panel ? (panel.valueLinks ?? []) : [])];
  for (const link of links) checkLink(where, link, variables);
}

function checkRepeat(where: string, repeat: string | undefined, variables: readonly Variable[]): void {
  if (repeat === undefined || variables.some(({ name }) => name === repeat)) return;
  const known = variables.map(({ name }) => name).join(', ');
  throw new DefinitionError(
    `${where}: repeated by ${JSON.stringify(repeat)}, which is no variable; ${known === '' ? 'the dashboard declares none' : `known are ${known}`}`,
  );
}
