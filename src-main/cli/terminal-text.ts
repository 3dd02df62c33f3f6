/**
 * Characters that steer a terminal or reorder what it shows: C0 and C1 controls with DEL (so every escape sequence), the separators
 * of lines and paragraphs, and the controls of bidirectional text (Unicode Standard Annex 9). A name that a file brings may hold them.
 */
const STEERING = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** Text of one line as a terminal may be given it: what would steer it is written as \uXXXX, a line break too. */
export function oneLine(text: string): string {
  return text.replaceAll(STEERING, escaped);
}

/** As oneLine for text of several lines; also for a JSON document, in whose strings \uXXXX is the character itself. */
export function severalLines(text: string): string {
  return text.replaceAll(STEERING, (character) => (character === '\n' ? character : escaped(character)));
}
