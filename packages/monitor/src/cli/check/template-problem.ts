/** What is wrong with the template of an alert, by the parser that expands it when the alert fires. */
import type { TemplateProblem } from '@binnacle/blueprint';
import { Template } from '../../rules/template.ts';
import { TemplateError } from '../../template/template-error.ts';

/** For `checkRepository`. */
export const templateProblem: TemplateProblem = (text) => {
  if (!text.includes('{{')) return undefined;
  try {
    Template.parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { message: error.message, offset: error.offset };
  }
};
