/**
 * Colours. Series take the hues of a palette in order; green and red come late, since they carry meaning.
 * Grafana's colour names are drawn in shades that suit the theme.
 */

/** Light or dark. */
export type Theme = 'light' | 'dark';

const SERIES: Readonly<Record<Theme, readonly string[]>> = {
  dark: [
    '#5b9cf5',
    '#f0a04b',
    '#4fc1b0',
    '#c792ea',
    '#e7cf5a',
    '#ef7fa6',
    '#7fd4f7',
    '#a3be6b',
    '#d98a6a',
    '#8f9bf0',
    '#6fcf97',
    '#e06c75',
    '#b8a58c',
    '#59c2e6',
    '#d7a3f0',
    '#9aa5b1',
  ],
  light: [
    '#2467d1',
    '#c2680c',
    '#0f8578',
    '#8a3fc0',
    '#937a00',
    '#c22f6c',
    '#1584b8',
    '#5d7d16',
    '#a64a24',
    '#4a56c9',
    '#1f8f55',
    '#c23b45',
    '#7d6748',
    '#0b7f9e',
    '#9b4fc4',
    '#5c6873',
  ],
};

const NAMED: Readonly<Record<Theme, Readonly<Record<string, string>>>> = {
  dark: {
    green: '#5fbf7f',
    yellow: '#e5c84f',
    orange: '#f0954a',
    red: '#ee6372',
    blue: '#5b9cf5',
    purple: '#bb88e8',
    text: '#d7dce2',
  },
  light: {
    green: '#1a8a4c',
    yellow: '#a88400',
    orange: '#cc6a0a',
    red: '#cc2f42',
    blue: '#2467d1',
    purple: '#8442bd',
    text: '#1d242c',
  },
};

/** How far the shades of a name are mixed towards white (or, negative, black). */
const SHADES: Readonly<Record<string, number>> = {
  'super-light': 0.6,
  light: 0.3,
  'semi-dark': -0.2,
  dark: -0.4,
};

/** The colour of the series at a place. */
export function seriesColor(index: number, theme: Theme): string {
  const palette = SERIES[theme];
  return palette[index % palette.length]!;
}

/** Colours as CSS writes them; nothing that would fetch something. */
const CSS_COLOR = /^(?:#[0-9a-f]{3,8}|[a-z]+|(?:rgb|hsl)a?\([\d\s.,%/a-z-]+\))$/i;

/** The colour that a dashboard names: a hue with or without a shade, or a CSS colour as it is. */
export function namedColor(name: string, theme: Theme): string {
  const match = /^(?:(super-light|light|semi-dark|dark)-)?(green|yellow|orange|red|blue|purple|text)$/.exec(
    name,
  );
  if (match === null) return CSS_COLOR.test(name) ? name : NAMED[theme].text!;
  const hue = NAMED[theme][match[2]!]!;
  return match[1] === undefined ? hue : mix(hue, SHADES[match[1]]!);
}

/** A colour with an opacity from 0 to 1. */
export function withAlpha(color: string, alpha: number): string {
  if (!/^#[0-9a-f]{6}$/i.test(color))
    return `color-mix(in srgb, ${color} ${Math.round(alpha * 100)}%, transparent)`;
  return (
    color +
    Math.round(alpha * 255)
      .toString(16)
      .padStart(2, '0')
  );
}

/** Black or white, whichever is read better on a colour. */
export function inkOn(color: string): string {
  if (!/^#[0-9a-f]{6}$/i.test(color)) return '#ffffff';
  const [red, green, blue] = [1, 3, 5].map(
    (at) => (Number.parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2,
  );
  // Where the contrast to both is the same, by the formula of WCAG.
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! > 0.195 ? '#10151b' : '#ffffff';
}

function mix(hex: string, amount: number): string {
  const target = amount > 0 ? 255 : 0;
  const parts = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16);
    return Math.round(part + (target - part) * Math.abs(amount))
      .toString(16)
      .padStart(2, '0');
  });
  return `#${parts.join('')}`;
}
