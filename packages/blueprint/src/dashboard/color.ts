/** Colours by meaning: Grafana's named palette, which each theme draws in its own shades, or a fixed value. */

type Hue = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple';

/** A colour of Grafana's palette. */
export type NamedColor =
  | Hue
  | `${'super-light' | 'light' | 'semi-dark' | 'dark'}-${Hue}`
  | 'text'
  | 'transparent';

/** A named colour, or one as CSS writes it: `#rrggbb`, `rgb(0, 0, 0)`, `rgba(0, 0, 0, 0.5)`. */
export type Color = NamedColor | `#${string}` | `rgb(${string})` | `rgba(${string})`;
