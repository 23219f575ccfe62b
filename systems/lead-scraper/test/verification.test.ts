import { describe, expect, test } from 'vitest';
import { type ResolveMx, verifyEmail } from '../dist/verify/email.js';
import { verifyPhone } from '../dist/verify/phone.js';

describe('an address of e-mail', () => {
  test.each([
    ['kim.minjun@hanbit.co.kr', 'valid'],
    ['sales@hanbit.co.kr', 'valid'],
    ['kim+leads@hanbit.co.kr', 'valid'],
    ['info@hanbit.co.kr', 'role'],
    ['Info+web@hanbit.co.kr', 'role'],
    ['webmaster@hanbit.co.kr', 'role'],
    ['kim@mailinator.com', 'disposable'],
    ['kim@eu.MAILINATOR.com', 'disposable'],
    ['kim@notmailinator.com', 'valid'],
    ['info@@hanbit.co.kr', 'invalid'],
    ['hanbit.co.kr', 'invalid'],
    ['kim@hanbit', 'invalid'],
    ['kim@-hanbit.co.kr', 'invalid'],
    ['kim @hanbit.co.kr', 'invalid'],
    ['김@hanbit.co.kr', 'invalid'],
    ['kim@hanbit.co.kr\r\nBcc: all@hanbit.co.kr', 'invalid'],
    [`${'a'.repeat(65)}@hanbit.co.kr`, 'invalid'],
    [`a@${'b'.repeat(250)}.kr`, 'invalid'],
    ['', 'invalid'],
  ])('%j is %s', async (email, status) => expect(await verifyEmail(email)).toBe(status));

  test('has a domain that takes mail, where somebody is asked', async () => {
    const asked: string[] = [];
    const resolve: ResolveMx = async (domain) => {
      asked.push(domain);
      const failed = (code: string): Error => Object.assign(new Error(code), { code });
      if (domain === 'none.kr') throw failed('ENOTFOUND');
      if (domain === 'nomail.kr') throw failed('ENODATA');
      if (domain === 'broken.kr') throw failed('ESERVFAIL');
      if (domain === 'null.kr') return [{ exchange: '' }];
      if (domain === 'empty.kr') return [];
      return [{ exchange: 'mx.hanbit.co.kr' }];
    };
    const cases: readonly [string, string][] = [
      ['kim@hanbit.co.kr', 'valid'],
      ['info@hanbit.co.kr', 'role'],
      ['kim@none.kr', 'no_mail_server'],
      ['info@none.kr', 'no_mail_server'],
      ['kim@nomail.kr', 'no_mail_server'],
      ['kim@null.kr', 'no_mail_server'],
      ['kim@empty.kr', 'no_mail_server'],
      ['kim@broken.kr', 'unknown'],
      ['not an address', 'invalid'],
      ['kim@mailinator.com', 'disposable'],
    ];
    for (const [email, status] of cases)
      expect([email, await verifyEmail(email, resolve)]).toEqual([email, status]);
    expect(asked).not.toContain('mailinator.com');
    expect(asked).toHaveLength(8);
  });
});

describe('a telephone number', () => {
  test.each([
    ['02-312-4567', 'valid'],
    ['+82-51-345-6789', 'valid'],
    ['010-1234-5678', 'valid'],
    ['1588-1234', 'valid'],
    ['070-4123-4567', 'valid'],
    ['060-600-1234', 'premium'],
    ['+81 3-1234-5678', 'foreign'],
    ['+1 202 555 0134', 'foreign'],
    ['000-0000', 'invalid'],
    ['02-12', 'invalid'],
    ['+82 2 312 4567 89999999', 'invalid'],
    ['없음', 'invalid'],
    ['', 'invalid'],
  ])('%j is %s', (text, status) => expect(verifyPhone(text)).toBe(status));
});
