/** Verifies the contacts of a lead and counts what was found. */
import { contactVerifications } from '../metrics.ts';
import { type EmailStatus, type ResolveMx, verifyEmail } from './email.ts';
import { type PhoneStatus, verifyPhone } from './phone.ts';

/** What can be verified of a lead. */
export interface Contacts {
  readonly email: string | null;
  readonly phone: string | null;
}

/** What was found; null for a contact that the lead has not. */
export interface Verified {
  readonly email: EmailStatus | null;
  readonly phone: PhoneStatus | null;
}

/** Verifies contacts; an e-mail address also by its domain's mail servers where `resolveMx` is given. */
export async function verifyContacts(contacts: Contacts, resolveMx?: ResolveMx): Promise<Verified> {
  return {
    email: contacts.email === null ? null : await verifyEmail(contacts.email, resolveMx),
    phone: contacts.phone === null ? null : verifyPhone(contacts.phone),
  };
}

/** Counts verifications that were made, and stored. */
export function countVerified({ email, phone }: Verified): void {
  if (email !== null) contactVerifications.inc({ contact_type: 'email', status: email });
  if (phone !== null) contactVerifications.inc({ contact_type: 'phone', status: phone });
}
