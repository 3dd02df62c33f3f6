/** Joins class names with spaces; null, undefined, false and empty ones are skipped. */
export function classNames(...names: readonly (string | false | null | undefined)[]): string {
  return names.filter((name) => typeof name === 'string' && name !== '').join(' ');
}
