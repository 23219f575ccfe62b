/** Checks of single values of a configuration: names, durations, sizes, addresses, labels. */
import { parseDuration } from '@binnacle/promql';
import { asObject, type Findings, shown } from './findings.ts';

/** The longest name, so that what Kubernetes names after it fits its limit of 63 with a suffix. */
const NAME_CHARACTERS_MAX = 50;
const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;
const LABEL = /^[a-zA-Z_]\w*$/;
/** The labels that the scrape itself gives. */
const SCRAPE_LABELS: readonly string[] = ['job', 'instance'];
const SIZE = /^[1-9]\d*(B|KB|MB|GB|TB|PB|EB)$/;
const PORT_MAX = 65_535;

/** Notes a name that cannot name files and containers. */
export function checkName(findings: Findings, where: string, name: unknown): void {
  if (typeof name === 'string' && NAME.test(name) && name.length <= NAME_CHARACTERS_MAX) return;
  findings.add(
    where,
    `name ${shown(name)} is not a lower case letter, then lower case letters, digits and dashes, at most ${NAME_CHARACTERS_MAX}`,
  );
}

/** Notes what is no title for people: an empty one, or one of several lines. */
export function checkTitle(findings: Findings, where: string, field: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && /^\S(.*\S)?$/.test(value))) return;
  findings.add(where, `${field} ${shown(value)} is not a title: one line, with no space at its ends`);
}

/** The milliseconds of a duration; undefined where it is none, or not above 0. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const ms = parseDuration(value);
    return ms > 0 ? ms : undefined;
  } catch {
    // Whoever asks says in his own words what would be right.
    return undefined;
  }
}

/** The milliseconds of a duration; notes a mistake and gives undefined where it is none, or not above 0. */
export function checkDuration(
  findings: Findings,
  where: string,
  field: string,
  value: unknown,
): number | undefined {
  const ms = durationMs(value);
  if (value !== undefined && ms === undefined)
    findings.add(where, `${field} ${shown(value)} is not a duration above 0, such as 15s, 1h30m or 30d`);
  return ms;
}

/** Notes a size that storage does not understand. */
export function checkSize(findings: Findings, where: string, field: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && SIZE.test(value))) return;
  findings.add(where, `${field} ${shown(value)} is not a size such as 512MB or 10GB`);
}

/** Notes what is not the address of a page. */
export function checkUrl(findings: Findings, where: string, field: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && /^https?:\/\/[^\s/]+(\/\S*)?$/.test(value)))
    return;
  findings.add(where, `${field} ${shown(value)} is not an address such as https://monitor.example.org`);
}

/** Notes a target that is not `host:port`. */
export function checkTarget(findings: Findings, where: string, target: unknown): void {
  const match =
    typeof target === 'string' ? /^(\[[0-9a-fA-F:.]+\]|[^\s:/@[\]]+):(\d{1,5})$/.exec(target) : null;
  const port = Number(match?.[2] ?? 0);
  if (match !== null && port >= 1 && port <= PORT_MAX) return;
  const hint =
    typeof target === 'string' && target.includes('://')
      ? '; the scheme stands in scheme, the path in metricsPath'
      : '';
  findings.add(where, `${shown(target)} is not host:port, such as localhost:9464${hint}`);
}

/** Notes labels that no series can have. `job` and `instance` come from the scrape. */
export function checkLabels(findings: Findings, where: string, field: string, labels: unknown): void {
  if (labels === undefined) return;
  const given = asObject(findings, `${where}: ${field}`, labels);
  for (const [name, value] of Object.entries(given ?? {})) {
    const at = `${where}: ${field}.${name}`;
    if (!LABEL.test(name)) findings.add(at, 'a label is a letter or _, then letters, digits and _');
    else if (name.startsWith('__')) findings.add(at, 'labels that begin with __ are removed by the scrape');
    else if (SCRAPE_LABELS.includes(name)) findings.add(at, 'this label is given by the scrape');
    if (typeof value !== 'string') findings.add(at, `${shown(value)} is not a text`);
    else if (value === '') findings.add(at, 'an empty value is the same as no label');
  }
}
