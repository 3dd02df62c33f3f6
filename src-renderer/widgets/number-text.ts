/**
 * A number as a person types it: decimal point or comma, a real minus sign, an exponent, a fraction like `1/255`, spaces
 * around. Null when it is none, or not finite.
 */
export function parseNumber(text: string): number | null {
  const plain = text
    .trim()
    .replaceAll('\u2212', '-')
    .replace(/[\s\u202f]/g, '')
    .replace(',', '.');
  const [numerator = '', denominator, ...rest] = plain.split('/');
  if (rest.length > 0) return null;
  const top = parsePlain(numerator);
  if (denominator === undefined || top === null) return top;
  const bottom = parsePlain(denominator);
  return bottom === null || bottom === 0 ? null : top / bottom;
}

function parsePlain(text: string): number | null {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
