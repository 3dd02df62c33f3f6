import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scopedName } from '../../../../src-renderer/styles/scoped-name';

const RENDERER = join(import.meta.dirname, '../../../../src-renderer');

const FILES = readdirSync(RENDERER, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
const read = (file: string): string => readFileSync(join(RENDERER, file), 'utf8');
const withoutComments = (css: string): string => css.replaceAll(/\/\*[\s\S]*?\*\//g, '');

const SHEETS = FILES.filter((file) => file.endsWith('.css') && file !== 'styles/tokens.css');
const MODULES = SHEETS.filter((file) => file.endsWith('.module.css'));
const COMPONENTS = FILES.filter((file) => /\.tsx?$/.test(file));

/** Declarations of a sheet; the conditions of `@media` and `@container` are none. */
function declarations(css: string): readonly { readonly property: string; readonly value: string }[] {
  const found = withoutComments(css).matchAll(/(?:^|[;{}])\s*([\w-]+)\s*:\s*([^;{}]+);/g);
  return [...found].map(([, property = '', value = '']) => ({ property, value: value.trim() }));
}

/** Class names in the selectors of a sheet, those of other libraries (`:global`) left out. */
function classesOf(css: string): readonly string[] {
  const selectors = [...withoutComments(css).matchAll(/(?:^|[{};])\s*([^{};@]+)\{/g)].map(([, text = '']) => text);
  const own = selectors.map((text) => text.replaceAll(/:global\([^)]*\)/g, ''));
  return [...new Set(own.flatMap((text) => [...text.matchAll(/\.([A-Za-z][\w-]*)/g)].map(([, name = '']) => name)))];
}

/** Utilities, and names by which React Flow knows what it must not drag. */
const UTILITIES = new Set([...classesOf(read('styles/base.css')), 'nopan', 'nowheel']);

const MUST_BE_TOKENS = /^(margin|padding|gap|row-gap|column-gap|border-radius|font-size|z-index)(-|$)/;
const COLOUR = /#[0-9a-f]{3,8}\b|\b(rgba?|hsla?|oklch)\(|\b(white|black|red|green|blue|gray|grey|orange|yellow)\b/i;
/** Lengths of this many pixels and more are measures of one component. */
const LARGE_PX = 44;

function problemOf(property: string, value: string): string | null {
  const lengths = [...value.matchAll(/(-?[\d.]+)px/g)].map(([, number]) => Math.abs(Number(number)));
  const isStrict = MUST_BE_TOKENS.test(property);
  if (lengths.some((px) => px > 1 && (isStrict || px < LARGE_PX))) return 'a length that is no token';
  if (property === 'z-index' && !value.startsWith('var(')) return 'a layer that is no token';
  if (property === 'font-size' && !value.startsWith('var(')) return 'a font size that is no token';
  if (COLOUR.test(value)) return 'a colour that is no token';
  return null;
}

/** Names by which a source file imports CSS modules, with the module's path below the renderer. */
function importsOf(file: string): readonly { readonly name: string; readonly module: string }[] {
  const found = read(file).matchAll(/import (\w+) from '([^']+\.module\.css)'/g);
  return [...found].map(([, name = '', path = '']) => ({
    name,
    module: relative('/', join('/', dirname(file), path)).replaceAll('\\', '/'),
  }));
}

describe('style sheets', () => {
  it('take spacing, sizes, layers and colours from the tokens', () => {
    const problems = SHEETS.flatMap((file) =>
      declarations(read(file)).flatMap(({ property, value }) => {
        const problem = problemOf(property, value);
        return problem === null ? [] : [`${file}: ${property}: ${value}: ${problem}`];
      }),
    );
    expect(problems).toEqual([]);
  });

  it('notice what is no token', () => {
    expect(problemOf('padding', '0 6px')).toContain('length');
    expect(problemOf('padding', '0 60px')).toContain('length');
    expect(problemOf('width', '12px')).toContain('length');
    expect(problemOf('width', '240px')).toBeNull();
    expect(problemOf('border', '1px solid var(--line)')).toBeNull();
    expect(problemOf('z-index', '3')).toContain('layer');
    expect(problemOf('font-size', '0.9em')).toContain('font size');
    expect(problemOf('color', '#fff')).toContain('colour');
    expect(problemOf('background', 'rgb(1 2 3)')).toContain('colour');
    expect(problemOf('margin', '0 var(--space-1) -1px')).toBeNull();
  });

  it('are modules beside a component, except the global ones', () => {
    const global = SHEETS.filter((file) => !file.endsWith('.module.css'));
    expect(global).toEqual(['styles/base.css']);
  });

  it('use only tokens that exist', () => {
    const declared = SHEETS.concat('styles/tokens.css').flatMap((file) =>
      [...withoutComments(read(file)).matchAll(/(--[\w-]+)\s*:/g)].map(([, name = '']) => name),
    );
    // Set by components or, like the palette, by the frame.
    const sources = COMPONENTS.map(read).join('\n');
    const missing = SHEETS.flatMap((file) =>
      [...read(file).matchAll(/var\((--[\w-]+)\)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !declared.includes(name) && !sources.includes(`'${name}'`) && !isPalette(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

/** Colours that src-shared/domain/palette.ts declares at run time. */
const isPalette = (name: string): boolean => /^--(series|method|int8|fp16|fp32|fp8|w4|good|bad)\b/.test(name);

describe('class names', () => {
  it('of modules are all used, and those that are used exist', () => {
    const used = new Map(MODULES.map((module) => [module, new Set<string>()]));
    for (const file of COMPONENTS)
      for (const { name, module } of importsOf(file))
        for (const [, local = ''] of read(file).matchAll(new RegExp(`\\b${name}\\.(\\w+)`, 'g')))
          used.get(module)?.add(local);
    const difference = MODULES.flatMap((module) => {
      const declared = new Set(classesOf(read(module)));
      const wanted = used.get(module) ?? new Set();
      return [
        ...[...declared].filter((name) => !wanted.has(name)).map((name) => `${module}: .${name} is not used`),
        ...[...wanted].filter((name) => !declared.has(name)).map((name) => `${module}: .${name} does not exist`),
      ];
    });
    expect(difference).toEqual([]);
  });

  it('are distinct in the page', () => {
    const names = MODULES.flatMap((file) => classesOf(read(file)).map((name) => scopedName(name, basename(file))));
    const all = [...names, ...UTILITIES];
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });

  it('that are written as text are utilities of base.css', () => {
    const problems = COMPONENTS.flatMap((file) =>
      classTextsOf(read(file))
        .filter((name) => !UTILITIES.has(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(problems).toEqual([]);
  });
});

/** Class names that are written out in `className` attributes and in calls of `classNames`. */
function classTextsOf(source: string): readonly string[] {
  const attributes = [...source.matchAll(/[cC]lassName="([^"]*)"/g)].map(([, text = '']) => text);
  const calls = [...source.matchAll(/classNames\(([^)]*)\)/g)].map(([, text = '']) => text);
  const inExpressions = [...source.matchAll(/[cC]lassName=\{([^}]*)\}/g)].map(([, text = '']) => text);
  // What a condition compares with is no class name.
  const strings = [...calls, ...inExpressions].flatMap((text) =>
    [...text.replaceAll(/[!=]==\s*'[^']*'/g, '').matchAll(/'([^']*)'/g)].map(([, name = '']) => name),
  );
  return [...attributes, ...strings].flatMap((text) => text.split(/\s+/)).filter((name) => name !== '');
}
