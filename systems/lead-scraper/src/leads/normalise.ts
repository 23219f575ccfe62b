/**
 * What a directory writes, brought to one form, so that two spellings of one thing are equal.
 *
 *     (주) 한빛전자, 한빛전자 주식회사, ㈜한빛전자     한빛전자
 *     02)123-4567, +82-2-123-4567                 +8221234567
 *     https://www.Hanbit.co.kr/about              hanbit.co.kr
 */
import { type PhoneNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { parse as parseDomain } from 'tldts';

/** The country whose telephone numbers are written without its code. */
export const COUNTRY = 'KR';

/** Domains that tell nothing of whose they are: mail, pages and shops for everybody. */
const SHARED_DOMAINS: ReadonlySet<string> = new Set([
  'naver.com',
  'daum.net',
  'hanmail.net',
  'kakao.com',
  'nate.com',
  'gmail.com',
  'outlook.com',
  'hotmail.com',
  'yahoo.com',
  'icloud.com',
  'tistory.com',
  'modoo.at',
  'cafe24.com',
  'instagram.com',
  'facebook.com',
  'youtube.com',
]);

// What says only of which form in law a company is, in Korean and English, alone or beside the name.
const LEGAL_FORMS =
  /주식회사|유한회사|유한책임회사|합자회사|합명회사|\(\s*[주유합재사]\s*\)|\b(?:co\.?,?\s*ltd|company limited|ltd|limited|inc|incorporated|corp|corporation|llc)\b\.?/giu;

/** A name without its form in law, spaces, marks and case; empty where nothing else was there. */
export function nameKey(name: string): string {
  return (
    name
      // Makes ㈜ to (주), full-width letters to usual ones, and puts syllables together.
      .normalize('NFKC')
      .replace(LEGAL_FORMS, ' ')
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}]/gu, '')
  );
}

/** A telephone number as libphonenumber reads it, Korean where it has no code; undefined where it is none. */
export function readPhone(text: string): PhoneNumber | undefined {
  // `02)123-4567` is how many a sign has it.
  return parsePhoneNumberFromString(text.normalize('NFKC').replace(/^\s*\(?(0\d{1,2})\)/, '$1-'), COUNTRY);
}

/** A telephone number as E.164; undefined where it is none. */
export function phoneKey(text: string | undefined): string | undefined {
  const phone = text === undefined ? undefined : readPhone(text);
  return phone?.isPossible() === true ? phone.number : undefined;
}

/** The domain of a company by its website, else by its address of e-mail; undefined where it is everybody's. */
export function domainKey(website: string | undefined, email: string | undefined): string | undefined {
  for (const text of [website, email?.split('@').at(-1)]) {
    if (text === undefined) continue;
    const { domain, isIp, isIcann } = parseDomain(text);
    if (domain !== null && isIp !== true && isIcann === true && !SHARED_DOMAINS.has(domain)) return domain;
  }
  return undefined;
}

const BUSINESS_NUMBER_WEIGHTS = [1, 3, 7, 1, 3, 7, 1, 3, 5] as const;

/**
 * A Korean business registration number as its ten digits; undefined where its check digit is wrong.
 *
 * The digits times their weights are added up, and the tens of the ninth product with them; the last digit makes the
 * sum a multiple of ten.
 */
export function businessNumberKey(text: string | undefined): string | undefined {
  const digits = text?.normalize('NFKC').replace(/[\s-]/g, '') ?? '';
  if (!/^\d{10}$/.test(digits)) return undefined;
  return checkDigit(digits) === Number(digits[9]) ? digits : undefined;
}

/** The last digit of a business registration number that begins with these nine. */
export function checkDigit(digits: string): number {
  let sum = Math.floor((Number(digits[8]) * 5) / 10);
  for (const [at, weight] of BUSINESS_NUMBER_WEIGHTS.entries()) sum += Number(digits[at]) * weight;
  return (10 - (sum % 10)) % 10;
}

/** An address of e-mail in one case; undefined where it could not be one. */
export function emailKey(text: string | undefined): string | undefined {
  const email = text?.normalize('NFKC').replace(/\s/g, '').toLowerCase();
  return email !== undefined && /^[^@]+@[^@]+$/.test(email) ? email : undefined;
}
