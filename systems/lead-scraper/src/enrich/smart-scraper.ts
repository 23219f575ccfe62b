/**
 * The smart scraper: finds traits of companies through a model while one answers, else by rules.
 *
 * After a failure nobody waits for the model for {@link PAUSE_MS}; then the next company tries it again.
 */
import { smartScraperDuration, smartScraperEnrichments } from '../metrics.ts';
import type { Ollama } from './ollama.ts';
import { traitsByRules } from './rules.ts';
import type { Described, Traits } from './traits.ts';

/** Which leads of a job are enriched; also values of the label `mode`. */
export const ENRICH_MODES = ['missing', 'all'] as const;

/** `missing`: leads of which something is not known; `all`: every lead, anew. */
export type EnrichMode = (typeof ENRICH_MODES)[number];

/** Who finds traits; also values of the label `method`. */
export const METHODS = ['rules', 'ollama'] as const;

/** One of {@link METHODS}. */
export type Method = (typeof METHODS)[number];

/** Traits, and who found them. */
export interface Enrichment {
  readonly traits: Traits;
  readonly method: Method;
  readonly seconds: number;
}

/** For how long a model that failed is not asked. */
const PAUSE_MS = 30_000;

/** Enriches by whatever is at hand. */
export class SmartScraper {
  readonly #ollama: Ollama | undefined;
  #pausedUntilMs = 0;

  /** @param ollama undefined where rules alone are to do it */
  constructor(ollama: Ollama | undefined) {
    this.#ollama = ollama;
  }

  /** Finds traits; counts nothing, since what is found may not be stored. */
  async enrich(described: Described, signal: AbortSignal): Promise<Enrichment> {
    const beganMs = performance.now();
    const [method, traits] = await this.#find(described, signal);
    return { method, traits, seconds: (performance.now() - beganMs) / 1000 };
  }

  async #find(described: Described, signal: AbortSignal): Promise<[Method, Traits]> {
    const byRules = traitsByRules(described);
    if (this.#ollama === undefined || performance.now() < this.#pausedUntilMs) return ['rules', byRules];
    try {
      const told = await this.#ollama.traits(described, signal);
      // What the model does not know, the rules may.
      const { industry, size, contactRole } = byRules;
      return [
        'ollama',
        {
          industry: told.industry ?? industry,
          size: told.size ?? size,
          contactRole: told.contactRole ?? contactRole,
        },
      ];
    } catch {
      signal.throwIfAborted();
      this.#pausedUntilMs = performance.now() + PAUSE_MS;
      return ['rules', byRules];
    }
  }
}

/** Counts an enrichment that was stored. */
export function countEnriched(mode: EnrichMode, { method, seconds }: Enrichment): void {
  smartScraperEnrichments.inc({ mode, method });
  smartScraperDuration.observe({ method }, seconds);
}
