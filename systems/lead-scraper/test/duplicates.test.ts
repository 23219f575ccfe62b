import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  businessNumberKey,
  checkDigit,
  domainKey,
  emailKey,
  nameKey,
  phoneKey,
} from '../dist/leads/normalise.js';
import { decide, type Fingerprint, nameSimilarity, similarity } from '../dist/leads/similarity.js';

describe('one form of', () => {
  test.each([
    ['(주)한빛전자', '한빛전자'],
    ['㈜ 한빛전자', '한빛전자'],
    ['한빛전자 주식회사', '한빛전자'],
    ['주식회사 한빛 전자', '한빛전자'],
    ['유한회사한빛전자', '한빛전자'],
    ['Hanbit Electronics Co., Ltd.', 'hanbitelectronics'],
    ['ＨＡＮＢＩＴ　electronics, Inc', 'hanbitelectronics'],
    ['Incline Corp.', 'incline'],
    ['주식회사', ''],
  ])('the name %s', (name, key) => expect(nameKey(name)).toBe(key));

  test.each([
    ['02-312-4567', '+8223124567'],
    ['02)312-4567', '+8223124567'],
    ['(02) 312 4567', '+8223124567'],
    ['+82-2-312-4567', '+8223124567'],
    ['+82 (0)2 312 4567', '+8223124567'],
    ['０２－３１２－４５６７', '+8223124567'],
    ['010-1234-5678', '+821012345678'],
    ['1588-1234', '+8215881234'],
    ['+1 202 555 0134', '+12025550134'],
    ['없음', undefined],
    ['1', undefined],
    [undefined, undefined],
  ])('the number %s', (text, key) => expect(phoneKey(text)).toBe(key));

  test.each([
    ['https://www.Hanbit.co.kr/about', undefined, 'hanbit.co.kr'],
    ['hanbit.com', undefined, 'hanbit.com'],
    [undefined, 'sales@mail.hanbit.co.kr', 'hanbit.co.kr'],
    ['https://blog.naver.com/hanbit', 'sales@hanbit.co.kr', 'hanbit.co.kr'],
    ['https://instagram.com/hanbit', 'kim@gmail.com', undefined],
    ['http://192.0.2.7/', undefined, undefined],
    ['http://localhost/', 'a@intranet', undefined],
    ['co.kr', undefined, undefined],
  ])('the domain of %s and %s', (site, email, key) => expect(domainKey(site, email)).toBe(key));

  test('business numbers, where their last digit is right', () => {
    // The number of a company that is known to everybody.
    expect(businessNumberKey('124-81-00998')).toBe('1248100998');
    expect(businessNumberKey('124-81-00997')).toBeUndefined();
    for (const wrong of ['', '124-81', 'abc-de-fghij', undefined])
      expect(businessNumberKey(wrong)).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 100_000_000, max: 999_999_999 }), (first) => {
        const digits = `${first}${checkDigit(String(first))}`;
        expect(businessNumberKey(`${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`)).toBe(
          digits,
        );
        expect(businessNumberKey(`${first}${(Number(digits[9]) + 1) % 10}`)).toBeUndefined();
      }),
    );
  });

  test('addresses of e-mail', () => {
    expect(emailKey(' Sales@Hanbit.CO.KR ')).toBe('sales@hanbit.co.kr');
    for (const wrong of ['a@@b', 'nobody', '', undefined]) expect(emailKey(wrong)).toBeUndefined();
  });
});

describe('two records', () => {
  const hanbit: Fingerprint = {
    nameKey: '한빛전자',
    businessNumber: undefined,
    phone: '+8223124567',
    domain: 'hanbit.co.kr',
    address: '서울특별시 중앙로 12, 3층',
  };

  test.each<[string, Partial<Fingerprint>, string]>([
    ['with all the same', {}, 'auto_merge'],
    ['with another number', { phone: '+8223129999' }, 'auto_merge'],
    ['with name and number', { domain: undefined, address: undefined }, 'auto_merge'],
    ['with name and place', { phone: undefined, domain: undefined }, 'candidate'],
    ['with number and place', { nameKey: '대성물류', domain: undefined }, 'candidate'],
    [
      'with the domain of a group',
      { nameKey: '한빛물류', phone: undefined, address: undefined },
      'candidate',
    ],
    ['with a name that many have', { phone: undefined, domain: undefined, address: undefined }, 'different'],
    [
      'with one number for a house',
      { nameKey: '새벽푸드', domain: undefined, address: undefined },
      'different',
    ],
  ])('%s', (_, difference, decision) =>
    expect(decide(similarity(hanbit, { ...hanbit, ...difference }))).toBe(decision),
  );

  test('with business numbers are one or two by those alone', () => {
    const [one, two] = ['1248100998', '2208162517'];
    expect(similarity({ ...hanbit, businessNumber: one }, { ...hanbit, businessNumber: two })).toBe(0);
    const other = { nameKey: 'x', phone: undefined, domain: undefined, address: undefined };
    expect(similarity({ ...hanbit, businessNumber: one }, { ...other, businessNumber: one })).toBe(1);
  });

  test('are as similar from either side, from 0 to 1, and each to itself at least as to another', () => {
    const text = fc.constantFrom('한빛전자', '한빛전기', '대성물류', 'hanbit', '');
    const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
    const record: fc.Arbitrary<Fingerprint> = fc.record({
      nameKey: text,
      businessNumber: maybe(fc.constantFrom('1248100998', '2208162517')),
      phone: maybe(fc.constantFrom('+8223124567', '+8223129999')),
      domain: maybe(fc.constantFrom('a.kr', 'b.kr')),
      address: maybe(fc.constantFrom('서울 중앙로 12', '서울 중앙로 12, 3층', '부산 해안로 7')),
    });
    fc.assert(
      fc.property(record, record, (a, b) => {
        const score = similarity(a, b);
        expect(score).toBe(similarity(b, a));
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        // What is missing tells nothing; all else that differs tells against.
        if (b.businessNumber === undefined || a.businessNumber === b.businessNumber)
          expect(similarity(a, a)).toBeGreaterThanOrEqual(a.businessNumber === undefined ? score : 0);
      }),
    );
  });

  test('names are compared by the letters that syllables are made of', () => {
    expect(nameSimilarity('한빛', '한빛')).toBe(1);
    expect(nameSimilarity('한빛', '한빚')).toBeGreaterThan(0.8);
    expect(nameSimilarity('한빛', '대성')).toBeLessThan(0.4);
    expect(nameSimilarity('', '')).toBe(0);
  });
});
