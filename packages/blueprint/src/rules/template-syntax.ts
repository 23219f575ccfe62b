/**
 * What can be seen of a template's syntax without Prometheus's own parser: actions that are not closed, braces that
 * close nothing, blocks without an end, and which actions name a variable.
 *
 *     `{{ if gt $value 1.0 }}many{{ end }} on {{ $labels.job }}`
 *      └ action ───────────┘    └ action ┘    └ action ───────┘
 *
 * A string inside an action may hold braces; a comment is an action, too. Whatever passes here is parsed in full when
 * the rendered file is read.
 */

/** What is wrong, and where: an offset in UTF-16 code units. */
interface TemplateProblem {
  readonly message: string;
  readonly offset: number;
}

/** What stands between the braces, and where. */
export interface TemplateAction {
  /** Without braces and the dashes that trim white space. */
  readonly text: string;
  /** Where its braces begin. */
  readonly offset: number;
}

/** The actions of a template up to the first problem, which is undefined where there is none. */
interface ScannedTemplate {
  readonly actions: readonly TemplateAction[];
  readonly problem: TemplateProblem | undefined;
}

/** Words that begin a block, which `end` closes. */
const BLOCK = /^(if|range|with|define|block)\b/;

/** Finds a template's actions, and the first mistake in its syntax. */
export function scanTemplate(template: string): ScannedTemplate {
  const actions: TemplateAction[] = [];
  const open: TemplateAction[] = [];
  const wrong = (message: string, offset: number): ScannedTemplate => ({
    actions,
    problem: { message, offset },
  });
  let at = 0;
  for (;;) {
    const start = template.indexOf('{{', at);
    const stray = template.slice(at, start < 0 ? undefined : start).indexOf('}}');
    if (stray >= 0) return wrong('}} closes nothing', at + stray);
    if (start < 0) break;
    const end = endOfAction(template, start + 2);
    if (end < 0) return wrong('{{ is not closed', start);
    const text = template
      .slice(start + 2, end - 2)
      .replace(/^-(?=\s)/, '')
      .replace(/(?<=\s)-$/, '')
      .trim();
    const action = { text, offset: start };
    actions.push(action);
    if (text === '') return wrong('{{ }} holds nothing', start);
    if (BLOCK.test(text)) open.push(action);
    else if (text === 'end' && open.pop() === undefined) return wrong('{{ end }} ends nothing', start);
    at = end;
  }
  const unended = open.at(-1);
  return unended === undefined
    ? { actions, problem: undefined }
    : wrong(`{{ ${unended.text} }} has no {{ end }}`, unended.offset);
}

/** The offset behind the braces that close an action; -1 where nothing closes it. */
function endOfAction(template: string, from: number): number {
  const comment = /^-?\s*\/\*/.exec(template.slice(from));
  if (comment !== null) {
    const commentEnd = template.indexOf('*/', from + comment[0].length);
    const close = /^\*\/\s*-?\}\}/.exec(commentEnd < 0 ? '' : template.slice(commentEnd));
    return close === null ? -1 : commentEnd + close[0].length;
  }
  for (let at = from; at < template.length; at++) {
    const character = template[at]!;
    if (character === '"' || character === "'" || character === '`') {
      at = endOfString(template, at);
      if (at < 0) return -1;
    } else if (template.startsWith('}}', at)) return at + 2;
    else if (template.startsWith('{{', at)) return -1;
  }
  return -1;
}

/** The offset of the quote that closes a string; -1 where none does. */
function endOfString(template: string, start: number): number {
  const delimiter = template[start]!;
  for (let at = start + 1; at < template.length; at++) {
    if (template[at] === delimiter) return at;
    if (delimiter === '`') continue;
    if (template[at] === '\\') at++;
    else if (template[at] === '\n') return -1;
  }
  return -1;
}
