/** Warnings of the part that answers: each thing is told once, since a scraper asks again and again. */
import { StoreError } from '../store/errors.ts';

/** Different warnings that are told; what comes after them is likely the same with another number in it. */
export const WARNINGS_MAX = 100;

const warned = new Set<string>();

/** Warns through `process.emitWarning`, once of each message. */
export function warn({ message, code }: { readonly message: string; readonly code: string }): void {
  if (warned.has(message) || warned.size >= WARNINGS_MAX) return;
  warned.add(message);
  process.emitWarning(message, { type: 'BinnacleMetricsWarning', code });
}

/** An error as one of the store. */
export function asStoreError(cause: unknown): StoreError {
  return cause instanceof StoreError ? cause : new StoreError('io', (cause as Error).message, { cause });
}
