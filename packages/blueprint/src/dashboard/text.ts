/** A text for the reader: what a row is about, where to go on. */
import { DefinitionError } from './definition-error.ts';
import { type FrameSettings, frameCommon, type PanelFrame } from './panel.ts';

/** What only a text may say. */
interface TextSettings extends FrameSettings {
  /** How the text is written. Default `markdown`. */
  readonly mode?: 'markdown' | 'html' | 'code';
}

/** What the author of a text writes. */
export type TextSpec = TextSettings & { readonly title: string; readonly content: string };

/** A text for the reader. */
export interface TextPanel extends PanelFrame {
  readonly type: 'text';
  readonly content: string;
  readonly mode: 'markdown' | 'html' | 'code';
  /** A text asks nothing. */
  readonly queries: readonly [];
}

/** A text in Markdown: `text('About', 'What to do when jobs wait: …')`. */
export function text(title: string, content: string, settings?: TextSettings): TextPanel;
/** A text, as one object. */
export function text(spec: TextSpec): TextPanel;
export function text(first: string | TextSpec, content = '', settings: TextSettings = {}): TextPanel {
  const spec: TextSpec = typeof first === 'string' ? { ...settings, title: first, content } : first;
  if (spec.content.trim() === '')
    throw new DefinitionError(`text ${JSON.stringify(spec.title)}: an empty text`);
  return {
    type: 'text',
    ...frameCommon('text', spec),
    content: spec.content,
    mode: spec.mode ?? 'markdown',
    queries: [],
  };
}
