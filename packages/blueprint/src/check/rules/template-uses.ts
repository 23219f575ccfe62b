/**
 * What the template of a label or annotation uses: labels, the value, queries.
 *
 * The text is cut into actions (`{{ ... }}`) and these into tokens; whether it is a template that can be read is
 * somebody else's question. Within `range`, `with`, `define` and `block` a bare `.Labels` is that of something else.
 */

/** A stretch of the text, in UTF-16 code units. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What a template uses. */
export interface TemplateUses {
  /** `$labels.name`, `.Labels.name`, `index $labels "name"`. */
  readonly labels: readonly (Stretch & { readonly name: string })[];
  /** `$value` and `.Value`; `isPlain` where it is shown as it is. */
  readonly values: readonly (Stretch & { readonly isPlain: boolean })[];
  /** The texts given to `query`; places are those of their contents. */
  readonly queries: readonly (Stretch & { readonly text: string })[];
}

interface Token extends Stretch {
  readonly text: string;
}

const ACTION = /\{\{-?([\s\S]*?)-?\}\}/g;
const TOKEN = /"(?:\\[\s\S]|[^"\\])*"|`[^`]*`|\/\*[\s\S]*?\*\/|\$?\w*(?:\.\w+)+|\$\w*|[\w]+|:=|[^\s]/g;
const OPENS = /^(?:if|range|with|define|block)$/;
/** These give the dot another meaning. */
const REBINDS = /^(?:range|with|define|block)$/;

/** Reads a template. */
export function templateUses(text: string): TemplateUses {
  const labels: (Stretch & { name: string })[] = [];
  const values: (Stretch & { isPlain: boolean })[] = [];
  const queries: (Stretch & { text: string })[] = [];
  const open: boolean[] = [];
  for (const action of text.matchAll(ACTION)) {
    const tokens = tokensOf(text, action.index, action.index + action[0].length);
    const [first] = tokens;
    if (first === undefined) continue;
    const isRebound = open.includes(true);
    tokens.forEach((token, i) => {
      const path = token.text.split('.');
      const ofRoot = path[0] === '$' || (path[0] === '' && !isRebound);
      const label = path[0] === '$labels' ? path[1] : ofRoot && path[1] === 'Labels' ? path[2] : undefined;
      if (label !== undefined) labels.push({ name: label, start: token.start, end: token.end });
      if (token.text === '$value' || (ofRoot && path[1] === 'Value' && path.length === 2))
        values.push({ start: token.start, end: token.end, isPlain: tokens.length === 1 });
      const content = contentOf(token);
      if (content === undefined) return;
      const isIndexed = tokens[i - 2]?.text === 'index' && isLabels(tokens[i - 1]!.text, isRebound);
      if (isIndexed) labels.push({ name: content.text, start: token.start, end: token.end });
      if (tokens[i - 1]?.text === 'query') queries.push(content);
    });
    if (first.text === 'end') open.pop();
    else if (OPENS.test(first.text)) open.push(REBINDS.test(first.text));
  }
  return { labels, values, queries };
}

function tokensOf(text: string, start: number, end: number): Token[] {
  const inside = text.slice(start, end);
  const from = /^\{\{-?/.exec(inside)![0].length;
  const to = inside.length - /-?\}\}$/.exec(inside)![0].length;
  return [...inside.slice(from, to).matchAll(TOKEN)]
    .filter(([token]) => !token.startsWith('/*'))
    .map((match) => {
      const at = start + from + match.index;
      return { text: match[0], start: at, end: at + match[0].length };
    });
}

function isLabels(text: string, isRebound: boolean): boolean {
  return text === '$labels' || text === '$.Labels' || (text === '.Labels' && !isRebound);
}

/** The text of a string; one with escapes is taken as it is but for the most usual. */
function contentOf({ text, start, end }: Token): (Stretch & { text: string }) | undefined {
  if (text.startsWith('`')) return { text: text.slice(1, -1), start: start + 1, end: end - 1 };
  if (!text.startsWith('"')) return undefined;
  return { text: text.slice(1, -1).replace(/\\(["\\])/g, '$1'), start: start + 1, end: end - 1 };
}
