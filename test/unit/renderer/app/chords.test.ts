// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { chordText, isChord, isTyping } from '../../../../src-renderer/app/chords';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

describe('isChord', () => {
  it('tells undo from redo', () => {
    expect(isChord('Mod+Z', press('z', { ctrlKey: true }))).toBe(true);
    expect(isChord('Mod+Z', press('Z', { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(isChord('Mod+Shift+Z', press('Z', { metaKey: true, shiftKey: true }))).toBe(true);
    expect(isChord('Mod+Z', press('z'))).toBe(false);
  });

  it('takes ? with and without Shift, as keyboards differ', () => {
    expect(isChord('?', press('?', { shiftKey: true }))).toBe(true);
    expect(isChord('?', press('?'))).toBe(true);
    expect(isChord('?', press('?', { ctrlKey: true }))).toBe(false);
  });

  it('minds Shift with letters and named keys', () => {
    expect(isChord('ArrowLeft', press('ArrowLeft', { shiftKey: true }))).toBe(false);
    expect(isChord('Shift+ArrowLeft', press('ArrowLeft', { shiftKey: true }))).toBe(true);
    expect(isChord('a', press('A', { shiftKey: true }))).toBe(false);
  });
});

describe('chordText', () => {
  it('writes what stands on the keys', () => {
    expect(chordText('Mod+Shift+Z', false)).toBe('Ctrl+Shift+Z');
    expect(chordText('Mod+Shift+Z', true)).toBe('⌘⇧Z');
    expect(chordText('ArrowLeft', false)).toBe('←');
  });
});

describe('isTyping', () => {
  it('leaves letters to text fields and takes them from everything else', () => {
    const field = Object.assign(document.createElement('input'), { type: 'search' });
    const box = Object.assign(document.createElement('input'), { type: 'checkbox' });
    expect(isTyping(field, press('x'))).toBe(true);
    expect(isTyping(field, press('k', { ctrlKey: true }))).toBe(false);
    expect(isTyping(box, press('x'))).toBe(false);
    expect(isTyping(document.body, press('x'))).toBe(false);
    expect(isTyping(field, press('Escape'))).toBe(false);
  });
});
