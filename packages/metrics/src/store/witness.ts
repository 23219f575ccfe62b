/**
 * The last values of counters whose epoch has ended, for whoever has to know how far they had got.
 *
 *     NAME.witness    {"epoch":"mwps6gkt576c9448","boot":"3f0c...","series":[{"family":"jobs_total","labelValues":["in"]}]}
 *                     {"epoch":"mwps6gkt576c9448","boot":"3f0c...","series":[...],"values":[41]}
 *
 *     1. who counts names its series and the epoch in which they count
 *     2. who begins the next epoch adds their values before it notes the new epoch and deletes the files
 *     3. who counts in the new epoch reads the values and does step 1 again
 *
 * A witness of another epoch than the one that ends stays as it is: nobody has counted since.
 */
import fs from 'node:fs';
import { bootId, type MetricsDirectory } from './directory.ts';
import { DirectoryReader } from './reader.ts';

/** A series by the name of its family and the values of all its labels, in the order of the family. */
export interface SeriesId {
  readonly family: string;
  readonly labelValues: readonly string[];
}

interface Witness {
  readonly epoch: string;
  /** After a crash of the machine the disk may have older values than those that were shown. */
  readonly boot: string;
  readonly series: readonly SeriesId[];
  /** Of the series, in their order; only where the epoch has ended. */
  readonly values?: readonly number[];
}

const SUFFIX = '.witness';

/** Asks for the last values of series, which are counted in an epoch that runs. */
export function askFinalValues(
  directory: MetricsDirectory,
  name: string,
  epoch: string,
  series: readonly SeriesId[],
): void {
  write(directory, name + SUFFIX, { epoch, boot: bootId(), series });
}

/** The values that series had when the epoch ended; undefined where nobody knows. */
export function finalValues(
  directory: MetricsDirectory,
  name: string,
  epoch: string,
  series: readonly SeriesId[],
): readonly number[] | undefined {
  const witness = read(directory, name + SUFFIX);
  if (witness?.values === undefined || witness.epoch !== epoch) return undefined;
  const { values } = witness;
  return series.map((wanted) => {
    const at = witness.series.findIndex((known) => isSame(known, wanted));
    // A series that was not counted then had nothing.
    return at < 0 ? 0 : values[at]!;
  });
}

/**
 * Adds the values to what was asked for of the epoch that ends. Only under the directory's lock, while no writer
 * lives. What cannot be read stays unknown; it is in nobody's way.
 */
export function noteFinalValues(directory: MetricsDirectory): void {
  const reader = new DirectoryReader(directory);
  try {
    const epoch = directory.manifest()?.epoch;
    for (const file of directory.list()) {
      if (!file.endsWith(SUFFIX)) continue;
      const witness = read(directory, file);
      if (witness?.epoch !== epoch || witness?.boot !== bootId() || witness.values !== undefined) continue;
      const { families, skipped } = reader.read();
      if (skipped.size > 0) return;
      const values = witness.series.map((id) => counterValue(families, id));
      directory.assertLocked();
      write(directory, file, { ...witness, values });
    }
  } catch {
    // Whoever asks finds no values, and goes by what it remembers itself.
  } finally {
    reader.close();
  }
}

/** The value of a series among families that were added up; 0 where it is not there. */
export function counterValue(
  families: ReturnType<DirectoryReader['read']>['families'],
  id: SeriesId,
): number {
  for (const family of families) {
    if (family.name !== id.family || family.type !== 'counter') continue;
    for (const { labelValues, value } of family.series)
      if (isSame({ family: family.name, labelValues }, id)) return value;
  }
  return 0;
}

function isSame(a: SeriesId, b: SeriesId): boolean {
  return (
    a.family === b.family &&
    a.labelValues.length === b.labelValues.length &&
    a.labelValues.every((value, i) => value === b.labelValues[i])
  );
}

function write(directory: MetricsDirectory, file: string, witness: Witness): void {
  const temporary = directory.temporary();
  fs.writeFileSync(temporary, `${JSON.stringify(witness)}\n`, { mode: 0o600 });
  fs.renameSync(temporary, directory.file(file));
}

function read(directory: MetricsDirectory, file: string): Witness | undefined {
  try {
    const witness: unknown = JSON.parse(fs.readFileSync(directory.file(file), 'utf8'));
    return isWitness(witness) ? witness : undefined;
  } catch {
    return undefined;
  }
}

function isWitness(value: unknown): value is Witness {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, boot, series, values } = value as Record<string, unknown>;
  return (
    typeof epoch === 'string' &&
    typeof boot === 'string' &&
    Array.isArray(series) &&
    series.every(isSeriesId) &&
    (values === undefined ||
      (Array.isArray(values) &&
        values.length === series.length &&
        values.every((one) => typeof one === 'number')))
  );
}

function isSeriesId(value: unknown): value is SeriesId {
  if (typeof value !== 'object' || value === null) return false;
  const { family, labelValues } = value as Record<string, unknown>;
  return (
    typeof family === 'string' &&
    Array.isArray(labelValues) &&
    labelValues.every((one) => typeof one === 'string')
  );
}
