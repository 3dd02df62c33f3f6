import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { textWidth } from '../../../src-main/cli/text-width';

it('gives the cells of every character that it knows itself, and of all others', () => {
  const units = Array.from({ length: 0x3000 }, (_, i) => String.fromCharCode(i));
  const texts = [...units, '模型 1', 'e\u0301', '1\ufe0f\u20e3', '©\ufe0f', '👩‍🔬 ok', '▕███▍  ▏  12/40 images'];
  expect(texts.filter((text) => textWidth(text) !== stringWidth(text))).toEqual([]);
});
