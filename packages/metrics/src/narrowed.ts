/**
 * A metric with some of its labels fixed by `bind`: it takes the remaining ones, and finds its children in the
 * table of the whole metric. It keeps no children of its own, so that a series that the metric removes is not
 * kept alive here, and it builds no object per call: the labels meet in one that is used again each time.
 */
import type { ChildTable } from './child-table.ts';
import type { Checked } from './definition.ts';
import type { Child } from './registry.ts';

/** Where a metric finds its children: its own table, or the table of the metric that it is a part of. */
export type Children<C extends object> = Pick<ChildTable<C>, 'get' | 'peek'>;

/** Labels as a caller gives them; one without types may give anything. */
export type Given = Readonly<Record<string, string>>;

/** The children of a metric that have the fixed labels. */
export class NarrowedChildren<C extends Child> implements Children<C> {
  /** The fixed labels. */
  readonly fixed: Given;
  /** The children of the whole metric. */
  readonly parent: Children<C>;
  readonly #checked: Checked;
  readonly #make: () => C;
  readonly #remaining: readonly string[];
  /** The fixed labels and those of the last call; the table reads them and does not keep the object. */
  readonly #merged: Record<string, string>;

  /** @param make makes a child of the metric, for labels that cannot be */
  constructor(checked: Checked, parent: Children<C>, fixed: Given, make: () => C) {
    this.fixed = fixed;
    this.parent = parent;
    this.#checked = checked;
    this.#make = make;
    this.#remaining = checked.labels.map(({ name }) => name).filter((name) => fixed[name] === undefined);
    this.#merged = { ...fixed };
  }

  /** The child for the remaining labels; never throws. */
  get(given: Given): C {
    for (const name in given) {
      if (!this.#remaining.includes(name)) return this.#refuse(name);
    }
    const merged = this.#merged;
    for (const name of this.#remaining) merged[name] = given?.[name] as string;
    return this.parent.get(merged);
  }

  /** Labels that are fixed may be given too, so that this is never certain. */
  peek(): undefined {
    return undefined;
  }

  #refuse(name: string): C {
    const { registry, shape } = this.#checked;
    const problem = Object.hasOwn(this.fixed, name)
      ? `its label ${name} is fixed`
      : `it has no label ${name}`;
    registry.drop(shape.name, 'label_unknown', problem);
    const child = this.#make();
    registry.scratch(child, shape);
    return child;
  }
}

/**
 * The part of `children` that has the labels of `given`, or undefined where `given` has every label that is still
 * open and so names one child. Allocates nothing then: there is code that binds each time.
 */
export function narrow<C extends Child>(
  checked: Checked,
  children: Children<C>,
  given: Given,
  make: () => C,
): NarrowedChildren<C> | undefined {
  const narrowed = children instanceof NarrowedChildren ? (children as NarrowedChildren<C>) : undefined;
  for (const { name } of checked.labels) {
    if (given?.[name] !== undefined || narrowed?.fixed[name] !== undefined) continue;
    return new NarrowedChildren(
      checked,
      narrowed?.parent ?? children,
      { ...given, ...narrowed?.fixed },
      make,
    );
  }
  return undefined;
}
