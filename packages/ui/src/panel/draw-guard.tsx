/** Keeps what goes wrong while one panel is drawn within that panel. */
import { Component, type ComponentChildren } from 'preact';

interface GuardProps {
  /** What is drawn; something new is tried again. */
  readonly about: unknown;
  readonly children: ComponentChildren;
}

interface GuardState {
  readonly problem: string | undefined;
  readonly about: unknown;
}

/** Draws its children, or why they could not be drawn. */
export class DrawGuard extends Component<GuardProps, GuardState> {
  override state: GuardState = { problem: undefined, about: undefined };

  static override getDerivedStateFromProps(
    { about }: GuardProps,
    state: GuardState,
  ): Partial<GuardState> | null {
    return about === state.about ? null : { about, problem: undefined };
  }

  static override getDerivedStateFromError(error: unknown): Partial<GuardState> {
    return { problem: error instanceof Error ? error.message : String(error) };
  }

  override render({ children }: GuardProps, { problem }: GuardState): ComponentChildren {
    if (problem === undefined) return children;
    return (
      <div class="panel-note bad">
        <b>This panel could not be drawn.</b>
        <p>{problem}</p>
      </div>
    );
  }
}
