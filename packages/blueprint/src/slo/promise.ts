/** What an objective promises, in words. */
import { percent } from '../decimal.ts';

/** What is promised. */
export interface Promised {
  /** One sentence, with or without its full stop. */
  readonly description: string;
  readonly objective: number;
  /** As it is shown: `30d`. */
  readonly period: string;
}

/** `Orders are taken. Objective: 99.9% good over 30d.` */
export function promiseText({ description, objective, period }: Promised): string {
  const sentence = /[.!?]$/.test(description) ? description : `${description}.`;
  return `${sentence} Objective: ${percent(objective)} good over ${period}.`;
}
