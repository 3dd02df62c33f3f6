import type { Method } from './project/methods';
import type { LayerFormat } from './project/precision';

/** One colour per theme, `#rrggbb`. */
export interface ThemedColour {
  readonly light: string;
  readonly dark: string;
}

export const THEMES = ['light', 'dark'] as const;
export type PaletteTheme = (typeof THEMES)[number];

/** Precisions, formats below INT8, and mixed plans. INT8 blue and FP16 orange are from the palette of Okabe and Ito. */
export const VARIANT_COLOURS: Readonly<Record<LayerFormat | 'mixed', ThemedColour>> = {
  int8: { light: '#0072b2', dark: '#56b4e9' },
  fp16: { light: '#d55e00', dark: '#e69f00' },
  fp32: { light: '#6b7680', dark: '#98a2ac' },
  fp8: { light: '#a6407f', dark: '#e58fc4' },
  w4: { light: '#7d6608', dark: '#d9c95b' },
  mixed: { light: '#009e73', dark: '#2fc4a3' },
};

/**
 * Methods and groups are drawn in the same chart, together with the accent colour of the threshold in use. The colours
 * were found by a search that maximized the smallest distance in OKLab between any two of them, for normal vision and
 * for vision without red, green or blue cones, with a contrast of at least 3 to 1 against the background.
 */
export const METHOD_COLOURS: Readonly<Record<Method, ThemedColour>> = {
  best: { light: '#0a0a0a', dark: '#ffffeb' },
  minmax: { light: '#5c6670', dark: '#a6b0ba' },
  entropy: { light: '#480c80', dark: '#786ef9' },
  'entropy-tensorrt': { light: '#6e996d', dark: '#a9fda8' },
  percentile: { light: '#936e11', dark: '#febf12' },
  mse: { light: '#ab6da6', dark: '#fdcbf8' },
  auto: { light: '#104041', dark: '#5a7e6b' },
  learned: { light: '#000058', dark: '#785c88' },
  imported: { light: '#592713', dark: '#b15901' },
  manual: { light: '#a43944', dark: '#fd8a8f' },
};

/**
 * Groups of images in their order; the ninth group has the first colour again. The first four can be distinguished from
 * every method.
 */
export const GROUP_COLOURS: readonly ThemedColour[] = [
  { light: '#1a95d8', dark: '#159cb7' },
  { light: '#cf7b26', dark: '#f86111' },
  { light: '#435d04', dark: '#79a057' },
  { light: '#9850f2', dark: '#a341be' },
  { light: '#c2186b', dark: '#ff6fae' },
  { light: '#00806a', dark: '#2fc4a3' },
  { light: '#5c6670', dark: '#a6b0ba' },
  { light: '#7a5230', dark: '#c79a6b' },
];

/**
 * From bad (first) to good, with the same hues in both themes. The worst colour has the highest contrast to the
 * background and the best one the lowest, in even steps of lightness, so that colour-blind people can read it too.
 */
export const RAMP_COLOURS: readonly ThemedColour[] = [
  { light: '#693b03', dark: '#fec766' },
  { light: '#af2843', dark: '#fd926c' },
  { light: '#c34e97', dark: '#df63a4' },
  { light: '#b984df', dark: '#9c56b9' },
  { light: '#b2b8f7', dark: '#584ea8' },
];

/**
 * What is drawn on a photograph has the same colours in both themes, because the photograph is the background: the hues
 * of the variants in their light form, and yellow for the truth. Every line also has a dark edge, a pattern of its own
 * and a letter. From the palette of Okabe and Ito, except grey and the green of mixed plans.
 */
export const PICTURE_COLOURS: Readonly<Record<LayerFormat | 'mixed' | 'truth', string>> = {
  truth: '#f0e442',
  fp32: '#d5dbe1',
  int8: '#56b4e9',
  fp16: '#e69f00',
  fp8: '#e58fc4',
  w4: '#b7f0a0',
  mixed: '#2fc4a3',
};

/** The first colours of classes in masks: the palette of Okabe and Ito without black. */
const CLASS_COLOURS = ['#56b4e9', '#e69f00', '#009e73', '#f0e442', '#cc79a7', '#d55e00', '#0072b2'];
/** The golden angle in degrees: hues at multiples of it stay far apart for any number of classes. */
const GOLDEN_ANGLE = 137.508;

/** The colour of a class in a mask as [red, green, blue], 0 to 255. Neighbouring indices differ clearly. */
export function classColour(index: number): readonly [number, number, number] {
  const known = CLASS_COLOURS[index];
  if (known !== undefined) {
    const value = Number.parseInt(known.slice(1), 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  }
  // Lightness alternates, so that similar hues of distant indices still differ.
  return fromHsl((index * GOLDEN_ANGLE) % 360, 0.65, index % 2 === 0 ? 0.45 : 0.65);
}

/** Conversion of hue (degrees), saturation and lightness (0 to 1) as CSS Color Module Level 4 defines it. */
function fromHsl(hue: number, saturation: number, lightness: number): readonly [number, number, number] {
  const channel = (n: number): number => {
    const k = (n + hue / 30) % 12;
    const amount = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - amount * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Name of the CSS custom property of the group at `index`, from 0. */
export function groupProperty(index: number): string {
  return `--series-${(index % GROUP_COLOURS.length) + 1}`;
}

/** Name of the CSS custom property of a method. */
export function methodProperty(method: Method): string {
  return `--method-${method}`;
}

/**
 * Every colour of the palette as CSS custom properties: `--int8`, `--mixed`, `--method-mse`, `--series-1`, `--ramp-0`.
 */
export function paletteProperties(theme: PaletteTheme): ReadonlyMap<string, string> {
  const named = [
    ...Object.entries(VARIANT_COLOURS).map(([name, colour]) => [`--${name}`, colour] as const),
    ...Object.entries(METHOD_COLOURS).map(([name, colour]) => [`--method-${name}`, colour] as const),
    ...GROUP_COLOURS.map((colour, index) => [groupProperty(index), colour] as const),
    ...RAMP_COLOURS.map((colour, index) => [`--ramp-${index}`, colour] as const),
  ];
  return new Map(named.map(([name, colour]) => [name, colour[theme]]));
}

/** The palette as declarations of CSS, for a style sheet that the caller wraps in a selector. */
export function paletteDeclarations(theme: PaletteTheme): string {
  return [...paletteProperties(theme)].map(([name, colour]) => `${name}:${colour};`).join('');
}
