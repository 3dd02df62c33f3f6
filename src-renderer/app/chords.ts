import { ownValue } from '../../src-shared/base/records';
/** What a key press says, of the DOM's KeyboardEvent. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

/**
 * Whether a press is the chord `Mod+Shift+Z`, `Alt+1`, `?`. `Mod` is Ctrl, or the command key. Shift counts only where
 * the chord names it or the key is a letter: `?` needs Shift on some keyboards and not on others.
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

/** As it stands on a key cap: `Ctrl+Z`, on a Mac `⌘Z`. */
export function chordText(chord: string, isMac: boolean): string {
  const parts = chord.split('+').map((part) => {
    if (part === 'Mod') return isMac ? '⌘' : 'Ctrl';
    if (part === 'Shift' && isMac) return '⇧';
    return ownValue(SYMBOLS, part) ?? part;
  });
  return parts.join(isMac ? '' : '+');
}

/** Typing belongs to the field; only chords with Ctrl, command or Alt pass it by, and Escape where the field has no use for it. */
export function isTyping(target: EventTarget | null, press: KeyPress): boolean {
  return press.key !== 'Escape' && !press.ctrlKey && !press.metaKey && !press.altKey && isTextField(target);
}

export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}

export const IS_MAC = typeof navigator !== 'undefined' && /mac/i.test(navigator.platform);
