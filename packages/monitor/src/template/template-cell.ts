/** Values on their way through an evaluation. */
import type { GoType, GoValue } from './go-value.ts';

/**
 * A value in an `interface {}`: an element of `list`, a field such as `.Value`. It travels so until a pipeline or a
 * parameter takes it out; only messages can tell.
 */
export class Boxed {
  readonly value: GoValue;

  constructor(value: GoValue) {
    this.value = value;
  }
}

/** A value, in a box or not. */
export type Cell = GoValue | Boxed;

/** A value out of its box. */
export function unbox(cell: Cell): GoValue {
  return cell instanceof Boxed ? cell.value : cell;
}

/** An element of a container: in a box where the container holds `interface {}`. */
export function element(container: GoType, value: GoValue): Cell {
  return container.element?.kind === 'interface' ? new Boxed(value) : value;
}
