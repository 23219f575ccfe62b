/**
 * The box beside the pointer: the moment, and the value of every series there.
 *
 * It is made of plain DOM, because it moves with every mouse event; one box per chart, outside of the drawing's
 * box so that it is not cut off.
 */
import { moment } from '../time/range.ts';

/** One line of the box. */
export interface TooltipRow {
  readonly name: string;
  readonly color: string;
  readonly value: number | null;
  readonly text: string;
  readonly focused: boolean;
}

/** What an annotation says of a moment. */
export interface TooltipNote {
  readonly time: string;
  readonly color: string;
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
}

/** More lines than this are counted, not shown. */
const ROWS_MOST = 16;

/** A tooltip on the page; hidden until it is shown. */
export class Tooltip {
  readonly #box = document.createElement('div');

  constructor() {
    this.#box.className = 'tooltip';
    this.#box.hidden = true;
    document.body.append(this.#box);
  }

  /** Shows rows beside a point of the screen. */
  show(atSeconds: number, rows: readonly TooltipRow[], clientX: number, clientY: number): void {
    const time = element('div', 'tooltip-time', moment(atSeconds * 1000, true));
    const shown = rows.slice(0, ROWS_MOST).map((row) => {
      const line = element('div', row.focused ? 'tooltip-row focused' : 'tooltip-row');
      const swatch = element('i', 'swatch');
      swatch.style.background = row.color;
      line.append(swatch, element('span', 'tooltip-name', row.name), element('b', '', row.text));
      return line;
    });
    const rest =
      rows.length > ROWS_MOST ? [element('div', 'tooltip-rest', `and ${rows.length - ROWS_MOST} more`)] : [];
    this.#place([time, ...shown, ...rest], clientX, clientY);
  }

  /** Shows notes beside a point of the screen, and how many more there are. */
  showNotes(notes: readonly TooltipNote[], more: number, clientX: number, clientY: number): void {
    const shown = notes.map(({ time, color, title, text, tags }) => {
      const note = element('div', 'tooltip-note');
      note.style.borderColor = color;
      note.append(element('div', 'tooltip-time', time), element('b', '', title));
      if (text !== '') note.append(element('div', '', text));
      if (tags.length > 0) {
        const line = element('div', 'tags');
        line.append(...tags.map((tag) => element('i', '', tag)));
        note.append(line);
      }
      return note;
    });
    const rest = more > 0 ? [element('div', 'tooltip-rest', `and ${more} more`)] : [];
    this.#place([...shown, ...rest], clientX, clientY);
  }

  #place(content: readonly HTMLElement[], clientX: number, clientY: number): void {
    this.#box.replaceChildren(...content);
    this.#box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.#box;
    const left = clientX + 16 + width > innerWidth - 8 ? clientX - 16 - width : clientX + 16;
    const top = Math.min(Math.max(8, clientY - height / 2), innerHeight - height - 8);
    this.#box.style.transform = `translate(${Math.max(8, left)}px, ${top}px)`;
  }

  hide(): void {
    this.#box.hidden = true;
  }

  remove(): void {
    this.#box.remove();
  }
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
