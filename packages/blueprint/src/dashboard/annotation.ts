/** Annotations: marks on the time axis of all panels, where an expression has a value. */
import { type Expression, expressionText } from '../expression.ts';
import type { Color } from './color.ts';
import { DefinitionError } from './definition-error.ts';
import type { WithRest } from './json.ts';
import { checkStep } from './query.ts';

/** What an annotation may say beside its name and expression. */
export interface AnnotationSettings {
  /** Default `orange`. */
  readonly color?: Color;
  /** How far apart the times are at which it asks, such as `1m`. Default `1m`. */
  readonly step?: string;
  /** The mark's heading, with labels in braces: `restart of {{instance}}`. */
  readonly title?: string;
  /** The mark's text. */
  readonly text?: string;
  /** The labels that become the mark's tags. */
  readonly tags?: readonly string[];
  /** Whether it shows until the reader switches it off. Default true. */
  readonly enabled?: boolean;
  /** Whether its switch is not shown. Default false. */
  readonly hidden?: boolean;
}

/** Marks where an expression has a value. */
export interface Annotation extends Required<AnnotationSettings>, WithRest {
  readonly name: string;
  /** PromQL; empty where `rest` asks something else than Prometheus. */
  readonly expr: string;
}

/** Marks where an expression has a value: `annotation('Deploys', 'changes(build_info[1m]) > 0')`. */
export function annotation(name: string, expr: Expression, settings: AnnotationSettings = {}): Annotation {
  const where = `annotation ${JSON.stringify(name)}`;
  const text = expressionText(expr);
  if (name.trim() === '') throw new DefinitionError('an annotation has no name');
  if (text.trim() === '') throw new DefinitionError(`${where}: an empty expression`);
  if (settings.step !== undefined) checkStep(where, settings.step);
  return {
    name,
    expr: text,
    color: settings.color ?? 'orange',
    step: settings.step ?? '1m',
    title: settings.title ?? name,
    text: settings.text ?? '',
    tags: settings.tags ?? [],
    enabled: settings.enabled ?? true,
    hidden: settings.hidden ?? false,
  };
}

/** What the ready-made annotations may be told. */
export interface ReadyAnnotationSettings extends AnnotationSettings {
  /** Conditions as PromQL writes them: `system="shop"`, `job=~"$job"`. */
  readonly where?: string;
}

/** Marks as long as alerts fire. */
export function firingAlerts({ where = '', ...settings }: ReadyAnnotationSettings = {}): Annotation {
  const conditions = ['alertstate="firing"', ...(where === '' ? [] : [where])].join(', ');
  return annotation('Firing alerts', `ALERTS{${conditions}}`, {
    color: 'red',
    title: '{{alertname}}',
    tags: ['severity', 'job', 'instance'],
    ...settings,
  });
}

/** Marks where processes have begun again. */
export function processRestarts({ where = '', ...settings }: ReadyAnnotationSettings = {}): Annotation {
  const selector = `process_start_time_seconds${where === '' ? '' : `{${where}}`}`;
  // The window is as long as the step, so that each restart is seen once.
  const step = settings.step ?? '1m';
  return annotation('Restarts', `changes(${selector}[${step}]) > 0`, {
    color: 'blue',
    title: 'restart of {{instance}}',
    tags: ['job', 'instance'],
    ...settings,
  });
}
