import { useEffect } from 'react';
import { ownValue } from '../../src-shared/base/records';
import { activeCommands, useCommandRegistry } from '../state/commands';

/** The properties of the DOM's KeyboardEvent that describe a key press. */
type KeyPress = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

/**
 * Whether a key press matches a chord such as `Mod+Shift+Z`, `Alt+1` or `?`. `Mod` is Ctrl, or the command key on a
 * Mac. Shift is compared only if the chord names it or the key is a letter, because `?` needs Shift on some keyboards
 * and not on others.
 */
export function isChord(chord: string, press: KeyPress): boolean {
  const parts = chord.split('+');
  const key = parts.at(-1) ?? '';
  const isNamed = (name: string): boolean => parts.slice(0, -1).includes(name);
  if (press.key.toLowerCase() !== key.toLowerCase()) return false;
  if (isNamed('Mod') !== (press.ctrlKey || press.metaKey) || isNamed('Alt') !== press.altKey) return false;
  const isShiftMeaningful = isNamed('Shift') || /^[a-z]$/i.test(key) || key.length > 1;
  return !isShiftMeaningful || isNamed('Shift') === press.shiftKey;
}

const SYMBOLS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
};

/** The chord as printed on key caps: `Ctrl+Z`, on a Mac `⌘Z`. */
export function chordText(chord: string, isMac: boolean): string {
  const parts = chord.split('+').map((part) => {
    if (part === 'Mod') return isMac ? '⌘' : 'Ctrl';
    if (part === 'Shift' && isMac) return '⇧';
    return ownValue(SYMBOLS, part) ?? part;
  });
  return parts.join(isMac ? '' : '+');
}

/**
 * Whether a key press is text input and must not run commands. Chords with Ctrl, Command or Alt, and Escape, run
 * commands even in a text field.
 */
export function isTyping(target: EventTarget | null, press: KeyPress): boolean {
  return press.key !== 'Escape' && !press.ctrlKey && !press.metaKey && !press.altKey && isTextField(target);
}

function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}

export const IS_MAC = typeof navigator !== 'undefined' && /mac/i.test(navigator.platform);

/** Runs the command of a chord that is pressed anywhere in the window. */
export function useKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || isTyping(event.target, event)) return;
      // An open dialog receives all keys; Ctrl-Z in a text field belongs to the field.
      if (document.querySelector('dialog[open]') !== null || isFieldUndo(event)) return;
      const command = activeCommands(useCommandRegistry.getState().registered).findLast(
        ({ keys = [], isEnabled }) => keys.some((chord) => isChord(chord, event)) && isEnabled?.() !== false,
      );
      if (command === undefined) return;
      event.preventDefault();
      command.run();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}

/**
 * Whether the key press is an undo within a text field. A number field without unfinished input leaves undo to the
 * project, because its last value already is an edit.
 */
function isFieldUndo(event: KeyboardEvent): boolean {
  if (!['z', 'y'].includes(event.key.toLowerCase()) || !isTextField(event.target)) return false;
  return !(event.target instanceof HTMLElement && event.target.dataset['undo'] === 'project');
}
