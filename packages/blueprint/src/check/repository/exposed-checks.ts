/**
 * Checks of what a running service exposes: labels whose values belong to somebody, let somebody in, or have no end.
 *
 * What is stored in a time series is kept for months, copied to other systems and shown to everybody who may look at a
 * dashboard; and each new value is a series of its own.
 */
import type { ScrapedFamily } from '../../catalog/scraped-families.ts';
import { type Check, type CheckContext, type CheckSubject, checkFamily } from '../check.ts';
import type { Place } from '../problem.ts';
import { formOf, shapeOf, type ValueForm, type ValueKind } from './label-values.ts';

/** A label with more values than these is taken to have no end of them. */
export const LABEL_VALUES_MAX = 500;

/** What a service exposes. */
export interface Exposed {
  /** Where it was read from, as it is shown: an address or a file. */
  readonly source: string;
  readonly families: readonly ScrapedFamily[];
  /** The text that was read, to name lines in it. */
  readonly text?: string;
}

/** A label of a family, with the values that it has. */
export interface ExposedLabel extends CheckSubject {
  readonly family: string;
  readonly label: string;
  readonly values: ReadonlySet<string>;
  /** Of the first series that has it. The line itself is not shown, since the value stands in it. */
  readonly place: () => Place;
}

/** Values that belong to a person, or are a key. */
export const personalLabel: Check<ExposedLabel> = {
  name: 'personal-label',
  inspect({ family, label, values, place }, report) {
    const found = ofKinds(values, label, ['secret', 'personal']);
    if (found === undefined) return;
    const { form, example, count } = found;
    report(place(), {
      severity: form.kind === 'secret' ? 'error' : 'warning',
      message: `label ${label} of ${family} holds ${form.name}, such as ${shapeOf(example)} (${count} of ${values.size} ${values.size === 1 ? 'value' : 'values'})`,
      reason:
        form.kind === 'secret'
          ? 'whoever may look at a dashboard can take it and use it, and it is kept for months'
          : 'it is kept for months, copied to wherever samples go, and cannot be deleted for one person',
      remedy:
        form.kind === 'secret'
          ? 'remove the label, and change what has become known.'
          : 'remove the label, or count by what does not tell who it was: a country, a plan, a kind of client.',
    });
  },
};

/** Values that have no end. */
export const unboundedLabel: Check<ExposedLabel> = {
  name: 'unbounded-label',
  inspect({ family, label, values, place }, report) {
    const found = ofKinds(values, label, ['unbounded']);
    if (found === undefined && values.size <= LABEL_VALUES_MAX) return;
    report(place(), {
      severity: 'warning',
      message:
        found === undefined
          ? `label ${label} of ${family} has ${values.size} values`
          : `label ${label} of ${family} holds ${found.form.name}, such as ${shapeOf(found.example)} (${found.count} of ${values.size} ${values.size === 1 ? 'value' : 'values'})`,
      reason:
        'each value is a series of its own, in memory for hours and on disk for months, and there is no end of them',
      remedy:
        'use the pattern in place of the value, /users/:id for /users/17, and leave the value to the log.',
    });
  },
};

/** Both. */
export const EXPOSED_CHECKS: readonly Check<ExposedLabel>[] = [personalLabel, unboundedLabel];

/** The family of them, over everything exposed that the context has. */
export const exposedChecks = checkFamily(EXPOSED_CHECKS, exposedLabels);

function* exposedLabels(context: CheckContext): Generator<ExposedLabel> {
  for (const { source, families, text } of context.exposed) {
    // Split with the first finding, since most services give no reason to.
    let lines: readonly string[] | undefined;
    const placeOf = (family: string, label: string): Place => {
      lines ??= text?.split('\n') ?? [];
      return { file: source, line: lineOf(lines, family, label), column: 1 };
    };
    for (const { name, type, series } of families) {
      // An info metric is there to say what one program is, once.
      if (type === 'info' || (name.endsWith('_info') && series.length <= 1)) continue;
      const labels = new Map<string, Set<string>>();
      for (const one of series) {
        for (const [label, value] of Object.entries(one)) {
          const values = labels.get(label);
          if (values === undefined) labels.set(label, new Set([value]));
          else values.add(value);
        }
      }
      for (const [label, values] of labels) {
        yield {
          subject: `metric ${name}`,
          context,
          family: name,
          label,
          values,
          place: () => placeOf(name, label),
        };
      }
    }
  }
}

/** The most serious form among values, the first value that has it, and how many have one of the same kinds. */
function ofKinds(
  values: ReadonlySet<string>,
  label: string,
  kinds: readonly ValueKind[],
): { readonly form: ValueForm; readonly example: string; readonly count: number } | undefined {
  let worst: { form: ValueForm; example: string } | undefined;
  let count = 0;
  for (const value of values) {
    const form = formOf(value, label);
    if (form === undefined || !kinds.includes(form.kind)) continue;
    count++;
    if (worst === undefined || kinds.indexOf(form.kind) < kinds.indexOf(worst.form.kind))
      worst = { form, example: value };
  }
  return worst === undefined ? undefined : { ...worst, count };
}

/** The line of the first series of a family that has a label; the first line where that is not known. */
function lineOf(lines: readonly string[], family: string, label: string): number {
  const hasLabel = new RegExp(`[{,]\\s*"?${label}"?\\s*=`);
  const at = lines.findIndex((line) => line.startsWith(family) && hasLabel.test(line));
  return Math.max(0, at) + 1;
}
