import { createRequire } from 'node:module';
import type stringWidth from 'string-width';

/** Characters of one cell: printable ASCII and Latin-1 without the soft hyphen, and those of our own texts. */
const NARROW =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u00ff\u2010-\u2015\u2018-\u201d\u2026\u2190-\u2193\u2212\u2248\u2264\u2265\u2500-\u259f]*$/;

/**
 * The cells that a text takes on a terminal. The package that knows all characters is loaded only if it is needed: it
 * takes a third of the start-up of a command.
 */
export function textWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  const known = createRequire(import.meta.url)('string-width') as { readonly default: typeof stringWidth };
  return known.default(text);
}
