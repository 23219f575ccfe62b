/**
 * Panels on the grid. Until version 16 of the model a dashboard had rows with panels in them, each with a span
 * of 12; a panel beyond the row's end goes to the next line. Today a row is a panel, a closed one has its panels
 * in it, an open one has them behind it.
 */
import { kindOf } from './envelope.ts';
import { isObject, type JsonObject, type JsonValue, listOf, numberOf, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';

const COLUMNS = 24;
const SPANS = 12;
const SPAN_DEFAULT = 4;
/** Pixels of a row that does not say. */
const ROW_HEIGHT_DEFAULT = 250;
/** The least height of a panel, in pixels. */
const HEIGHT_LEAST = 90;
/** A line of the grid with the gap below it, in pixels. */
const LINE = 38;
/** Lines and columns of a panel that has no place. */
const FALLBACK = { h: 8, w: 12 };

/** Makes `dashboard.panels` a list of panels, from whatever form they are in. */
export function gatherPanels(dashboard: JsonObject, ledger: Ledger): void {
  if (dashboard.panels === undefined || dashboard.panels === null) dashboard.panels = [];
  const panels = dashboard.panels;
  if (!Array.isArray(panels)) {
    ledger.fail(dashboard, 'panels', `is ${kindOf(panels)} and not a list of panels`);
    return;
  }
  if (dashboard.rows !== undefined && dashboard.rows !== null) fromRows(dashboard, panels, ledger);
  checkPanels(panels, ledger);
  dashboard.panels = panels
    .filter(isObject)
    .filter((panel) => isOriginal(panel, 'repeatPanelId', ledger))
    .flatMap((panel) => openRow(panel, ledger));
}

/** Repeating made copies that older Grafanas saved; each load makes them anew. */
function isOriginal(owner: JsonObject, mark: string, ledger: Ledger): boolean {
  if (!owner[mark]) return true;
  ledger.note('rows', 'a copy that repeating made is left out', { from: { in: owner }, was: owner });
  return false;
}

function checkPanels(panels: readonly JsonValue[], ledger: Ledger): void {
  for (const [i, panel] of panels.entries())
    if (!isObject(panel)) ledger.fail(panels as JsonValue[], i, `is ${kindOf(panel)} and not a panel`);
}

/** Lays old rows onto the grid. Their headings are shown when one of them has something to show. */
function fromRows(dashboard: JsonObject, panels: JsonValue[], ledger: Ledger): void {
  const { rows } = dashboard;
  if (!Array.isArray(rows)) {
    ledger.fail(dashboard, 'rows', `is ${kindOf(rows)} and not a list of rows`);
    return;
  }
  for (const [i, row] of rows.entries())
    if (!isObject(row)) ledger.fail(rows, i, `is ${kindOf(row)} and not a row`);
  const objects = rows.filter(isObject).filter((row) => isOriginal(row, 'repeatIteration', ledger));
  const headed = objects.some((row) => row.collapse || row.showTitle || row.repeat);
  let y = 0;
  for (const row of objects) y = layOutRow(row, panels, headed, y, ledger);
  delete dashboard.rows;
}

/** Lays one row out from line `y` on, and returns the first free line below it. */
function layOutRow(row: JsonObject, into: JsonValue[], headed: boolean, y: number, ledger: Ledger): number {
  const inside = listOf(row.panels);
  checkPanels(inside, ledger);
  const panels = inside.filter(isObject);
  const collapsed = row.collapse === true;
  const height = linesOf(row.height) ?? Math.ceil(ROW_HEIGHT_DEFAULT / LINE);
  const top = headed ? y + 1 : y;
  const bottom = deal(panels, top, height);
  const { collapse, height: pixels, panels: _, showTitle, titleSize, ...rest } = row;
  if (!headed) {
    into.push(...panels);
  } else {
    const heading: JsonObject = {
      ...rest,
      type: 'row',
      title: textOf(row.title) ?? '',
      collapsed,
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
      panels: collapsed ? panels : [],
    };
    ledger.derive(heading, row);
    into.push(heading);
    if (!collapsed) into.push(...panels);
  }
  ledger.note('rows', 'a row of the old layout lies on the grid', {
    from: { in: row },
    ...(panels[0] !== undefined && { to: { in: panels[0] } }),
  });
  return headed && collapsed ? y + 1 : bottom;
}

/** Gives panels of old spans their places, a line after the other, and returns the first free line. */
function deal(panels: readonly JsonObject[], top: number, rowHeight: number): number {
  let x = 0;
  let y = top;
  let deepest = 0;
  for (const panel of panels) {
    const span = Math.min(Math.max(numberOf(panel.span) || SPAN_DEFAULT, 1), SPANS);
    const w = Math.floor(span) * (COLUMNS / SPANS);
    const h = linesOf(panel.height) ?? rowHeight;
    if (x + w > COLUMNS) {
      x = 0;
      y += deepest;
      deepest = 0;
    }
    panel.gridPos = { h, w, x, y };
    delete panel.span;
    delete panel.height;
    x += w;
    deepest = Math.max(deepest, h);
  }
  return y + (deepest === 0 ? rowHeight : deepest);
}

/** `"250px"` and `250` in lines of the grid. */
function linesOf(height: JsonValue | undefined): number | undefined {
  const pixels = typeof height === 'string' ? Number.parseInt(height, 10) : height;
  if (typeof pixels !== 'number' || !(pixels > 0)) return undefined;
  return Math.ceil(Math.max(pixels, HEIGHT_LEAST) / LINE);
}

/**
 * A panel as it stands in the list: an open row's panels stand behind it, and a row within a closed row is a
 * closed row of its own that has what followed it.
 */
function openRow(panel: JsonObject, ledger: Ledger): JsonObject[] {
  if (typeof panel.type !== 'string' && Array.isArray(panel.panels))
    ledger.put('missing', 'what has panels is a row', panel, 'type', 'row');
  if (panel.type !== 'row') return [panel];
  const inside = listOf(panel.panels);
  checkPanels(inside, ledger);
  if (!Array.isArray(panel.panels)) panel.panels = [];
  const panels = inside.filter(isObject);
  if (panel.collapsed !== true) {
    if (panels.length === 0) return [panel];
    ledger.note('rows', 'the panels of an open row stand behind it', {
      from: { in: panel, key: 'panels' },
      to: { in: panel },
    });
    panel.panels = [];
    return [panel, ...panels.flatMap((inner) => openRow(inner, ledger))];
  }
  const first = panels.findIndex((inner) => inner.type === 'row');
  if (first < 0) return [panel];
  const [heading, ...behind] = panels.slice(first);
  panel.panels = panels.slice(0, first);
  if (heading === undefined) return [panel];
  ledger.note('rows', 'a row within a row stands behind it', { from: { in: heading }, to: { in: heading } });
  heading.panels = [...listOf(heading.panels), ...behind];
  heading.collapsed = true;
  return [panel, ...openRow(heading, ledger)];
}

/** The panels in a row that is closed. What another panel calls so is its own matter. */
export function innerPanels(panel: JsonObject): JsonObject[] {
  return panel.type === 'row' ? listOf(panel.panels).filter(isObject) : [];
}

/** Gives a place to every panel that has none, below all that stand before it, two beside each other. */
export function completeGrid(panels: readonly JsonObject[], ledger: Ledger, top = 0): void {
  let bottom = top;
  let beside: { readonly x: number; readonly y: number } | undefined;
  for (const panel of panels) {
    const isRow = panel.type === 'row';
    const { h, w } = isRow ? { h: 1, w: COLUMNS } : FALLBACK;
    const had = placeOf(panel);
    if (had !== undefined) {
      beside = undefined;
      if (had.changed) ledger.put('grid-position', 'a place is four whole numbers', panel, 'gridPos', had.at);
      bottom = Math.max(bottom, had.at.y + had.at.h);
    } else {
      const at = beside !== undefined && !isRow ? { h, w, ...beside } : { h, w, x: 0, y: bottom };
      beside = beside === undefined && !isRow ? { x: w, y: at.y } : undefined;
      ledger.put('grid-position', 'a panel without a place is put below the others', panel, 'gridPos', at);
      bottom = Math.max(bottom, at.y + at.h);
    }
    completeGrid(innerPanels(panel), ledger, bottom);
  }
}

function placeOf(panel: JsonObject) {
  if (!isObject(panel.gridPos)) return undefined;
  const { h, w, x, y, ...rest } = panel.gridPos;
  const height = numberOf(h);
  const width = numberOf(w);
  if (height === undefined || width === undefined || height <= 0 || width <= 0) return undefined;
  const at = {
    ...rest,
    h: height,
    w: Math.min(width, COLUMNS),
    x: Math.max(numberOf(x) ?? 0, 0),
    y: Math.max(numberOf(y) ?? 0, 0),
  };
  return { at, changed: at.h !== h || at.w !== w || at.x !== x || at.y !== y };
}

/** Gives every panel an id of its own: its own one, unless another before it has that, or the next free one. */
export function completeIds(panels: readonly JsonObject[], ledger: Ledger): void {
  const all = panels.flatMap((panel) => [panel, ...innerPanels(panel)]);
  const taken = new Set(all.map(({ id }) => id));
  const seen = new Set<JsonValue | undefined>();
  let next = 1;
  for (const panel of all) {
    const { id } = panel;
    if (typeof id === 'number' && Number.isInteger(id) && id > 0 && !seen.has(id)) {
      seen.add(id);
      continue;
    }
    while (taken.has(next)) next++;
    taken.add(next);
    seen.add(next);
    ledger.put(
      'panel-id',
      id === undefined ? 'a panel has an id' : 'the id of a panel is a whole number of its own',
      panel,
      'id',
      next,
    );
  }
}
