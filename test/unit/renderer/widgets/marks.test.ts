import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METHODS } from '../../../../src-shared/domain/project/methods';
import { paletteDeclarations, THEMES, type PaletteTheme } from '../../../../src-shared/domain/palette';
import { METHOD_LETTERS, methodColor } from '../../../../src-renderer/widgets/badge';

const tokens = readFileSync(resolve(import.meta.dirname, '../../../../src-renderer/styles/tokens.css'), 'utf8');
/** The theme's tokens, those of the palette among them. */
const blockOf = (theme: PaletteTheme): string =>
  `${tokens.slice(tokens.indexOf(`[data-theme='${theme}']`)).split('}')[0] ?? ''}${paletteDeclarations(theme).replaceAll(/(--[\w-]+):(#\w+;)/g, '\n  $1: $2')}\n`;
const namesIn = (block: string): readonly string[] =>
  [...block.matchAll(/^\s*(--[\w-]+):/gm)].map(([, name]) => name ?? '').sort();
const colorsIn = (block: string): ReadonlyMap<string, string> =>
  new Map([...block.matchAll(/^\s*(--[\w-]+): (#[0-9a-f]{6});/gm)].map(([, name, color]) => [name ?? '', color ?? '']));

/** Relative luminance, WCAG 2.2. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe('marks', () => {
  it('has a letter of its own and a colour for every method', () => {
    expect(new Set(Object.values(METHOD_LETTERS)).size).toBe(METHODS.length);
    for (const method of METHODS)
      expect(paletteDeclarations('light')).toContain(`${methodColor(method).slice(4, -1)}:`);
  });
});

describe('tokens', () => {
  it('names the same colours in light and dark', () => {
    expect(namesIn(blockOf('dark'))).toEqual(namesIn(blockOf('light')));
    expect(namesIn(blockOf('dark')).length).toBeGreaterThan(40);
  });

  it.each(THEMES)('keeps text legible in %s (4.5 to 1)', (theme) => {
    const colors = colorsIn(blockOf(theme));
    const pairs = [
      ...['--bg', '--bg-panel', '--bg-raised', '--bg-input', '--bg-hover', '--bg-selected'].flatMap((ground) =>
        ['--text', '--text-dim'].map((text) => [text, ground]),
      ),
      ...['--bg', '--bg-panel', '--bg-input'].flatMap((ground) =>
        ['--text-faint', '--accent', '--danger', '--warning', '--good'].map((text) => [text, ground]),
      ),
      ['--on-accent', '--accent'],
      ['--danger', '--danger-bg'],
      ['--warning', '--warning-bg'],
      ['--good', '--good-bg'],
      ...['int8', 'fp16', 'fp32'].map((precision) => [`--${precision}-text`, `--${precision}-bg`]),
    ];
    const poor = pairs.filter(
      ([text = '', ground = '']) => contrast(colors.get(text) ?? '', colors.get(ground) ?? '') < 4.5,
    );
    expect(poor).toEqual([]);
  });

  it.each(THEMES)('keeps marks and borders visible in %s (3 to 1)', (theme) => {
    const colors = colorsIn(blockOf(theme));
    const marks = [...colors.keys()].filter((name) =>
      /^--(method-|series-|int8$|fp16$|fp32$|focus$|line-strong$)/.test(name),
    );
    expect(marks.filter((mark) => contrast(colors.get(mark) ?? '', colors.get('--bg') ?? '') < 3)).toEqual([]);
  });
});
