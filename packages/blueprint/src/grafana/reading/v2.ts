/**
 * Dashboards of the V2 model (Grafana 12 and later): `elements` by name, and a `layout` that refers to them.
 *
 * 1. Every element becomes a classic panel: `vizConfig` its type, options and looks, `data` its targets,
 *    transformations and query options.
 * 2. The layout is laid onto the grid. A grid keeps its positions, an automatic one is dealt in its columns,
 *    each row becomes a classic row; a tab too, since the classic model has none. Rows within rows follow each
 *    other.
 * 3. Variables, annotations and time settings take their classic names.
 *
 * What V2 says and the classic model does not know stays under its own name on the panel, row or dashboard.
 */
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, objectsOf, textOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { datasourceOf } from './v2-datasource.ts';
import { fromV2Annotation, fromV2Variable } from './v2-variables.ts';

const COLUMNS = 24;
/** What a panel of an automatic layout is given: three beside each other, 9 rows of 38 px high. */
const AUTO_COLUMNS = 3;
const AUTO_HEIGHT = 9;

/** Whether an object is the body of a V2 dashboard. */
export function isV2(value: JsonObject): boolean {
  return isObject(value.elements) && (isObject(value.layout) || value.panels === undefined);
}

/** The dashboard in the classic model. */
export function fromV2(spec: JsonObject, metadata: JsonObject | undefined, ledger: Ledger): JsonObject {
  const dashboard: JsonObject = {};
  ledger.derive(dashboard, spec);
  if (metadata !== undefined) ledger.carry(metadata, 'name', dashboard, 'uid');
  const elements = objectOf(spec.elements);
  const placed = new Layout(elements, ledger);
  placed.add(objectOf(spec.layout), 0);
  placed.addUnplaced();
  dashboard.panels = placed.panels;
  dashboard.templating = {
    list: objectsOf(spec.variables).map((variable) => fromV2Variable(variable, ledger)),
  };
  dashboard.annotations = {
    list: objectsOf(spec.annotations).map((annotation) => fromV2Annotation(annotation, ledger)),
  };
  timeSettings(objectOf(spec.timeSettings), dashboard, ledger);
  if (typeof spec.cursorSync === 'string') dashboard.graphTooltip = CURSOR_SYNC.get(spec.cursorSync) ?? 0;
  const consumed = new Set(['elements', 'layout', 'variables', 'annotations', 'timeSettings', 'cursorSync']);
  for (const key of Object.keys(spec)) if (!consumed.has(key)) ledger.carry(spec, key, dashboard);
  ledger.note('v2', 'a dashboard of the V2 model is read as a classic one', {
    from: { in: spec },
    to: { in: dashboard },
  });
  return dashboard;
}

const CURSOR_SYNC: ReadonlyMap<string, number> = new Map([
  ['Off', 0],
  ['Crosshair', 1],
  ['Tooltip', 2],
]);

/** V2's names of time settings, and where the classic model has them. */
const TIME_FIELDS: readonly (readonly [string, 'dashboard' | 'time' | 'timepicker', string])[] = [
  ['from', 'time', 'from'],
  ['to', 'time', 'to'],
  ['timezone', 'dashboard', 'timezone'],
  ['autoRefresh', 'dashboard', 'refresh'],
  ['weekStart', 'dashboard', 'weekStart'],
  ['fiscalYearStartMonth', 'dashboard', 'fiscalYearStartMonth'],
  ['autoRefreshIntervals', 'timepicker', 'refresh_intervals'],
  ['hideTimepicker', 'timepicker', 'hidden'],
  ['nowDelay', 'timepicker', 'nowDelay'],
  ['quickRanges', 'timepicker', 'quick_ranges'],
];

function timeSettings(settings: JsonObject, dashboard: JsonObject, ledger: Ledger): void {
  const time: JsonObject = {};
  const timepicker: JsonObject = {};
  const targets = { dashboard, time, timepicker };
  for (const [name, target, classic] of TIME_FIELDS) ledger.carry(settings, name, targets[target], classic);
  if (Object.keys(time).length > 0) dashboard.time = time;
  if (Object.keys(timepicker).length > 0) dashboard.timepicker = timepicker;
}

/** Lays elements onto the grid, from the top down. */
class Layout {
  readonly panels: JsonValue[] = [];
  readonly #elements: JsonObject;
  readonly #ledger: Ledger;
  readonly #placed = new Set<string>();
  /** The first free line. */
  #y = 0;
  /** Where panels go: a closed row's own list, or that of the dashboard. */
  #into: JsonValue[] = this.panels;

  constructor(elements: JsonObject, ledger: Ledger) {
    this.#elements = elements;
    this.#ledger = ledger;
  }

  add(layout: JsonObject, depth: number): void {
    const spec = objectOf(layout.spec);
    switch (layout.kind) {
      case 'GridLayout':
        this.#grid(objectsOf(spec.items));
        break;
      case 'AutoGridLayout':
        this.#autoGrid(objectsOf(spec.items), spec);
        break;
      case 'RowsLayout':
        for (const row of objectsOf(spec.rows)) this.#row(objectOf(row.spec), depth);
        break;
      case 'TabsLayout':
        for (const tab of objectsOf(spec.tabs)) this.#row(objectOf(tab.spec), depth);
        break;
      default:
    }
  }

  /** Elements that no layout shows are kept, below all others. */
  addUnplaced(): void {
    const left = Object.keys(this.#elements).filter((name) => !this.#placed.has(name));
    this.#into = this.panels;
    this.#autoGrid(
      left.map((name) => ({ kind: 'AutoGridLayoutItem', spec: { element: { name } } })),
      {},
    );
  }

  #row(spec: JsonObject, depth: number): void {
    const layout = objectOf(spec.layout);
    const outer = this.#into;
    // A row without a header is only an arrangement. A row in a closed row has to stay within it.
    if (spec.hideHeader !== true && outer === this.panels) {
      const inner: JsonValue[] = [];
      const row: JsonObject = {
        type: 'row',
        title: textOf(spec.title) ?? '',
        collapsed: spec.collapse === true,
        gridPos: { h: 1, w: COLUMNS, x: 0, y: this.#y },
        panels: inner,
      };
      this.#ledger.derive(row, spec);
      this.#ledger.carry(spec, 'title', row);
      repeatOf(objectOf(spec.repeat), row);
      for (const key of Object.keys(spec))
        if (!['title', 'collapse', 'layout', 'repeat', 'hideHeader'].includes(key))
          this.#ledger.carry(spec, key, row);
      this.panels.push(row);
      this.#y += 1;
      if (spec.collapse === true) this.#into = inner;
    }
    this.add(layout, depth + 1);
    this.#into = outer;
  }

  #grid(items: readonly JsonObject[]): void {
    const top = this.#y;
    for (const item of items) {
      const spec = objectOf(item.spec);
      // The first drafts of V2 had rows as items of the grid.
      if (item.kind === 'GridLayoutRow') {
        this.#y = top + whole(spec.y, this.#y - top);
        this.#row({ ...spec, collapse: spec.collapsed ?? false, layout: gridOf(spec.elements) }, 0);
        continue;
      }
      const h = whole(spec.height, AUTO_HEIGHT);
      const y = top + whole(spec.y, this.#y - top);
      this.#panel(item, { h, w: whole(spec.width, COLUMNS), x: whole(spec.x, 0), y });
      this.#y = Math.max(this.#y, y + h);
    }
  }

  #autoGrid(items: readonly JsonObject[], { maxColumnCount }: JsonObject): void {
    const columns = Math.min(Math.max(whole(maxColumnCount, AUTO_COLUMNS), 1), COLUMNS);
    const w = Math.floor(COLUMNS / columns);
    items.forEach((item, i) => {
      const y = this.#y + Math.floor(i / columns) * AUTO_HEIGHT;
      this.#panel(item, { h: AUTO_HEIGHT, w, x: (i % columns) * w, y });
    });
    this.#y += Math.ceil(items.length / columns) * AUTO_HEIGHT;
  }

  #panel(item: JsonObject, gridPos: JsonObject): void {
    const spec = objectOf(item.spec);
    const name = textOf(objectOf(spec.element).name) ?? '';
    const element = Object.hasOwn(this.#elements, name) ? this.#elements[name] : undefined;
    if (!isObject(element) || this.#placed.has(name)) {
      this.#ledger.note('v2', `the layout names no element, or one for the second time: ${name}`, {
        from: { in: item },
      });
      return;
    }
    this.#placed.add(name);
    const panel = panelOf(element, this.#ledger);
    panel.gridPos = gridPos;
    repeatOf(objectOf(spec.repeat), panel);
    if (spec.conditionalRendering !== undefined) this.#ledger.carry(spec, 'conditionalRendering', panel);
    this.#into.push(panel);
  }
}

function gridOf(items: JsonValue | undefined): JsonObject {
  return { kind: 'GridLayout', spec: { items: listOf(items) } };
}

function whole(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : otherwise;
}

function repeatOf(repeat: JsonObject, owner: JsonObject): void {
  if (typeof repeat.value !== 'string') return;
  owner.repeat = repeat.value;
  if (repeat.direction !== undefined) owner.repeatDirection = repeat.direction;
  if (repeat.maxPerRow !== undefined) owner.maxPerRow = repeat.maxPerRow;
}

function panelOf(element: JsonObject, ledger: Ledger): JsonObject {
  const spec = objectOf(element.spec);
  const panel: JsonObject = {};
  ledger.derive(panel, element);
  const viz = objectOf(spec.vizConfig);
  const vizSpec = objectOf(viz.spec);
  const data = objectOf(objectOf(spec.data).spec);
  if (element.kind === 'LibraryPanel') panel.type = 'library-panel-ref';
  // The second draft calls the type `group`, the first one `kind`.
  else if (typeof viz.group === 'string') {
    ledger.carry(viz, 'group', panel, 'type');
    ledger.carry(viz, 'version', panel, 'pluginVersion');
  } else ledger.carry(viz, 'kind', panel, 'type');
  for (const key of Object.keys(vizSpec)) ledger.carry(vizSpec, key, panel);
  if (data.queries !== undefined)
    panel.targets = objectsOf(data.queries).map((query) => targetOf(objectOf(query.spec), ledger));
  if (data.transformations !== undefined)
    panel.transformations = objectsOf(data.transformations).map((item) => transformationOf(item, ledger));
  const options = objectOf(data.queryOptions);
  for (const key of Object.keys(options)) ledger.carry(options, key, panel);
  for (const key of Object.keys(spec))
    if (key !== 'vizConfig' && key !== 'data') ledger.carry(spec, key, panel);
  return panel;
}

function transformationOf(item: JsonObject, ledger: Ledger): JsonObject {
  const spec = objectOf(item.spec);
  // In the last draft the id stands beside the spec.
  if (spec.id === undefined && typeof item.group === 'string') ledger.carry(item, 'group', spec, 'id');
  else if (spec.id === undefined) ledger.carry(item, 'kind', spec, 'id');
  ledger.derive(spec, item);
  return spec;
}

function targetOf(spec: JsonObject, ledger: Ledger): JsonObject {
  const query = objectOf(spec.query);
  const target = objectOf(query.spec);
  ledger.derive(target, spec);
  datasourceOf(query, spec, target, ledger);
  ledger.carry(spec, 'refId', target);
  ledger.carry(spec, 'hidden', target, 'hide');
  return target;
}
