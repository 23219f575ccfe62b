/**
 * Panels and rows that are repeated for each value of a variable.
 *
 * A panel that is repeated to the right shares the width of the dashboard among its copies, at most `maxPerRow` beside
 * each other, and what stood beside or below it moves down; one that is repeated downwards keeps its width. A repeated
 * row stands once for each value, with its panels. In a copy, the variable has the one value that the copy is for.
 */
import { type Choices, type Chosen, choiceOf } from './choices.ts';
import { COLUMNS, compacted, type GridPos } from './layout.ts';
import { fillText } from './macros.ts';
import type { Section } from './model.ts';
import type { PanelModel } from './panel-model.ts';

/** A panel as it is drawn: its place, and what differs from the choices of the dashboard. */
export interface PlacedPanel {
  readonly key: string;
  readonly panel: PanelModel;
  readonly choices: Choices;
}

/** A section as it is drawn. */
export interface PlacedSection {
  readonly key: string;
  readonly title: string;
  readonly collapsed: boolean;
  /** Whether it can be opened and closed. */
  readonly isRow: boolean;
  readonly panels: readonly PlacedPanel[];
}

/** More copies than these are not drawn; nobody reads them. */
export const COPIES_MOST = 100;
/** Copies beside each other when the dashboard does not say it. */
const PER_ROW_USUAL = 4;

/** Repeats rows and panels for the values that are chosen. */
export function placed(sections: readonly Section[], choices: Choices): PlacedSection[] {
  return sections.flatMap((section, i) =>
    (scopesOf(section.repeat, choices) ?? [{ suffix: '', own: choices }]).map(({ suffix, own }) => ({
      key: `${i}${suffix}`,
      title: fillText(section.title, own),
      collapsed: section.collapsed,
      isRow: section.isRow,
      panels: panelsOf(section, own),
    })),
  );
}

interface Scope {
  readonly suffix: string;
  readonly own: Choices;
}

/** The choices of each copy; undefined where nothing is repeated or there is nothing to repeat for. */
function scopesOf(repeat: string | undefined, choices: Choices): Scope[] | undefined {
  const chosen = repeat === undefined ? undefined : choiceOf(choices, repeat);
  if (repeat === undefined || chosen === undefined || chosen.values.length === 0) return undefined;
  return chosen.values.slice(0, COPIES_MOST).map((value, i) => ({
    suffix: ` ${value}`,
    own: { ...choices, [repeat]: single(chosen, value, i) },
  }));
}

function single({ several, texts }: Chosen, value: string, i: number): Chosen {
  const text = texts?.[i];
  return {
    values: [value],
    ...(several === true && { several }),
    ...(text !== undefined && { texts: [text] }),
  };
}

function panelsOf({ panels }: Section, choices: Choices): PlacedPanel[] {
  const repeated: { gridPos: GridPos; panel: PanelModel; key: string; choices: Choices }[] = [];
  // How far what begins at a line has moved down.
  const shifts: ((y: number) => number)[] = [];
  const inOrder = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  inOrder.forEach((panel, at) => {
    const { x, y, w, h } = panel.gridPos;
    const top = y + shifts.reduce((sum, shift) => sum + shift(y), 0);
    const scopes = scopesOf(panel.repeat, choices);
    const key = `${panel.id} ${at}`;
    if (scopes === undefined) {
      repeated.push({ gridPos: { x, y: top, w, h }, panel, key, choices });
      return;
    }
    const perRow = panel.repeatDown ? 1 : Math.min(scopes.length, panel.maxPerRow ?? PER_ROW_USUAL);
    const width = panel.repeatDown ? w : Math.floor(COLUMNS / perRow);
    // Copies over the whole width begin below what stands to the left.
    const left = inOrder.slice(0, at).filter(({ gridPos }) => gridPos.y + gridPos.h > y);
    const first = panel.repeatDown ? 0 : Math.max(0, ...left.map(({ gridPos }) => gridPos.y + gridPos.h - y));
    scopes.forEach(({ suffix, own }, i) => {
      const line = top + first + Math.floor(i / perRow) * h;
      const gridPos = { x: panel.repeatDown ? x : (i % perRow) * width, y: line, w: width, h };
      repeated.push({ gridPos, panel, key: key + suffix, choices: own });
    });
    const height = Math.ceil(scopes.length / perRow) * h;
    // What stood to the right moves below the copies, and what is below moves by its height too.
    const right = panel.repeatDown ? [] : inOrder.slice(at + 1).filter(({ gridPos }) => gridPos.y < y + h);
    const beside = Math.max(0, ...right.map(({ gridPos }) => gridPos.y + gridPos.h - y));
    shifts.push((other) => {
      if (other >= y + h) return first + height - h + beside;
      return panel.repeatDown ? 0 : first + height;
    });
  });
  return compacted(repeated).map(({ gridPos, panel, key, choices: own }) => ({
    key,
    panel: { ...panel, gridPos },
    choices: own,
  }));
}
