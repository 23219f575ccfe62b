/** Scales of colours for heatmaps: from what hardly is to what is most. */
import type { Theme } from './palette.ts';

type Rgb = readonly [number, number, number];

/** Hues of the schemes that go from nothing to one colour. */
const HUES: Readonly<Record<string, string>> = {
  Oranges: '#f0883e',
  Reds: '#ee5a5f',
  Blues: '#4c8df0',
  Greens: '#43a563',
  Purples: '#9b6ddb',
  Greys: '#8b96a3',
};

/** Stops of the schemes that go through several colours. */
const STOPS: Readonly<Record<string, readonly string[]>> = {
  Viridis: ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'],
  Magma: ['#000004', '#51127c', '#b73779', '#fc8961', '#fcfdbf'],
  Inferno: ['#000004', '#57106e', '#bc3754', '#f98e09', '#fcffa4'],
  Plasma: ['#0d0887', '#7e03a8', '#cc4778', '#f89540', '#f0f921'],
  Cividis: ['#00224e', '#434e6c', '#7d7c78', '#bcaf6f', '#fee838'],
  Turbo: ['#30123b', '#4686fb', '#1be5b5', '#a4fc3c', '#fb8022', '#7a0403'],
  Spectral: ['#9e0142', '#f46d43', '#fee08b', '#e6f598', '#66c2a5', '#5e4fa2'],
  RdYlGn: ['#a50026', '#f46d43', '#fee08b', '#d9ef8b', '#66bd63', '#006837'],
  YlOrRd: ['#ffffcc', '#fed976', '#fd8d3c', '#e31a1c', '#800026'],
  YlGnBu: ['#ffffd9', '#c7e9b4', '#41b6c4', '#225ea8', '#081d58'],
};

/** Where a scale of one hue begins: a trace above the surface that it is drawn on. */
const GROUND: Readonly<Record<Theme, string>> = { light: '#fdf3ea', dark: '#2a211b' };
/** And where it ends, beyond its hue. */
const TOP: Readonly<Record<Theme, string>> = { light: '#7a2e05', dark: '#ffe2c4' };

/** The CSS colour for each share from 0 to 1, in so many steps. */
export function colorScale(scheme: string, theme: Theme, reverse = false, steps = 64): readonly string[] {
  const hue = HUES[scheme] ?? HUES.Oranges!;
  const ground = mixed(rgbOf(GROUND[theme]), rgbOf(hue), 0.14);
  const stops = (
    STOPS[scheme]?.map(rgbOf) ?? [ground, rgbOf(hue), mixed(rgbOf(hue), rgbOf(TOP[theme]), 0.75)]
  ).slice();
  if (reverse) stops.reverse();
  return Array.from({ length: steps }, (_, i) => {
    const at = (i / Math.max(1, steps - 1)) * (stops.length - 1);
    const lower = Math.min(stops.length - 2, Math.floor(at));
    return `rgb(${mixed(stops[lower]!, stops[lower + 1]!, at - lower)
      .map(Math.round)
      .join(' ')})`;
  });
}

function rgbOf(hex: string): Rgb {
  const part = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

function mixed(a: Rgb, b: Rgb, share: number): Rgb {
  const part = (i: 0 | 1 | 2): number => a[i] + (b[i] - a[i]) * share;
  return [part(0), part(1), part(2)];
}
