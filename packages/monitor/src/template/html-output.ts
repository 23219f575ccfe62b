/**
 * Output for HTML: each value is escaped for the place it stands in, as Go's `html/template` does.
 *
 *     <p>{{ . }}</p>            entities                              safeHtml passes
 *     <a title="{{ . }}">       entities                              safeHtml without its tags
 *     <a href="{{ . }}">        `#ZgotmplZ` for schemes other than http, https and mailto; then percent signs
 *     <a href="/x?q={{ . }}">   a component of a query                safeUrl as it is
 *     <p style="color: {{ . }}">`ZgotmplZ` for what is more than a plain value
 *
 * What is refused, and clearly: values in scripts and event handlers, in names of tags and attributes, in `srcset`,
 * and in strings and addresses of CSS. Go knows ways to do these; messages have no use for them.
 */
import { printValue } from './go-format.ts';
import { GoScalar, type GoType, type GoValue } from './go-value.ts';
import { HtmlContext } from './html-context.ts';
import { TemplateError } from './template-error.ts';
import {
  type EscapedValue,
  type TemplateLimits,
  type TemplateOutput,
  TextOutput,
} from './template-output.ts';

/** Text that its author vouches for as HTML. */
export const HTML: GoType = { name: 'template.HTML', kind: 'string', underlying: 'string' };
/** Text that its author vouches for as a URL. */
export const URL_TYPE: GoType = { name: 'template.URL', kind: 'string', underlying: 'string' };

/** What stands in place of a value that could do harm. */
const UNSAFE = 'ZgotmplZ';

/** HTML as it is written. */
export class HtmlOutput implements TemplateOutput {
  readonly #context = new HtmlContext();
  readonly #out: TextOutput;

  constructor(limits: TemplateLimits) {
    this.#out = new TextOutput(limits);
  }

  text(text: string): void {
    this.#out.text(this.#context.read(text));
  }

  value(value: GoValue, escaped: EscapedValue | undefined): void {
    this.#context.beginValue();
    // In an address the template's own `html` does what quotes around it need, which is done anyway.
    const drop = this.#context.place === 'url' && escaped?.escaper === 'html' && escaped.before !== undefined;
    this.#out.text(drop ? this.#escape(escaped.before!, undefined) : this.#escape(value, escaped?.escaper));
  }

  /**
   * The document.
   * @throws TemplateError when it ends within a tag, an attribute or an element that must be closed
   */
  finish(): string {
    const { place } = this.#context;
    if (place !== 'text') throw new TemplateError(`the HTML ends inside of ${PLACES[place]}`);
    return this.#out.toString();
  }

  #escape(value: GoValue, escaper: string | undefined): string {
    const type = value instanceof GoScalar ? value.type : undefined;
    const text = value === null ? '' : printValue(value);
    const isHtml = type === HTML;
    // The template's own `html` at the end of a pipeline takes the place of ours.
    const escapeText = (plain: string): string => (escaper === 'html' ? plain : entities(plain));
    const context = this.#context;
    switch (context.place) {
      case 'text':
        return isHtml ? text : escapeText(text);
      case 'rcdata':
        return isHtml ? entities(text, true) : escapeText(text);
      case 'comment':
        return '';
      case 'attribute':
        return this.#attribute(isHtml ? stripTags(text) : text, isHtml, escaper);
      case 'url':
        return this.#attribute(this.#url(text, type, escaper), false, undefined);
      case 'css': {
        if (context.insideCssToken)
          throw new TemplateError('a value cannot stand in a string, a comment or an address of CSS');
        const safe = isPlainCss(text) ? text : UNSAFE;
        context.addCss(safe);
        return context.quoted || context.unquoted ? this.#attribute(safe, false, undefined) : safe;
      }
      default:
        throw new TemplateError(`a value cannot stand in ${PLACES[context.place]} of HTML`);
    }
  }

  #attribute(text: string, isHtml: boolean, escaper: string | undefined): string {
    if (this.#context.unquoted) {
      if (escaper === 'html') throw new TemplateError('html is not allowed in an attribute without quotes');
      // Without a value the next attribute's name would become this one's value.
      return text === '' ? UNSAFE : unquotedEntities(text, isHtml);
    }
    return escaper === 'html' ? text : entities(text, isHtml);
  }

  #url(text: string, type: GoType | undefined, escaper: string | undefined): string {
    if (this.#context.urlPart === 'query')
      return escaper === 'urlquery' ? text : percent(text, type === URL_TYPE);
    if (escaper === 'urlquery') return text;
    const unsafe = this.#context.urlPart === 'start' && type !== URL_TYPE && !hasSafeScheme(text);
    return percent(unsafe ? `#${UNSAFE}` : text, true);
  }
}

const PLACES: Readonly<Record<HtmlContext['place'], string>> = {
  text: 'text',
  rcdata: 'a title or a text field',
  comment: 'a comment',
  tag: 'a tag',
  'attribute name': 'the name of an attribute',
  'before value': 'an attribute',
  attribute: 'an attribute',
  url: 'an address',
  css: 'a style',
  script: 'a script',
  srcset: 'a list of images (srcset)',
};

const ENTITIES: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
};

/** @param known whether entities that are there already stay */
function entities(text: string, known = false): string {
  return text.replace(known ? /[\0"'+<>]/g : /[\0"'+<>&]/g, (char) => ENTITIES[char]!);
}

function unquotedEntities(text: string, known: boolean): string {
  return text.replace(/[\0\t-\r "'+<=>&`\uFDD0-\uFDEF\uFFF0-\uFFFF]/g, (char) => {
    if (char === '&' && known) return char;
    if (char === '\0') return '&#xfffd;';
    const code = char.charCodeAt(0);
    return ENTITIES[char] ?? (code < 0x80 ? `&#${code};` : `&#x${code.toString(16)};`);
  });
}

function stripTags(html: string): string {
  return html.replace(/<!--[\s\S]*?-->|<\/?[a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*>/g, '');
}

function hasSafeScheme(url: string): boolean {
  const colon = url.indexOf(':');
  const scheme = url.slice(0, Math.max(colon, 0));
  return colon < 0 || scheme.includes('/') || /^(?:https?|mailto)$/i.test(scheme);
}

/**
 * Writes what a URL cannot hold with percent signs.
 * @param whole whether the text is a URL, of which its own punctuation stays, and not a part of a query
 */
function percent(text: string, whole: boolean): string {
  const pattern = whole ? /%(?![0-9a-fA-F]{2})|[^!#$&*+,/:;=?@[\]\-._~%A-Za-z0-9]/gu : /[^\-._~A-Za-z0-9]/gu;
  return text.replace(pattern, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function isPlainCss(text: string): boolean {
  if (/[\0"'()/;@[\\\]`{}<>]|--/.test(text)) return false;
  const word = text.replace(/[^A-Za-z0-9_\-\u0080-\uFFFF]/g, '').toLowerCase();
  return !word.includes('expression') && !word.includes('mozbinding') && !word.includes('-moz-binding');
}
