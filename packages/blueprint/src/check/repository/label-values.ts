/**
 * What the values of a label are, told by their form: whether they belong to somebody, let somebody in, or have no end.
 *
 * A form is told from single values, so that one mail address among a thousand routes is found. Nothing of a value is
 * ever repeated: {@link shapeOf} shows what it looks like.
 */

/** Why values should not be in a label. */
export type ValueKind = 'personal' | 'secret' | 'unbounded';

/** A form of values. */
export interface ValueForm {
  readonly kind: ValueKind;
  /** In words, for many: `mail addresses`. */
  readonly name: string;
}

interface KnownForm extends ValueForm {
  readonly matches: (value: string, label: string) => boolean;
}

/** Labels whose values are addresses by their meaning: those of programs, not of people. */
const ADDRESS_LABELS =
  /^(?:instance|target|host|hostname|node|address|listen|listener|server|upstream|peer|endpoint)$/;
/** Labels whose values are hashes by their meaning, one per version. */
const VERSION_LABELS = /(?:^|_)(?:version|revision|commit|sha|digest|checksum|build|goversion|image|hash)$/;
/** Labels that the formats themselves write, with numbers. */
const BOUNDS: ReadonlySet<string> = new Set(['le', 'quantile']);
const PHONE_LABELS = /(?:^|_)(?:phone|tel|telephone|mobile|msisdn)(?:_|$)/;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
/** Numbers of so many digits are ids, times or amounts, not ports or codes. */
const LONG_NUMBER = /(?:^|[/:_=-])\d{6,}(?:$|[/?&:_-])/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV6 = /^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$|^(?=.*::)[0-9a-f:]{3,39}$/i;

/** In the order in which they are looked for: the first that fits is said. */
const FORMS: readonly KnownForm[] = [
  {
    kind: 'secret',
    name: 'signed tokens',
    matches: (value) => /(?:^|[^\w-])?eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/.test(value),
  },
  {
    kind: 'secret',
    name: 'keys',
    matches: (value) =>
      /(?:^|[^A-Za-z0-9])(?:sk_live_|sk_test_|ghp_|gho_|glpat-|xox[abps]-|AKIA)[\w-]{8,}/.test(value),
  },
  {
    kind: 'secret',
    name: 'addresses with a password',
    matches: (value) => /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s@]+@/i.test(value),
  },
  {
    kind: 'secret',
    name: 'hexadecimal tokens',
    matches: (value, label) =>
      !VERSION_LABELS.test(label) && /^(?=.*\d)(?=.*[a-f])[0-9a-f]{32,}$/i.test(value),
  },
  {
    kind: 'personal',
    name: 'mail addresses',
    matches: (value) => /(?:^|[\s<:/=])[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:$|[\s>&/])/i.test(value),
  },
  {
    kind: 'personal',
    name: 'telephone numbers',
    matches: (value, label) =>
      /^\+\d[\d ().-]{7,18}$/.test(value) || (PHONE_LABELS.test(label) && /^[\d ().-]{7,18}$/.test(value)),
  },
  {
    kind: 'personal',
    name: 'network addresses',
    matches: (value, label) => !ADDRESS_LABELS.test(label) && (IPV4.test(value) || IPV6.test(value)),
  },
  { kind: 'unbounded', name: 'UUIDs', matches: (value) => UUID.test(value) },
  {
    kind: 'unbounded',
    name: 'addresses with a query',
    matches: (value) => /^(?:[a-z][a-z0-9+.-]*:\/\/|\/)[^\s?]*\?[^\s]+=/i.test(value),
  },
  {
    kind: 'unbounded',
    name: 'addresses of pages',
    matches: (value, label) => !ADDRESS_LABELS.test(label) && /^https?:\/\/[^/\s]+\/[^\s]+/i.test(value),
  },
  {
    kind: 'unbounded',
    name: 'long numbers',
    matches: (value, label) => !VERSION_LABELS.test(label) && LONG_NUMBER.test(value),
  },
];

/** The form of a value that should not be in a label; undefined for any other. */
export function formOf(value: string, label: string): ValueForm | undefined {
  return BOUNDS.has(label) ? undefined : FORMS.find(({ matches }) => matches(value, label));
}

const SHAPE_CHARACTERS_MAX = 32;

/** What a value looks like, with nothing of what it says: letters as `x`, digits as `9`. */
export function shapeOf(value: string): string {
  const shape = value.replace(/\p{L}|\p{M}/gu, 'x').replace(/\p{N}/gu, '9');
  return shape.length <= SHAPE_CHARACTERS_MAX ? shape : `${shape.slice(0, SHAPE_CHARACTERS_MAX)}...`;
}
