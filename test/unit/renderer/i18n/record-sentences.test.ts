import { afterEach, describe, expect, it } from 'vitest';
import { guessPreprocessing } from '../../../../src-main/calibration/preprocessing/preprocessing-guess';
import { setLanguage } from '../../../../src-renderer/i18n';
import { recordSentence } from '../../../../src-renderer/i18n/record-sentences';

const input = (channels: number) => ({
  name: 'images',
  layout: 'nchw' as const,
  channels,
  width: 224,
  height: 160,
  fixedBatch: null,
});
const guessed = [
  ...guessPreprocessing(input(3), {}).notes,
  ...guessPreprocessing(input(1), {}).notes,
  ...guessPreprocessing(input(9), {}).notes,
  ...guessPreprocessing(input(3), {
    mean: [123, 116, 103],
    std: [58, 57, 57],
    resize: { kind: 'short', shortSide: 256 },
  }).notes,
];

describe('sentences of records', () => {
  afterEach(() => setLanguage('en'));

  it.each([...new Set(guessed)])('is said in Chinese: %s', (note) => {
    setLanguage('zh');
    const text = recordSentence(note);
    expect(text).not.toBe(note);
    expect(text).toMatch(/\p{Script=Han}/u);
    // Values are the same in both.
    for (const value of note.match(/\d[\dx,]*\d|\d/g) ?? [])
      if (!text.includes(value)) expect([value, text]).toEqual([]);
    expect(text).not.toMatch(/[{}]/);
  });

  it('is said without flags of the command line', () => {
    for (const note of guessed) expect(recordSentence(note)).not.toMatch(/(^|\s)--\w/);
  });

  it('keeps names and values, and what it does not know as it is', () => {
    setLanguage('zh');
    expect(recordSentence('12 images were skipped, the first one night/a (1).png: not an image')).toBe(
      '跳过了 12 张图像，第一张为 night/a (1).png：not an image',
    );
    expect(recordSentence('Something new.')).toBe('Something new.');
    expect(recordSentence('Method best cannot be decided: no images. minmax is used.')).toBe(
      '方法 best 无法确定：no images。改用 minmax。',
    );
  });
});
