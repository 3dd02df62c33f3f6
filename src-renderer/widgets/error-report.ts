import type { WireError } from '../../src-shared/contract/errors';

/** What a person copies into a bug report. */
export function errorReport(error: WireError): string {
  const lines = [`${error.code}: ${error.message}`];
  if (error.hint !== undefined) lines.push(error.hint);
  if (error.detail !== undefined) lines.push('', error.detail);
  return lines.join('\n');
}
