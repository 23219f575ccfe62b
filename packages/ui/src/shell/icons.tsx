/** The few pictures of the page, drawn in the colour of the text. */
import type { ComponentChildren, JSX } from 'preact';

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  );
}

/** The mark: a compass. */
export const Mark = (): JSX.Element => (
  <svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
    <circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="1.6" />
    <path d="M12 4.6 14.3 12 12 19.4 9.7 12Z" fill="var(--accent)" />
    <path d="M12 12h2.3L12 19.4 9.7 12Z" fill="currentColor" opacity=".55" />
  </svg>
);

export const Sun = (): JSX.Element => (
  <Icon>
    <circle cx="8" cy="8" r="3" fill="none" stroke="currentColor" stroke-width="1.4" />
    <path
      d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M13 3l-1.4 1.4M4.4 11.6 3 13"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
    />
  </Icon>
);

export const Moon = (): JSX.Element => (
  <Icon>
    <path
      d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
    />
  </Icon>
);

export const Clock = (): JSX.Element => (
  <Icon>
    <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.4" />
    <path d="M8 4.6V8l2.4 1.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />
  </Icon>
);

export const Reload = (): JSX.Element => (
  <Icon>
    <path
      d="M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </Icon>
);

export const ZoomOut = (): JSX.Element => (
  <Icon>
    <circle cx="7" cy="7" r="4.6" fill="none" stroke="currentColor" stroke-width="1.4" />
    <path d="M5 7h4M10.4 10.4 14 14" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />
  </Icon>
);

export const Chevron = (): JSX.Element => (
  <Icon>
    <path
      d="m5 6.5 3 3 3-3"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </Icon>
);

export const Info = (): JSX.Element => (
  <Icon>
    <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.3" />
    <path d="M8 7.4v3.4M8 5.1v.1" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
  </Icon>
);

export const Warning = (): JSX.Element => (
  <Icon>
    <path
      d="M8 2.2 14.4 13H1.6Z"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
    />
    <path d="M8 6.4v3M8 11.2v.1" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
  </Icon>
);

export const Lens = (): JSX.Element => (
  <Icon>
    <path
      d="M2 12.5 6 8l3 2.5 5-6.5M10.5 4H14v3.5"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </Icon>
);

export const Close = (): JSX.Element => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
  </Icon>
);

export const External = (): JSX.Element => (
  <Icon>
    <path
      d="M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </Icon>
);
