/** Grafana's units by their ids. */
import { DefinitionError } from './definition-error.ts';

/** The words of a text. */
type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text;

/** The ids of all units, a text of several each, in groups as Grafana's menu has them. */
const IDS = [
  // Numbers and texts.
  'none string short percent percentunit humidity dB candela hex0x hex sci locale pixel',
  // Time.
  'hertz ns µs ms s m h d dtdurationms dtdurations dthms dtdhms timeticks clockms clocks',
  // Dates.
  'dateTimeAsIso dateTimeAsIsoNoDateIfToday dateTimeAsUS dateTimeAsUSNoDateIfToday dateTimeAsLocal',
  'dateTimeAsLocalNoDateIfToday dateTimeAsSystem dateTimeFromNow',
  // Data.
  'bits bytes kbytes mbytes gbytes tbytes pbytes decbits decbytes deckbytes decmbytes decgbytes',
  'dectbytes decpbytes',
  // Data rates.
  'pps binbps binBps KiBs Kibits MiBs Mibits GiBs Gibits TiBs Tibits PiBs Pibits bps Bps KBs Kbits MBs',
  'Mbits GBs Gbits TBs Tbits PBs Pbits',
  // Throughput.
  'cps ops reqps rps wps iops eps mps recps rowsps cpm opm reqpm rpm wpm epm mpm recpm rowspm',
  // Yes and no.
  'bool bool_yes_no bool_on_off',
  // Energy.
  'watt kwatt megwatt gwatt mwatt Wm2 voltamp kvoltamp voltampreact kvoltampreact watth watthperkg',
  'kwatth kwattm mwatth amph kamph mamph joule ev amp kamp mamp volt kvolt mvolt dBm mohm ohm kohm Mohm',
  'farad µfarad nfarad pfarad ffarad henry mhenry µhenry lumens',
  // Acceleration, angles, areas, temperature, speed, force, mass, length, volume, flow, light, pressure.
  'accMS2 accFS2 accG degree radian grad arcmin arcsec areaM2 areaF2 areaMI2 acres hectares celsius',
  'fahrenheit kelvin velocityms velocitykmh velocitymph velocityknot rotrpm rothz rotrads rotdegs',
  'forceNm forcekNm forceN forcekN massmg massg masslb masskg masst lengthmm lengthin lengthft lengthm',
  'lengthkm lengthmi mlitre litre m3 Nm3 dm3 gallons flowgpm flowcms flowcfs flowcfm litreh flowlpm',
  'flowmlpm lux pressurembar pressurebar pressurekbar pressurepa pressurehpa pressurekpa pressurehg',
  'pressurepsi',
  // Computation.
  'flops mflops gflops tflops pflops eflops zflops yflops Hs KHs MHs GHs THs PHs EHs',
  // Concentration.
  'ppm conppb conngm3 conngNm3 conμgm3 conμgNm3 conmgm3 conmgNm3 congm3 congNm3 conmgdL conmmolL',
  // Radiation.
  'radbq radci radgy radrad radsv radmsv radusv radrem radexpckg radr radsvh radmsvh radusvh',
  // Currencies.
  'currencyUSD currencyGBP currencyEUR currencyJPY currencyRUB currencyUAH currencyBRL currencyDKK',
  'currencyISK currencyNOK currencySEK currencyCZK currencyCHF currencyPLN currencyBTC currencymBTC',
  'currencyμBTC currencyZAR currencyINR currencyKRW currencyIDR currencyPHP currencyVND currencyTRY',
  'currencyMYR currencyXPF currencyBGN currencyPYG currencyUYU currencyILS',
] as const;

/** A unit of Grafana's menu. */
export type UnitId = Words<(typeof IDS)[number]>;

/** How ids begin that make a unit of their own: `suffix: jobs`, `time:YYYY-MM`, `si:mF`, `currency:€`. */
const OWN = ['suffix', 'prefix', 'time', 'si', 'count', 'currency', 'bool'] as const;

/** A unit of the menu, or one made of a word: `suffix: jobs`. Any string compiles; what is no unit is refused. */
export type Unit = UnitId | `${(typeof OWN)[number]}:${string}` | (string & {});

/** Every unit of the menu. */
export const UNIT_IDS: ReadonlySet<string> = new Set(IDS.flatMap((ids) => ids.split(' ')));

/**
 * Checks that Grafana knows a unit; what it does not know it would write behind the number.
 * @throws DefinitionError with what to write instead
 */
export function checkUnit(where: string, unit: string): void {
  if (UNIT_IDS.has(unit) || OWN.some((kind) => unit.startsWith(`${kind}:`) && unit.length > kind.length + 1))
    return;
  const meant = [...UNIT_IDS].find((id) => id.toLowerCase() === unit.toLowerCase());
  const advice =
    meant === undefined ? `for a word of your own write "suffix: ${unit}"` : `did you mean "${meant}"?`;
  throw new DefinitionError(`${where}: ${JSON.stringify(unit)} is no unit of Grafana; ${advice}`);
}
