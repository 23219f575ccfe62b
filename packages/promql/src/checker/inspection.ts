/** What a check is given and what it gives. */
import { type Expr, type PositionRange, unwrapParens } from '../ast.ts';
import { printExpr } from '../printer.ts';
import type { Catalog } from './catalog.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';

/** What a check needs to know beside the catalog. */
export interface CheckSettings {
  /** How often targets are scraped; undefined when it is not known. */
  readonly scrapeIntervalMs: number | undefined;
}

/** A query under inspection, at one expression. */
export interface Inspection {
  readonly catalog: Catalog;
  readonly settings: CheckSettings;
  /** The expressions around the one that is looked at, outermost first. */
  readonly path: readonly Expr[];
  /** What is known of an expression of the query. */
  facts(expr: Expr): Facts;
  /** Reports a mistake. */
  report(range: PositionRange, finding: Omit<Finding, 'check' | 'start' | 'end'>): void;
}

/** One kind of mistake. A file of its own in `checks/`, a test and a page of documentation, all of its name. */
export interface Check {
  readonly name: string;
  /** Looks at one expression; called for each of the query, those around before those within. */
  inspect(expr: Expr, inspection: Inspection): void;
}

const CHARACTERS_MAX = 60;

/** An expression in a message: its text, cut where it is long. */
export function quoted(expr: Expr): string {
  const text = printExpr(unwrapParens(expr));
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX - 3)}...`;
}

/** A list in a message, cut where it is long: `a, b, c and 4 more`. */
export function listed(values: Iterable<string>): string {
  const all = [...values];
  if (all.length === 0) return 'none';
  const shown = all.length > 8 ? all.slice(0, 7) : all;
  const text = shown.join(', ');
  return shown.length < all.length ? `${text} and ${all.length - shown.length} more` : text;
}
