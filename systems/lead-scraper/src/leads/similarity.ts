/**
 * How likely two records are of one company, from 0 to 1, and what is done about it.
 *
 * Evidence is added up: what belongs to one company alone weighs most, what neighbours share weighs little. A business
 * registration number decides: the same one is the same company, and two different ones are two.
 */
import { distance } from 'fastest-levenshtein';

/** From here on records are merged. */
export const MERGE_SCORE = 0.8;
/** From here on somebody is asked. */
export const CANDIDATE_SCORE = 0.45;

const WEIGHTS = { name: 0.4, phone: 0.4, domain: 0.3, address: 0.15 } as const;
/** Names that are less alike than this tell nothing. */
const NAME_ALIKE_MIN = 0.5;

/** What is compared: everything in its one form. */
export interface Fingerprint {
  readonly nameKey: string;
  readonly businessNumber: string | undefined;
  readonly phone: string | undefined;
  readonly domain: string | undefined;
  readonly address: string | undefined;
}

/** What is done with a record that may be there already. */
export type Decision = 'auto_merge' | 'candidate' | 'different';

/** How likely two records are of one company. */
export function similarity(a: Fingerprint, b: Fingerprint): number {
  if (a.businessNumber !== undefined && b.businessNumber !== undefined)
    return a.businessNumber === b.businessNumber ? 1 : 0;
  const alike = nameSimilarity(a.nameKey, b.nameKey);
  let score = alike < NAME_ALIKE_MIN ? 0 : WEIGHTS.name * alike;
  if (a.phone !== undefined && a.phone === b.phone) score += WEIGHTS.phone;
  if (a.domain !== undefined && a.domain === b.domain) score += WEIGHTS.domain;
  if (placeKey(a.address) !== '' && placeKey(a.address) === placeKey(b.address)) score += WEIGHTS.address;
  return Math.min(score, 1);
}

/** What is done with two records of that similarity. */
export function decide(score: number): Decision {
  return score >= MERGE_SCORE ? 'auto_merge' : score >= CANDIDATE_SCORE ? 'candidate' : 'different';
}

/**
 * How alike two names are, from 0 to 1: the part of them that is the same by Levenshtein's distance, over the letters
 * of which syllables are made, since 한빛 and 한빚 differ in one letter of six and not in one of two.
 */
export function nameSimilarity(a: string, b: string): number {
  if (a === '' || b === '') return 0;
  const [left, right] = [a.normalize('NFD'), b.normalize('NFD')];
  return 1 - distance(left, right) / Math.max(left.length, right.length);
}

/** The street with its number, without floors and rooms. */
function placeKey(address: string | undefined): string {
  return /\S*[로길]\s*\d+(?:-\d+)?/u.exec(address ?? '')?.[0].replace(/\s/g, '') ?? '';
}
