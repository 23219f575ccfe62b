/**
 * Where in an HTML document a template stands: what decides how a value is escaped.
 *
 *     text ──<a──▶ tag ──href──▶ name ──=──▶ before value ──"──▶ url ──"──▶ tag ──>──▶ text
 *       └──<!--──▶ comment          <style>, style=""  css      <script>, on…=""  script
 *       └──<title>──▶ rcdata, where entities are known and tags are not
 *
 * Go's `html/template` finds the context of each action when a template is read; here it follows the text as it is
 * written. Where Go accepts a template both see the same, since all ways to an action must end in one context.
 */

import { TemplateError } from './template-error.ts';

/** What kind of place a value would stand in. */
export type HtmlPlace =
  | 'text'
  | 'rcdata'
  | 'comment'
  | 'tag'
  | 'attribute name'
  | 'before value'
  | 'attribute'
  | 'url'
  | 'css'
  | 'script'
  | 'srcset';

/** Which part of a URL comes next: all of it, the rest before its query, or its query or fragment. */
export type UrlPart = 'start' | 'path' | 'query';

/** How much of a text a message shows. */
const SHOWN_CHARACTERS_MAX = 32;

const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['action', 'archive', 'background', 'cite', 'classid', 'codebase', 'data', 'formaction', 'href', 'icon'],
  ...['longdesc', 'manifest', 'poster', 'profile', 'src', 'usemap', 'xmlns'],
]);

/** Known names that only look as if they held a script or an address. */
const PLAIN_ATTRIBUTES: ReadonlySet<string> = new Set(['srclang', 'srcdoc', 'content']);

const SPECIAL_ELEMENTS: ReadonlySet<string> = new Set(['script', 'style', 'textarea', 'title']);

/** Follows the text of a document. */
export class HtmlContext {
  #place: HtmlPlace = 'text';
  /** `script`, `style`, `textarea`, `title`, or empty. */
  #element = '';
  #attribute: HtmlPlace = 'attribute';
  /** The quote around a value; a blank where there is none, empty outside of values. */
  #delimiter: '' | '"' | "'" | ' ' = '';
  #urlPart: UrlPart = 'start';
  /** The style sheet, or the style attribute, so far. */
  #css = '';

  get place(): HtmlPlace {
    return this.#place;
  }

  get urlPart(): UrlPart {
    return this.#urlPart;
  }

  /** Whether values stand in an attribute without quotes. */
  get unquoted(): boolean {
    return this.#delimiter === ' ';
  }

  /** Whether values stand in quotes. */
  get quoted(): boolean {
    return this.#delimiter === '"' || this.#delimiter === "'";
  }

  /** Whether values of CSS would stand inside a string, a comment or a `url()`. */
  get insideCssToken(): boolean {
    const rest = this.#css
      .replace(/\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\(\s*[^"')]*\)/gi, '')
      .replace(/\/\*[\s\S]*/, '"');
    return /["']|url\([^)]*$/i.test(rest);
  }

  /** A value comes next: where no quote opened an attribute's value, it begins here. */
  beginValue(): void {
    if (this.#place === 'before value') this.#enterValue(' ');
    if (this.#place === 'tag') this.#place = 'attribute name';
  }

  /** A value of CSS was written. */
  addCss(text: string): void {
    this.#css += text;
  }

  /** Reads text of the template and gives what is to be written: without comments, and no `<` that opens nothing. */
  read(text: string): string {
    let out = '';
    let rest = text;
    while (rest !== '') {
      const { written, length } = this.#delimiter === '' ? this.#readOutside(rest) : this.#readValue(rest);
      out += written;
      rest = rest.slice(length);
    }
    return out;
  }

  #readOutside(text: string): { written: string; length: number } {
    const same = (length: number) => ({ written: text.slice(0, length), length });
    switch (this.#place) {
      case 'text':
        return this.#readText(text);
      case 'comment': {
        const end = text.indexOf('-->');
        if (end >= 0) this.#place = 'text';
        return { written: '', length: end < 0 ? text.length : end + 3 };
      }
      case 'rcdata':
      case 'css':
      case 'script':
        return this.#readSpecial(text);
      case 'tag':
        return same(this.#readTag(text));
      case 'attribute name': {
        const length = nameLength(text);
        if (length === text.length) return same(length);
        return same(length + this.#readAfterName(text.slice(length)));
      }
      case 'before value': {
        const [, blanks = '', quote = ''] = /^(\s*)(["']?)/.exec(text)!;
        if (blanks.length === text.length) return same(text.length);
        this.#enterValue(quote === '"' || quote === "'" ? quote : ' ');
        return same(blanks.length + quote.length);
      }
      default:
        return same(text.length);
    }
  }

  #readText(text: string): { written: string; length: number } {
    const open = /<!--|<\/?([a-zA-Z][a-zA-Z0-9:-]*)/.exec(text);
    const before = open === null ? text : text.slice(0, open.index);
    const written = before.replace(/<(?!!doctype)/gi, '&lt;');
    if (open === null) return { written, length: text.length };
    const length = open.index + open[0].length;
    if (open[0] === '<!--') {
      this.#place = 'comment';
      return { written, length };
    }
    const name = open[1]!.toLowerCase();
    this.#element = !open[0].startsWith('</') && SPECIAL_ELEMENTS.has(name) ? name : '';
    this.#place = 'tag';
    return { written: written + open[0], length };
  }

  /** The inside of `script`, `style`, `textarea` or `title`, up to the tag that closes it. */
  #readSpecial(text: string): { written: string; length: number } {
    const end = new RegExp(`</${this.#element}(?=[>\\s/])`, 'i').exec(text);
    const length = end === null ? text.length : end.index;
    const inside = text.slice(0, length);
    if (this.#place === 'css') this.#css += inside;
    const written = this.#place === 'rcdata' ? inside.replaceAll('<', '&lt;') : inside;
    if (end !== null) {
      this.#place = 'text';
      this.#element = '';
    }
    return { written, length };
  }

  #readTag(text: string): number {
    const blanks = /^[\s/]*/.exec(text)![0].length;
    if (blanks === text.length) return blanks;
    if (text[blanks] === '>') {
      this.#leaveTag();
      return blanks + 1;
    }
    const name = text.slice(blanks, blanks + nameLength(text.slice(blanks)));
    if (name === '')
      throw new TemplateError(`HTML: an attribute has no name at ${shown(text.slice(blanks))}`);
    this.#attribute = attributePlace(name.toLowerCase());
    this.#place = 'attribute name';
    return blanks + name.length;
  }

  /** What follows a name: an `=`, or, where the attribute has no value, the tag's rest. */
  #readAfterName(text: string): number {
    const match = /^\s*(=?)/.exec(text)!;
    if (match[1] === '=') this.#place = 'before value';
    else if (match[0].length < text.length) this.#place = 'tag';
    return match[0].length;
  }

  #leaveTag(): void {
    const places: Readonly<Record<string, HtmlPlace>> = { script: 'script', style: 'css', '': 'text' };
    this.#place = places[this.#element] ?? 'rcdata';
    this.#css = '';
  }

  #enterValue(delimiter: '"' | "'" | ' '): void {
    this.#place = this.#attribute;
    this.#delimiter = delimiter;
    this.#urlPart = 'start';
    this.#css = '';
  }

  #readValue(text: string): { written: string; length: number } {
    const end = this.#delimiter === ' ' ? text.search(/[\s>]/) : text.indexOf(this.#delimiter);
    const inside = end < 0 ? text : text.slice(0, end);
    if (this.#delimiter === ' ' && /["'<=`]/.test(inside))
      throw new TemplateError(`HTML: a value with such characters needs quotes: ${shown(inside)}`);
    if (this.#place === 'url') this.#urlPart = urlPartAfter(this.#urlPart, inside);
    if (this.#place === 'css') this.#css += inside;
    if (end < 0) return { written: text, length: text.length };
    const length = end + (this.#delimiter === ' ' ? 0 : 1);
    this.#delimiter = '';
    this.#place = 'tag';
    return { written: text.slice(0, length), length };
  }
}

/** How long the name of an attribute is that a text begins with. */
function nameLength(text: string): number {
  const length = /^[^\s=>"'<]*/.exec(text)![0].length;
  // Whoever writes such a thing forgot a quote or a bracket before, and means something else than a browser.
  if (/["'<]/.test(text[length] ?? ''))
    throw new TemplateError(`HTML: ${text[length]} in the name of an attribute: ${shown(text)}`);
  return length;
}

function shown(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text,
  );
}

function attributePlace(name: string): HtmlPlace {
  let local = name;
  if (name.startsWith('data-')) local = name.slice(5);
  else if (name.startsWith('xmlns:')) return 'url';
  else if (name.includes(':')) local = name.slice(name.indexOf(':') + 1);
  if (local === 'style') return 'css';
  if (local === 'srcset') return 'srcset';
  if (URL_ATTRIBUTES.has(local)) return 'url';
  if (PLAIN_ATTRIBUTES.has(local)) return 'attribute';
  if (local.startsWith('on')) return 'script';
  return /src|uri|url/.test(local) ? 'url' : 'attribute';
}

function urlPartAfter(part: UrlPart, written: string): UrlPart {
  const text = decodeEntities(written);
  if (/[#?]/.test(text) || part === 'query') return 'query';
  return part === 'start' && text.trim() === '' ? 'start' : 'path';
}

const NAMED_ENTITIES: Readonly<Record<string, string>> = { Tab: '\t', NewLine: '\n', num: '#', quest: '?' };

/** Text as a browser reads it, as far as it matters for where a URL's parts begin. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));?/gi, (whole, hexadecimal, decimal, name) => {
    if (name !== undefined) return NAMED_ENTITIES[name] ?? whole;
    const code = Number.parseInt(hexadecimal ?? decimal, hexadecimal === undefined ? 10 : 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD';
  });
}
