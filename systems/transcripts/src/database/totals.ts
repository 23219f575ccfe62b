/** Reads what has ended, as totals that only grow. */
import type { Pool } from 'pg';
import type { TotalName } from './migrations.ts';

/**
 * How often totals are read. A scrape reads them, too, but only where the process that answers is the one that counts;
 * otherwise what it shows is as old as this.
 */
export const TOTALS_INTERVAL_MS = 1_000;

/** All totals, and which database they are of. */
export type Totals = Readonly<Record<TotalName, number>> & { readonly incarnation: string };

/** Reads all totals at one moment. */
export async function readTotals(pool: Pool): Promise<Totals> {
  const { rows } = await pool.query<{ name: TotalName; total: number; incarnation: string }>(
    'SELECT name, total::float8 AS total, totals_incarnation.id AS incarnation FROM totals, totals_incarnation',
  );
  const totals = Object.fromEntries(rows.map(({ name, total }) => [name, total]));
  // The first migration that knows the table fills it with all names.
  return { ...(totals as Record<TotalName, number>), incarnation: String(rows[0]?.incarnation) };
}
