import { describe, expect, it } from 'vitest';
import { METHODS } from '../../../src-shared/domain/project/methods';
import {
  GROUP_COLOURS,
  groupProperty,
  METHOD_COLOURS,
  methodProperty,
  paletteDeclarations,
  paletteProperties,
  RAMP_COLOURS,
  THEMES,
  VARIANT_COLOURS,
  type PaletteTheme,
} from '../../../src-shared/domain/palette';

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/** Of the user interface, styles/tokens.css. */
const ACCENT = { light: '#0b62b8', dark: '#6cb2f5' };
const GROUND = { light: '#ffffff', dark: '#15181c' };

/** Machado, Oliveira and Fernandes 2009, severity 1, linear RGB. */
const VISIONS: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const BLIND = ['protanopia', 'deuteranopia', 'tritanopia'];

/** Ottosson 2020: linear RGB to cone responses to OKLab. */
const TO_LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const TO_LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const times = (matrix: Matrix, [x, y, z]: Triple): Triple =>
  matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;
const map = (triple: Triple, change: (value: number) => number): Triple => triple.map(change) as unknown as Triple;

function linearOf(colour: string): Triple {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255) as unknown as Triple;
  return map(channels, (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
}

function labOf(colour: string, vision: string): Triple {
  const seen = map(times(VISIONS[vision] ?? TO_LMS, linearOf(colour)), (value) => Math.min(1, Math.max(0, value)));
  return times(TO_LAB, map(times(TO_LMS, seen), Math.cbrt));
}

function distance(a: string, b: string, vision: string): number {
  const [x, y] = [labOf(a, vision), labOf(b, vision)];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [a, b]
    .map((colour) => linearOf(colour))
    .map(([r, g, blue]) => 0.2126 * r + 0.7152 * g + 0.0722 * blue)
    .sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** What one chart of the histogram screen may show at once. */
function chartColours(theme: PaletteTheme): ReadonlyMap<string, string> {
  return new Map([
    ...METHODS.map((method) => [method, METHOD_COLOURS[method][theme]] as const),
    ...GROUP_COLOURS.slice(0, 4).map((colour, index) => [groupProperty(index), colour[theme]] as const),
    ['accent', ACCENT[theme]],
  ]);
}

function closePairs(colours: ReadonlyMap<string, string>, vision: string, least: number): string[] {
  const all = [...colours];
  return all.flatMap(([a, first], i) =>
    all
      .slice(i + 1)
      .filter(([, second]) => distance(first, second, vision) < least)
      .map(([b]) => `${a} and ${b} (${vision})`),
  );
}

describe.each(THEMES)('the palette on %s', (theme) => {
  it('keeps methods, groups and the accent apart, in normal vision and for colour-blind people', () => {
    const colours = chartColours(theme);
    expect(closePairs(colours, 'normal', 0.1)).toEqual([]);
    expect(BLIND.flatMap((vision) => closePairs(colours, vision, 0.06))).toEqual([]);
  });

  it('keeps all groups and the kinds of variants apart', () => {
    expect(
      closePairs(new Map(GROUP_COLOURS.map((colour, index) => [groupProperty(index), colour[theme]])), 'normal', 0.07),
    ).toEqual([]);
    expect(
      closePairs(
        new Map(Object.entries(VARIANT_COLOURS).map(([name, colour]) => [name, colour[theme]])),
        'normal',
        0.1,
      ),
    ).toEqual([]);
  });

  it('shows what is worse more strongly: the worst colour stands out most, the best one is still seen', () => {
    const contrasts = RAMP_COLOURS.map((colour) => contrast(colour[theme], GROUND[theme]));
    expect(contrasts).toEqual(contrasts.toSorted((a, b) => b - a));
    expect(contrasts[0]).toBeGreaterThan(9);
    expect(contrasts.at(-1)).toBeGreaterThan(1.8);
    const steps = RAMP_COLOURS.map((colour) => colour[theme])
      .slice(1)
      .map((colour, index) => [RAMP_COLOURS[index]?.[theme] ?? '', colour] as const);
    for (const vision of Object.keys(VISIONS))
      for (const [worse, better] of steps)
        expect(distance(worse, better, vision), `${worse} ${better} ${vision}`).toBeGreaterThan(0.06);
  });

  it('gives every colour a custom property', () => {
    const properties = paletteProperties(theme);
    expect(properties.get(methodProperty('mse'))).toBe(METHOD_COLOURS.mse[theme]);
    expect(properties.get(groupProperty(8))).toBe(GROUP_COLOURS[0]?.[theme]);
    expect(paletteDeclarations(theme)).toContain(`--int8:${VARIANT_COLOURS.int8[theme]};`);
    for (const colour of properties.values()) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  });
});
