import type { DoctorReport } from '../../../src-shared/contract/views';

/** `broken`: something required is missing; `partial`: only something optional; `ready`: nothing. */
export function doctorVerdict({ checks }: DoctorReport): 'ready' | 'partial' | 'broken' {
  if (checks.some((check) => check.required && check.state === 'missing')) return 'broken';
  return checks.every((check) => check.state === 'ok') ? 'ready' : 'partial';
}

/** The report as plain text, for a message to somebody else. */
export function doctorText({ checks }: DoctorReport): string {
  return checks
    .map((check) =>
      [
        `${check.state.padEnd(8)}${check.name}: ${check.found}`,
        ...(check.hint === undefined ? [] : [`        ${check.hint}`]),
      ].join('\n'),
    )
    .join('\n');
}
