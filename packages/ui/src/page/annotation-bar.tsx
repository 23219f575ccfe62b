/** The switches of annotations at the top of a dashboard. */
import type { JSX } from 'preact';
import { namedColor, type Theme } from '../chart/palette.ts';
import { Warning } from '../shell/icons.tsx';
import type { Annotated } from './use-annotations.ts';

/** Draws a switch for each annotation that has one. */
export function AnnotationBar({
  annotated,
  theme,
  onSwitch,
}: {
  readonly annotated: readonly Annotated[];
  readonly theme: Theme;
  onSwitch(place: number): void;
}): JSX.Element {
  return (
    <>
      {annotated.map(
        ({ annotation: { name, color, hidden }, isOn, marks, problem }, i) =>
          !hidden && (
            <span class="variable" key={`${i} ${name}`}>
              <button
                type="button"
                class={isOn ? 'control switch' : 'control switch off'}
                role="switch"
                aria-checked={isOn}
                title={isOn ? `${marks.length} marked in this range` : 'Not shown'}
                onClick={() => onSwitch(i)}
              >
                <i class="dot" style={{ background: isOn ? namedColor(color, theme) : undefined }} />
                {name}
              </button>
              {problem !== undefined && (
                <button type="button" class="hint bad" aria-label={`${name}: ${problem}`} data-hint={problem}>
                  <Warning />
                </button>
              )}
            </span>
          ),
      )}
    </>
  );
}
