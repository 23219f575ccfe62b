/** The catalogs of the reference systems, from the contracts that say which metrics each has. */
import { readFileSync } from 'node:fs';
import { vectors } from '../../../../conformance/vectors.ts';
import { Catalog, type CatalogMetric, type LabelDomain, ParseError, parse } from '../../dist/index.js';

interface ContractMetric {
  readonly name: string;
  readonly type: CatalogMetric['type'];
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly openValues?: boolean;
  readonly buckets?: readonly number[];
}

interface Contract {
  readonly services: Readonly<
    Record<string, { readonly job: string; readonly metrics: readonly ContractMetric[] }>
  >;
}

/** A system: what it has and what its contract asks. */
export interface System {
  readonly catalog: Catalog;
  readonly metrics: readonly CatalogMetric[];
  /** The alert expressions that the contract itself spells out. */
  readonly queries: readonly string[];
}

/** Reads the contract of a system, or skips the test for lack of it. */
export function systemOf(name: string, ctx: { skip: (note?: string) => void }): System | undefined {
  const path = vectors(`../systems/${name}.json`, ctx);
  if (path === undefined) return undefined;
  const contract = JSON.parse(readFileSync(path, 'utf8')) as Contract;
  const services = Object.values(contract.services);
  const metrics = services.flatMap(({ metrics }) => metrics.map(entryOf));
  const targetLabels = { job: services.map(({ job }) => job), system: 'open' as const };
  const memory: CatalogMetric = { name: 'process_resident_memory_bytes', type: 'gauge', labels: {} };
  return {
    catalog: Catalog.of([...metrics, memory], { targetLabels }),
    metrics,
    queries: expressionsIn(contract),
  };
}

function entryOf({ name, type, labels, openValues, buckets }: ContractMetric): CatalogMetric {
  const domains = Object.entries(labels).map(([label, values]): [string, LabelDomain] => [
    label,
    values === null || openValues ? 'open' : values,
  ]);
  return {
    name,
    type,
    labels: Object.fromEntries(domains),
    everySeries: true,
    ...(type === 'histogram' && { form: 'classic' }),
    ...(buckets !== undefined && { bounds: buckets }),
  };
}

/** All values of `expr`; some describe an alert in words. */
function expressionsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'expr' in value && typeof value.expr === 'string' && parses(value.expr) ? [value.expr] : [];
  return [...own, ...Object.values(value).flatMap(expressionsIn)];
}

function parses(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
