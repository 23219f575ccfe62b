/**
 * A text panel. Markdown is taken apart by `marked` and put together as elements of our own, so that nothing of what
 * an author writes is ever run: HTML is shown as it is written, and links lead to web addresses only.
 */
import { lexer, type Token, type Tokens } from 'marked';
import type { ComponentChildren, JSX } from 'preact';
import { safeAddress } from '../dashboard/address.ts';
import type { TextPanel } from '../dashboard/panel-model.ts';
import '../style/more-panels.css';

/** Draws a text panel. */
export function TextView({ panel }: { readonly panel: TextPanel }): JSX.Element {
  if (panel.mode === 'code')
    return (
      <pre class="prose">
        <code>{panel.content}</code>
      </pre>
    );
  return <div class="prose">{blocks(lexer(panel.content))}</div>;
}

function blocks(tokens: readonly Token[]): ComponentChildren {
  return tokens.map((token, i) => <Block key={`${i} ${token.type}`} token={token as Tokens.Generic} />);
}

function Block({ token }: { readonly token: Tokens.Generic }): JSX.Element | null {
  const inner = (): ComponentChildren => inline(token.tokens ?? []);
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading': {
      // The panel's own title is the third.
      const Heading = `h${Math.min(6, 3 + Number(token.depth))}` as 'h4';
      return <Heading>{inner()}</Heading>;
    }
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case 'blockquote':
      return <blockquote>{blocks(token.tokens ?? [])}</blockquote>;
    case 'hr':
      return <hr />;
    case 'list': {
      const items = (token as Tokens.List).items.map((item, i) => (
        <li key={`${i} ${item.raw}`}>{blocks(item.tokens)}</li>
      ));
      return token.ordered === true ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      return (
        <table>
          <thead>
            <tr>
              {header.map((cell, i) => (
                <th key={`${i} ${cell.text}`}>{inline(cell.tokens)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, i) => (
              <tr key={`${i} ${cells[0]?.text}`}>
                {cells.map((cell, j) => (
                  <td key={`${j} ${cell.text}`}>{inline(cell.tokens)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
    }
    case 'text':
      return <>{token.tokens === undefined ? unescaped(String(token.text)) : inner()}</>;
    case 'html':
      return <p>{token.raw}</p>;
    default:
      return <p>{token.tokens === undefined ? token.raw : inner()}</p>;
  }
}

function inline(tokens: readonly Token[]): ComponentChildren {
  return tokens.map((one, i) => {
    const token = one as Tokens.Generic;
    const inner = inline(token.tokens ?? []);
    const key = `${i} ${token.type}`;
    switch (token.type) {
      case 'strong':
        return <strong key={key}>{inner}</strong>;
      case 'em':
        return <em key={key}>{inner}</em>;
      case 'del':
        return <del key={key}>{inner}</del>;
      case 'codespan':
        return <code key={key}>{unescaped(String(token.text))}</code>;
      case 'br':
        return <br key={key} />;
      case 'link':
        return safeAddress(String(token.href)) === undefined ? (
          <span key={key}>{inner}</span>
        ) : (
          <a key={key} href={safeAddress(String(token.href))} rel="noreferrer">
            {inner}
          </a>
        );
      // The page asks nobody but its own server.
      case 'image':
        return <span key={key}>{token.text}</span>;
      case 'text':
      case 'escape':
        return token.tokens === undefined ? unescaped(String(token.text)) : inner;
      default:
        return token.raw;
    }
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** What the lexer escapes for HTML, as it was written: elements are escaped by the browser. */
function unescaped(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);
}
