import { ownValue } from '../../../src-shared/base/records';
/** Escaped markup. Only `html` and `join` create it, so that unescaped text cannot get into a page. */
export class Html {
  constructor(readonly markup: string) {}
}

export type Interpolated = Html | string | number | null | undefined | false | readonly Interpolated[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for an element or a quoted attribute. Control characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  const printable = text.replaceAll(/(?![\t\n\r])\p{Cc}/gu, '\ufffd');
  return printable.replaceAll(/[&<>"']/g, (character) => ownValue(ESCAPES, character) ?? character);
}

function markupOf(value: Interpolated): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(markupOf).join('');
  return escapeHtml(String(value));
}

/** Creates markup from a template: literal parts are used unchanged; values are escaped unless they are markup. */
export function html(literals: TemplateStringsArray, ...values: readonly Interpolated[]): Html {
  return new Html(literals.map((literal, index) => literal + markupOf(values[index])).join(''));
}

/** An SVG coordinate: two decimals are a fiftieth of a pixel on any screen. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
