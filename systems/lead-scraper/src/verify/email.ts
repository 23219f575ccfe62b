/** Whether an address of e-mail can be written to: how it is written, whose it is, and, if asked, whether its domain takes mail. */
import isEmailModule from 'validator/lib/isEmail.js';

// CommonJS that says of itself that it is not.
const isEmail = isEmailModule.default;

/** What can be found; also values of the label `status`. */
export const EMAIL_STATUSES = [
  'valid',
  'invalid',
  'disposable',
  'role',
  'no_mail_server',
  'unknown',
] as const;

/** One of {@link EMAIL_STATUSES}. */
export type EmailStatus = (typeof EMAIL_STATUSES)[number];

/** Asks for the mail servers of a domain, as `resolveMx` of `node:dns/promises`. */
export type ResolveMx = (domain: string) => Promise<readonly { readonly exchange: string }[]>;

/** Longer ones are none (RFC 5321). */
const EMAIL_CHARACTERS_MAX = 254;
const RESOLVE_MS_MAX = 3_000;

/** Who gives addresses for minutes. */
const DISPOSABLE_DOMAINS: ReadonlySet<string> = new Set([
  'mailinator.com',
  'guerrillamail.com',
  '10minutemail.com',
  'temp-mail.org',
  'tempmail.com',
  'yopmail.com',
  'throwawaymail.com',
  'getnada.com',
  'sharklasers.com',
  'trashmail.com',
  'maildrop.cc',
  'dispostable.com',
]);

/** Names behind which nobody in particular reads. */
const ROLE_NAMES: ReadonlySet<string> = new Set([
  'abuse',
  'admin',
  'contact',
  'cs',
  'help',
  'info',
  'master',
  'no-reply',
  'noreply',
  'office',
  'postmaster',
  'privacy',
  'root',
  'support',
  'webmaster',
]);

/** Answers that say that there is no such domain, or none that takes mail. */
const NO_SERVER: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Verifies an address.
 * @param resolveMx where it is given, the domain must have a mail server
 */
export async function verifyEmail(email: string, resolveMx?: ResolveMx): Promise<EmailStatus> {
  if (email.length > EMAIL_CHARACTERS_MAX || !isEmail(email, { allow_utf8_local_part: false }))
    return 'invalid';
  const at = email.lastIndexOf('@');
  const [name, domain] = [email.slice(0, at).toLowerCase(), email.slice(at + 1).toLowerCase()];
  if (isDisposable(domain)) return 'disposable';
  const server = resolveMx === undefined ? 'valid' : await mailServer(domain, resolveMx);
  if (server !== 'valid') return server;
  return ROLE_NAMES.has(name.replace(/\+.*/, '')) ? 'role' : 'valid';
}

function isDisposable(domain: string): boolean {
  const labels = domain.split('.');
  return labels.some((_, at) => DISPOSABLE_DOMAINS.has(labels.slice(at).join('.')));
}

async function mailServer(
  domain: string,
  resolveMx: ResolveMx,
): Promise<'valid' | 'no_mail_server' | 'unknown'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), RESOLVE_MS_MAX);
  });
  try {
    const found = await Promise.race([resolveMx(domain), late]);
    if (found === 'late') return 'unknown';
    // One server without a name says that the domain takes no mail (RFC 7505).
    return found.some(({ exchange }) => exchange !== '') ? 'valid' : 'no_mail_server';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return NO_SERVER.has(code) ? 'no_mail_server' : 'unknown';
  } finally {
    clearTimeout(timer);
  }
}
