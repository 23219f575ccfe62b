/**
 * The companies of the local site: several thousand, none of which exists, each made of the seed and its number alone
 * whenever somebody asks for it.
 *
 * A company stands in some of the directories, written in each as that one writes, and in some it is written with less,
 * with another number, or not as it is; so that there are duplicates that a program can be sure of, and others that it
 * cannot.
 */
import { type Random, randomFrom } from '@binnacle/system-parts/visits';
import { checkDigit } from '../leads/normalise.ts';
import { REGIONS, type Region, SOURCES, type Source } from '../pages/listing.ts';

/** Companies of a site that is not told how many. */
export const COMPANIES = 3_000;

/** What is peculiar about the page of an entry. */
export const PECULIARITIES = [
  'none',
  'scripts',
  'slow',
  'flaky',
  'wrong_charset',
  'failing',
  'gone',
  'huge',
  'endless',
  'nested',
  'binary',
  'nameless',
  'torn',
  'leads_away',
  'forbidden',
] as const;

/** One of {@link PECULIARITIES}. */
export type Peculiarity = (typeof PECULIARITIES)[number];

/** Pages that give a listing all the same. */
export const READABLE: ReadonlySet<Peculiarity> = new Set([
  'none',
  'scripts',
  'slow',
  'flaky',
  'wrong_charset',
]);

const PECULIAR_SHARE = 0.12;
const PRESENCE: Readonly<Record<Source, number>> = { directory: 0.75, yellow_pages: 0.6, map_listing: 0.6 };

const BRANDS = [
  '한빛',
  '대성',
  '미래',
  '동아',
  '신화',
  '우리',
  '세종',
  '누리',
  '가온',
  '나래',
  '다온',
  '해담',
  '새벽',
  '온누리',
  '태양',
  '금강',
  '백두',
  '청솔',
  '하늘',
  '푸른',
] as const;
const SECONDS = ['', '', '제일', '코리아', '글로벌', '원', '이엔지', '테크', '파트너스', '에스'] as const;
/** The end of a name, what it stands for in letters, what such a company says that it does, and its trade. */
const TRADES = [
  ['전자', 'elec', '전자부품과 센서, 반도체 검사 장비를 만듭니다', '전자부품 제조업'],
  ['소프트', 'soft', '클라우드 솔루션과 업무용 소프트웨어를 개발합니다', '소프트웨어 개발'],
  ['푸드', 'food', '식자재와 가공 식품을 급식소에 공급합니다', '식품 제조업'],
  ['건설', 'const', '건축과 토목, 인테리어 시공을 합니다', '종합 건설업'],
  ['물류', 'logis', '화물 운송과 창고, 택배 대행을 합니다', '물류업'],
  ['메디칼', 'medi', '병원용 의료 기기를 공급합니다', '의료기기 도매업'],
  ['섬유', 'tex', '원단과 의류를 생산합니다', '섬유 제조업'],
  ['정밀', 'prec', '정밀 기계와 금형을 가공합니다', '기계 제조업'],
  ['교육', 'edu', '기업 연수와 이러닝 과정을 운영합니다', '교육 서비스업'],
  ['상사', 'trade', '생활용품을 도매로 유통합니다', '도매 및 소매업'],
] as const;
const SURNAMES = ['김', '이', '박', '최', '정', '강', '조', '윤'] as const;
const GIVEN = ['민준', '서연', '지훈', '하은', '도윤', '수빈', '현우', '예진'] as const;
const STREETS = ['중앙로', '산업로', '테헤란로', '번영로', '충장로', '해안로', '벚꽃로', '디지털로'] as const;
const MAILBOXES = ['sales', 'info', 'ceo', 'hr', 'help', 'kim', 'contact', 'lee.jh'] as const;
const REGION_NAMES: Readonly<Record<Region, readonly [name: string, area: string]>> = {
  seoul: ['서울특별시', '02'],
  busan: ['부산광역시', '051'],
  daegu: ['대구광역시', '053'],
  incheon: ['인천광역시', '032'],
  gwangju: ['광주광역시', '062'],
  daejeon: ['대전광역시', '042'],
  ulsan: ['울산광역시', '052'],
  jeju: ['제주특별자치도', '064'],
};

/** A company as it is. */
export interface Company {
  readonly number: number;
  readonly region: Region;
  readonly name: string;
  readonly businessNumber: string;
  readonly representative: string;
  readonly address: string;
  /** As one dials it here: `02-312-4567`. */
  readonly phone: string;
  readonly email: string;
  readonly website: string;
  readonly trade: string;
  readonly employees: number;
  readonly about: string;
}

/** A company as a directory has it; undefined where it says nothing. */
export interface Shown {
  readonly key: string;
  readonly name: string;
  readonly businessNumber: string | undefined;
  readonly representative: string | undefined;
  readonly address: string | undefined;
  readonly phone: string | undefined;
  readonly email: string | undefined;
  readonly website: string | undefined;
  readonly trade: string | undefined;
  readonly employees: number | undefined;
  readonly about: string | undefined;
  readonly peculiarity: Peculiarity;
}

/** The companies of one seed. */
export class Companies {
  readonly #seed: number;
  readonly #keys: Readonly<Record<Source, Readonly<Record<Region, readonly string[]>>>>;

  constructor(seed: number, count = COMPANIES) {
    this.#seed = seed;
    const keys = Object.fromEntries(
      SOURCES.map((source) => [
        source,
        Object.fromEntries(REGIONS.map((region) => [region, [] as string[]])),
      ]),
    ) as Record<Source, Record<Region, string[]>>;
    for (let number = 1; number <= count; number++)
      for (const source of SOURCES)
        if (this.#random(number, `in ${source}`)() < PRESENCE[source])
          keys[source][this.#regionOf(number)].push(keyOf(source, number));
    this.#keys = keys;
  }

  /** The entries of a directory for a region, in its order. */
  keys(source: Source, region: Region): readonly string[] {
    return this.#keys[source][region];
  }

  /** An entry of a directory; undefined where there is none of that key. */
  shown(source: Source, key: string): Shown | undefined {
    const number = Number(/^[a-z](\d{1,7})$/.exec(key)?.[1]);
    if (!(number > 0) || key !== keyOf(source, number)) return undefined;
    if (!this.keys(source, this.#regionOf(number)).includes(key)) return undefined;
    return asShown(this.company(number), source, this.#random(number, source));
  }

  /** A company. */
  company(number: number): Company {
    const random = this.#random(number, 'company');
    const draw = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
    const region = this.#regionOf(number);
    const [regionName, area] = REGION_NAMES[region];
    const [trade, latin, does, industry] = draw(TRADES);
    const name = `${draw(BRANDS)}${draw(SECONDS)}${trade}`;
    const domain = `${latin}${number.toString(36)}.co.kr`;
    const employees = Math.max(1, Math.round(10 ** (random() * 3.2)));
    const first = `${100 + Math.floor(random() * 800)}${10 + Math.floor(random() * 90)}${String(number % 10_000).padStart(4, '0')}`;
    return {
      number,
      region,
      name,
      businessNumber: `${first}${checkDigit(first)}`,
      representative: `${draw(SURNAMES)}${draw(GIVEN)}`,
      address: `${regionName} ${draw(STREETS)} ${1 + Math.floor(random() * 400)}, ${1 + Math.floor(random() * 20)}층`,
      phone: `${area}-${200 + Math.floor(random() * 700)}-${String(1_000 + (number % 9_000))}`,
      // Some have no domain of their own, and some have left an address that is not theirs for long.
      email: `${draw(MAILBOXES)}@${random() < 0.1 ? 'naver.com' : random() < 0.04 ? 'mailinator.com' : domain}`,
      website: `https://www.${domain}/`,
      trade: industry,
      employees,
      about: `${name}은(는) ${region} 지역에서 ${does}. 임직원 ${employees}명.`,
    };
  }

  #regionOf(number: number): Region {
    return REGIONS[Math.floor(this.#random(number, 'region')() * REGIONS.length)]!;
  }

  /** A generator for one thing about one company. */
  #random(number: number, about: string): Random {
    let hash = (this.#seed ^ Math.imul(number, 0x9e3779b1)) >>> 0;
    for (const character of about) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
    return randomFrom(hash);
  }
}

function keyOf(source: Source, number: number): string {
  return `${source[0]}${number}`;
}

/** A company as a directory writes it. */
function asShown(company: Company, source: Source, random: Random): Shown {
  const chance = (share: number): boolean => random() < share;
  const peculiarity = chance(PECULIAR_SHARE)
    ? PECULIARITIES[1 + Math.floor(random() * (PECULIARITIES.length - 1))]!
    : 'none';
  const said = <Value>(value: Value, share: number): Value | undefined => (chance(share) ? value : undefined);
  const { name, phone, businessNumber } = company;
  return {
    key: keyOf(source, company.number),
    name: spelled(name, source, random),
    businessNumber: said(
      `${businessNumber.slice(0, 3)}-${businessNumber.slice(3, 5)}-${businessNumber.slice(5)}`,
      source === 'map_listing' ? 0.2 : 0.7,
    ),
    representative: said(company.representative, 0.8),
    address: said(company.address, 0.9),
    // Now and then the number of a branch, or one that cannot be.
    phone: chance(0.12)
      ? undefined
      : chance(0.15)
        ? dialled(branch(phone, random), source)
        : dialled(phone, source),
    email: chance(0.04) ? 'info@@broken' : said(hidden(company.email, source), 0.75),
    website: said(company.website, 0.6),
    trade: said(company.trade, 0.8),
    employees: said(company.employees, 0.6),
    about: said(company.about, 0.7),
    peculiarity,
  };
}

function spelled(name: string, source: Source, random: Random): string {
  const forms = [`(주)${name}`, `${name} 주식회사`, `㈜ ${name}`, name, `주식회사 ${name}`];
  return source === 'map_listing' ? name : forms[Math.floor(random() * forms.length)]!;
}

function dialled(phone: string, source: Source): string {
  if (source === 'map_listing') return `+82-${phone.slice(1)}`;
  return source === 'yellow_pages' ? phone.replace(/^(\d+)-/, '$1)') : phone;
}

function branch(phone: string, random: Random): string {
  return random() < 0.2 ? '000-0000' : phone.replace(/\d{4}$/, String(1_000 + Math.floor(random() * 9_000)));
}

function hidden(email: string, source: Source): string {
  return source === 'directory' ? email.replace('@', ' [at] ') : email;
}
