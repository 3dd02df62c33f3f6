import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureMessages } from '../../../../src-renderer/i18n';

const renderer = resolve(import.meta.dirname, '../../../../src-renderer');
const names = readdirSync(join(renderer, 'i18n/messages')).map((file) => file.replace(/\.ts$/, ''));
const files = await Promise.all(
  names.map(async (name) => ({
    name,
    ...((await import(`../../../../src-renderer/i18n/messages/${name}.ts`)) as { readonly default: FeatureMessages })
      .default,
  })),
);
const known = new Set(files.flatMap(({ en }) => Object.keys(en)));

const placeholders = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name ?? ''))].sort();

function sources(): readonly string[] {
  return readdirSync(renderer, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.endsWith('messages'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.each(files)('messages of $name', ({ name, en, zh }) => {
  it('has the same keys in both languages, prefixed by the feature', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    expect(Object.keys(en).filter((key) => !key.startsWith(`${name}.`))).toEqual([]);
  });

  it('has the same placeholders in both languages', () => {
    // A word chosen by number may need its number in one language only.
    const odd = Object.keys(en).filter((key) => {
      const inEnglish = placeholders(en[key] ?? '');
      return placeholders(zh[key] ?? '').some((placeholder) => !inEnglish.includes(placeholder));
    });
    expect(odd).toEqual([]);
  });

  it('says something in every message, without exclamation marks', () => {
    for (const messages of [en, zh])
      expect(Object.entries(messages).filter(([, text]) => text.trim() === '' || /[!！]/.test(text))).toEqual([]);
  });
});

describe('Chinese terms', () => {
  const entries = files.flatMap(({ en, zh }) =>
    Object.entries(zh).map(([key, text]) => ({ key, text, english: en[key] ?? '' })),
  );

  it('says 图像 for an image, everywhere', () => {
    expect(entries.filter(({ text }) => /图片|照片|影像/.test(text)).map(({ key }) => key)).toEqual([]);
  });

  it('says 精度 for precision and 准确率 for accuracy', () => {
    // A message about both says both.
    const wrong = entries.filter(({ text, english }) => {
      const isOfAccuracy = /\baccura/i.test(english);
      const isOfPrecision = /precision/i.test(english);
      return (
        (isOfAccuracy && !isOfPrecision && text.includes('精度')) ||
        (isOfPrecision && !isOfAccuracy && text.includes('准确率'))
      );
    });
    expect(wrong.map(({ key }) => key)).toEqual([]);
  });
});

describe('keys in the source', () => {
  it('has a message for every key that is written out', () => {
    const missing = sources().flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      const used = [
        ...text.matchAll(
          /\bt\('([^']+)'|\b(?:titleKey|hintKey|labelKey|messageKey|title|label)Key: '([^']+)'|titleKey: '([^']+)'/g,
        ),
      ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
      return used.filter((key) => !known.has(key)).map((key) => `${file.slice(renderer.length + 1)}: ${key}`);
    });
    expect(missing).toEqual([]);
  });

  it('finds a key beginning for every key that is put together', () => {
    const missing = sources().flatMap((file) => {
      const heads = [...readFileSync(file, 'utf8').matchAll(/\bt\(`([\w.-]+)\$\{/g)].map(([, head]) => head ?? '');
      return heads
        .filter((head) => ![...known].some((key) => key.startsWith(head)))
        .map((head) => `${file.slice(renderer.length + 1)}: ${head}`);
    });
    expect(missing).toEqual([]);
  });
});
