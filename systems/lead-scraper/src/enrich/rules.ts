/** Traits of a company by rules: words for the industry, people for the size, the name of the mailbox for the role. */
import { type Described, INDUSTRIES, type Traits } from './traits.ts';

// The first industry with the most words in a text wins, so that the order of this list decides between equals.
const WORDS: Readonly<Record<(typeof INDUSTRIES)[number], RegExp>> = {
  electronics: /전자|반도체|센서|회로|electronic|semiconductor/giu,
  software: /소프트웨어|솔루션|클라우드|앱 개발|시스템 개발|software|cloud|\bSI\b/giu,
  food: /식품|식자재|음료|제과|급식|food|beverage/giu,
  construction: /건설|건축|토목|인테리어|시공|construction/giu,
  logistics: /물류|운송|택배|창고|화물|logistics|freight/giu,
  medical: /의료|메디칼|병원|제약|바이오|medical|pharma/giu,
  textile: /섬유|의류|원단|봉제|패션|textile|apparel/giu,
  machinery: /기계|정밀|금형|공작|자동화 설비|machinery|tooling/giu,
  education: /교육|학원|연수|이러닝|education|training/giu,
  retail: /유통|도매|소매|쇼핑|상사|retail|wholesale/giu,
};

const SIZE_LIMITS = [
  [10, 'micro'],
  [50, 'small'],
  [300, 'medium'],
] as const;

const MAILBOXES = [
  [/^(?:ceo|president|daepyo|chairman)/i, 'executive'],
  [/^(?:sales|biz|order|export|marketing|yeongeop)/i, 'sales'],
  [/^(?:cs|help|support|service|as)\b/i, 'support'],
  [/^(?:hr|recruit|job|insa)/i, 'hiring'],
] as const;

/** What the rules find. */
export function traitsByRules({ name, description, industry, employees, email }: Described): Traits {
  return {
    industry: industryOf(`${industry ?? ''} ${industry ?? ''} ${name} ${description ?? ''}`),
    size:
      employees === undefined ? null : (SIZE_LIMITS.find(([limit]) => employees <= limit)?.[1] ?? 'large'),
    contactRole:
      email === undefined ? null : (MAILBOXES.find(([mailbox]) => mailbox.test(email))?.[1] ?? 'general'),
  };
}

function industryOf(text: string): Traits['industry'] {
  let [best, most]: [Traits['industry'], number] = [null, 0];
  for (const industry of INDUSTRIES) {
    const found = text.match(WORDS[industry])?.length ?? 0;
    if (found > most) [best, most] = [industry, found];
  }
  return best;
}
