/** What enrichment adds to a lead: each trait is one of a closed list, whoever finds it. */

/** What a company does. */
export const INDUSTRIES = [
  'electronics',
  'software',
  'food',
  'construction',
  'logistics',
  'medical',
  'textile',
  'machinery',
  'education',
  'retail',
] as const;

/** How many people work there: up to 10, 50, 300, and more. */
export const SIZES = ['micro', 'small', 'medium', 'large'] as const;

/** Who reads what is sent to the contact. */
export const CONTACT_ROLES = ['executive', 'sales', 'support', 'hiring', 'general'] as const;

/** What is known; null where nobody knows. */
export interface Traits {
  readonly industry: (typeof INDUSTRIES)[number] | null;
  readonly size: (typeof SIZES)[number] | null;
  readonly contactRole: (typeof CONTACT_ROLES)[number] | null;
}

/** What enrichment reads. */
export interface Described {
  readonly name: string;
  readonly description?: string | undefined;
  readonly industry?: string | undefined;
  readonly employees?: number | undefined;
  readonly email?: string | undefined;
}

/** Traits out of what somebody says that they are; what is in no list is not known. */
export function traitsFrom(said: Readonly<Record<string, unknown>>): Traits {
  return {
    industry: INDUSTRIES.find((one) => one === said.industry) ?? null,
    size: SIZES.find((one) => one === said.size) ?? null,
    contactRole: CONTACT_ROLES.find((one) => one === said.contact_role) ?? null,
  };
}
