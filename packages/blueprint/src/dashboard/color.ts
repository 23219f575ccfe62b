/** Colours by meaning: Grafana's named palette, which each theme draws in its own shades, or a fixed hex value. */

type Hue = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple';

/** A colour of Grafana's palette. */
export type NamedColor = Hue | `${'super-light' | 'light' | 'semi-dark' | 'dark'}-${Hue}` | 'text';

/** A named colour, or `#rrggbb`. */
export type Color = NamedColor | `#${string}`;
