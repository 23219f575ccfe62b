/** What goes wrong with a template: its author's fault, and so told with its place. */

/** A template cannot be read or evaluated. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code = 'template_invalid';
  /** Where in the template's text, in UTF-16 code units; undefined when the fault has no place. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/** Thrown by a function that cannot answer yet: passes through an evaluation as it is, and is no failure. */
export class TemplateInterruption extends Error {}
