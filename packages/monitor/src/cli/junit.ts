/** Reports of tests in the XML that continuous integration reads; elements and attributes as promtool writes them. */
import { formatProblem } from '../config/config-error.ts';
import { type FileReport, failureText, groupHasFailed } from './test-report.ts';

/** One suite for each file, one case for each group of tests. */
export function junitXml(reports: readonly FileReport[], now: Date): string {
  return `<testsuites>${reports.map((report) => suite(report, now)).join('')}</testsuites>\n`;
}

function suite({ path, problems, groups }: FileReport, now: Date): string {
  const failed = groups.filter(groupHasFailed).length;
  const attributes = {
    name: path,
    tests: groups.length,
    failures: failed,
    errors: problems.length > 0 ? 1 : 0,
    skipped: 0,
    timestamp: now.toISOString().slice(0, 19),
  };
  const cases = groups.map((group) => {
    const failures = [
      ...group.problems.map(formatProblem),
      ...group.failures.map((failure) => failureText(failure)),
    ];
    return element(
      'testcase',
      { name: group.name },
      failures.map((text) => element('failure', {}, xmlText(text))),
    );
  });
  if (problems.length > 0) {
    const error = element('error', {}, xmlText(problems.map(formatProblem).join('\n')));
    cases.push(element('testcase', { name: 'unknown' }, error));
  }
  return element('testsuite', attributes, cases);
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: string | readonly string[],
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${xmlText(String(value))}"`);
  return `<${name}${written.join('')}>${typeof content === 'string' ? content : content.join('')}</${name}>`;
}

/** Text for XML; characters that it cannot have are replaced. */
function xmlText(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&#34;')
      .replaceAll('\t', '&#x9;')
      .replaceAll('\n', '&#xA;')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u001f\ufffe\uffff]/g, '\ufffd')
  );
}
