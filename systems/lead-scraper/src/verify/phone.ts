/** Whether a telephone number can be called, by the plan of numbers of its country. */
import { COUNTRY, readPhone } from '../leads/normalise.ts';

/** What can be found; also values of the label `status`. */
export const PHONE_STATUSES = ['valid', 'invalid', 'foreign', 'premium'] as const;

/** One of {@link PHONE_STATUSES}. */
export type PhoneStatus = (typeof PHONE_STATUSES)[number];

/** Verifies a number; one without the code of a country is Korean. */
export function verifyPhone(text: string): PhoneStatus {
  const phone = readPhone(text);
  if (phone === undefined || !phone.isValid()) return 'invalid';
  if (phone.country !== COUNTRY) return 'foreign';
  return phone.getType() === 'PREMIUM_RATE' ? 'premium' : 'valid';
}
