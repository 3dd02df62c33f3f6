import { afterEach, describe, expect, it } from 'vitest';
import { setLanguage, t } from '../../../../src-renderer/i18n';
import { fillMessage } from '../../../../src-shared/base/message';

afterEach(() => setLanguage('en'));

describe('fillMessage', () => {
  it('fills in values and picks the word by number', () => {
    expect(fillMessage('{n} {n|image|images} in {folder}', { n: 1, folder: 'day' })).toBe('1 image in day');
    expect(fillMessage('{n} {n|image|images} in {folder}', { n: 2000, folder: 'day' })).toBe(
      '2\u202f000 images in day',
    );
    expect(fillMessage('{n|is|are}', { n: 0 })).toBe('are');
  });

  it('leaves a placeholder without a value in sight, and braces that are none', () => {
    expect(fillMessage('{a} {b|c|d} {} {e f}', {})).toBe('{a} {b|c|d} {} {e f}');
  });

  it('does not fill in what a value itself contains', () => {
    expect(fillMessage('{a}', { a: '{b}', b: 'no' })).toBe('{b}');
  });
});

describe('t', () => {
  it('speaks the language in force', () => {
    expect(t('app.undoNamed', { name: 'x' })).toBe('Undo: x');
    setLanguage('zh');
    expect(t('app.undoNamed', { name: 'x' })).toBe('撤销：x');
  });

  it('shows a key without a message as it is', () => {
    expect(t('app.doesNotExist')).toBe('app.doesNotExist');
  });
});
